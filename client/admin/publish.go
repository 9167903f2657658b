package admin

import (
	"context"
	"encoding/base64"
	"errors"
	"unicode/utf8"

	"github.com/holdfast-dev/holdfast/protocol"
)

// Payload is what a message carries: text, which is valid UTF-8, or bytes.
type Payload = protocol.Payload

// Text returns a payload of text.
func Text(s string) Payload { return protocol.Text(s) }

// Binary returns a payload of bytes, which it keeps.
func Binary(b []byte) Payload { return protocol.Binary(b) }

// Message is a message to a channel.
type Message struct {
	Channel string
	Payload
	ID  string // unique in the channel: a repeat within the dedup window is stored once; "" for one that is made up
	Key string // what it is about, where the channel delivers the latest only
}

// Published is what became of a message.
type Published struct {
	Channel   string   `json:"channel"`
	Offset    uint64   `json:"offset"` // where it is stored; 0 if the channel keeps nothing
	Epoch     string   `json:"epoch"`  // of Offset
	Duplicate bool     `json:"duplicate"`
	Problem   *Problem `json:"error"` // why it has reached nobody; nil if it has
}

// Position returns the place right behind the message, from which a history goes on; "" if the channel keeps nothing.
func (p Published) Position() string {
	if p.Offset == 0 {
		return ""
	}
	return positionOf(p.Offset, p.Epoch)
}

// wireMessage is a message as it is sent.
type wireMessage struct {
	Channel string `json:"channel,omitempty"`
	Pattern string `json:"pattern,omitempty"`
	Data    string `json:"data"`
	Binary  bool   `json:"binary,omitempty"`
	ID      string `json:"id,omitempty"`
	Key     string `json:"key,omitempty"`
}

var errNotText = errors.New("holdfast: a text payload has to be valid UTF-8; send it as Binary")

func (m *Message) wire() (*wireMessage, error) {
	w := &wireMessage{Channel: m.Channel, Data: string(m.Data), Binary: m.Binary, ID: m.ID, Key: m.Key}
	if m.Binary {
		w.Data = base64.StdEncoding.EncodeToString(m.Data)
	} else if !utf8.Valid(m.Data) {
		return nil, errNotText
	}
	return w, nil
}

// Publish publishes one message, and returns when it is stored, or, if the channel keeps nothing, when it has been given
// to whoever is there.
func (c *Client) Publish(ctx context.Context, m Message) (Published, error) {
	w, err := m.wire()
	if err != nil {
		return Published{}, err
	}
	var p Published
	err = c.post(ctx, "/v1/publish", w, &p)
	return p, err
}

// PublishBatch publishes messages, at most 1000, in order. Each has a result at its index, some of which may have a
// Problem; the error is about the request as a whole.
func (c *Client) PublishBatch(ctx context.Context, messages []Message) ([]Published, error) {
	var body struct {
		Messages []*wireMessage `json:"messages"`
	}
	for i := range messages {
		w, err := messages[i].wire()
		if err != nil {
			return nil, err
		}
		body.Messages = append(body.Messages, w)
	}
	var answer struct {
		Results []Published `json:"results"`
	}
	err := c.post(ctx, "/v1/batch", body, &answer)
	return answer.Results, err
}

// Broadcast publishes a message to every channel that has subscribers and that a pattern selects; m has no Channel.
// It returns to how many, and to which it could not be published. With an *Unanswered, channels that have subscribers on that node alone
// may be missing.
func (c *Client) Broadcast(ctx context.Context, pattern string, m Message) (channels int, failed []Published, err error) {
	w, err := m.wire()
	if err != nil {
		return 0, nil, err
	}
	w.Pattern = pattern
	var answer struct {
		Channels   int         `json:"channels"`
		Failed     []Published `json:"failed"`
		Unanswered []string    `json:"unanswered"`
	}
	err = c.post(ctx, "/v1/broadcast", w, &answer)
	if err == nil {
		err = unanswered(answer.Unanswered)
	}
	return answer.Channels, answer.Failed, err
}
