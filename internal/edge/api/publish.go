package api

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/holdfast-dev/holdfast/internal/auth"
	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/session"
	"github.com/holdfast-dev/holdfast/protocol"
)

// The bounds of what one request publishes.
const (
	maxMessages          = 1000
	maxChannels          = 1000   // that one message is published to by name
	maxBroadcastChannels = 10_000 // and by a pattern
)

// content is what is published.
type content struct {
	Data   jsontext.Value `json:"data"`   // a text; another JSON value stands for its compact text
	Binary bool           `json:"binary"` // data is base64
	ID     string         `json:"id"`     // unique in the channel: a repeat within the dedup window is stored once
	Key    string         `json:"key"`    // what it is about, where delivery is "latest"
}

// publication is the body of a publish.
type publication struct {
	Channel  string   `json:"channel"`
	Channels []string `json:"channels"`
	content
}

// batchItem is one message of a batch.
type batchItem struct {
	Channel string `json:"channel"`
	content
}

type batchRequest struct {
	Messages []batchItem `json:"messages"`
}

type broadcastRequest struct {
	Pattern string `json:"pattern"`
	content
}

// published is what became of one message.
type published struct {
	Channel   channel.Name `json:"channel"`
	Offset    uint64       `json:"offset,omitzero"` // where it is stored; like Epoch, left out if it is not
	Epoch     string       `json:"epoch,omitzero"`
	Duplicate bool         `json:"duplicate,omitzero"` // it had been stored before
	Error     *problem     `json:"error,omitzero"`     // why it reached nobody
}

// publishedAll is what became of several, in order.
type publishedAll struct {
	Results []published `json:"results"`
}

// passes implements provisional.
func (p *publishedAll) passes() bool {
	return slices.ContainsFunc(p.Results, func(r published) bool { return r.Error != nil && r.Error.passes() })
}

// publish publishes one message to one channel, or to several.
func (h *Handler) publish(c *call) (any, error) {
	p, err := decode[publication](c)
	switch {
	case err != nil:
		return nil, err
	case (p.Channel == "") == (len(p.Channels) == 0):
		return nil, badRequest("a message is for one channel or for several; write either channel or channels")
	case len(p.Channels) > maxChannels:
		return nil, refusal("too_many", http.StatusUnprocessableEntity, "there are %d channels, and there may be %d; publish in parts", len(p.Channels), maxChannels)
	case p.ID == "":
		p.ID = c.key
	}
	if p.Channel != "" {
		return h.publishOne(c, p.Channel, &p.content)
	}
	all := newBatch(h, c)
	for _, name := range p.Channels {
		all.add(name, &p.content)
	}
	return all.publish(), nil
}

// publishOne fails as a whole.
func (h *Handler) publishOne(c *call, name string, what *content) (any, error) {
	m, err := h.message(c.client, name, what)
	if err != nil {
		return nil, err
	}
	done := h.publishAll(c.ctx, []*broker.Message{m})[0]
	if done.err != nil {
		return nil, done.err
	}
	return newPublished(m.Channel, done.ack), nil
}

// batch publishes several messages, each as if it were alone.
func (h *Handler) batch(c *call) (any, error) {
	r, err := decode[batchRequest](c)
	switch {
	case err != nil:
		return nil, err
	case len(r.Messages) == 0:
		return nil, badRequest("there are no messages; write them into messages, each with channel and data")
	case len(r.Messages) > maxMessages:
		return nil, refusal("too_many", http.StatusUnprocessableEntity, "there are %d messages, and there may be %d; publish in parts", len(r.Messages), maxMessages)
	}
	all := newBatch(h, c)
	for i := range r.Messages {
		m := &r.Messages[i]
		if m.ID == "" && c.key != "" {
			m.ID = c.key + "-" + strconv.Itoa(i)
		}
		all.add(m.Channel, &m.content)
	}
	return all.publish(), nil
}

// broadcasted is what became of a broadcast.
type broadcasted struct {
	Channels int         `json:"channels"` // that it was published to
	Failed   []published `json:"failed"`   // and that it was not
	partial              // whose channels may have been left out
}

// passes implements provisional.
func (b *broadcasted) passes() bool { return b.partial.passes() || (&publishedAll{b.Failed}).passes() }

// broadcast publishes a message to every channel that has subscribers, on whichever nodes, and that a pattern selects.
func (h *Handler) broadcast(c *call) (any, error) {
	r, err := decode[broadcastRequest](c)
	if err != nil {
		return nil, err
	}
	p, err := patternOf(r.Pattern)
	if err == nil {
		err = c.client.Allow(auth.Publish, p)
	}
	if err != nil {
		return nil, err
	}
	if r.ID == "" {
		r.ID = c.key
	}
	all, answer := newBatch(h, c), &broadcasted{Failed: []published{}}
	for q, more := (channelsQuestion{Pattern: p, Limit: maxBroadcastChannels}), true; more; {
		page, missing := h.occupied(c.ctx, q)
		answer.add(missing)
		q.After, more = page.Next, page.Next != ""
		for _, one := range page.Channels {
			all.add(string(one.Name), &r.content)
		}
		if len(all.results) > maxBroadcastChannels {
			return nil, refusal("too_many", http.StatusUnprocessableEntity, "more than %d channels have subscribers; broadcast to narrower patterns", maxBroadcastChannels)
		}
	}
	for _, one := range all.publish().Results {
		if one.Error == nil {
			answer.Channels++
		} else {
			answer.Failed = append(answer.Failed, one)
		}
	}
	return answer, nil
}

// message makes the message of a channel, if the client may publish it.
func (h *Handler) message(client *session.Client, to string, what *content) (*broker.Message, error) {
	name, err := channelOf(to)
	if err != nil {
		return nil, err
	}
	if err := client.Allow(auth.Publish, name.Pattern()); err != nil {
		return nil, err
	}
	if max(len(what.ID), len(what.Key)) > protocol.MaxIDBytes {
		return nil, badRequest("an id and a key have at most %d bytes", protocol.MaxIDBytes)
	}
	m := &broker.Message{Channel: name, ID: what.ID, Key: what.Key, Time: time.Now()}
	if m.Payload, m.Type, err = what.payload(); err != nil {
		return nil, err
	}
	if int64(len(m.Payload)) > h.config.MaxMessageBytes {
		return nil, &session.TooLargeError{Channel: name, LimitBytes: h.config.MaxMessageBytes}
	}
	return m, nil
}

func newPublished(name channel.Name, a broker.Ack) *published {
	return &published{Channel: name, Offset: a.Offset, Epoch: a.Epoch, Duplicate: a.Duplicate}
}
