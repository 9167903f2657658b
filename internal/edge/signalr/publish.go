package signalr

import (
	"strconv"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/holdfast-dev/holdfast/internal/auth"
	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/edge/signalr/hubproto"
	"github.com/holdfast-dev/holdfast/internal/hub"
	"github.com/holdfast-dev/holdfast/internal/session"
	"github.com/holdfast-dev/holdfast/protocol"
	"github.com/holdfast-dev/holdfast/websocket"
)

// publishOptions are the options of Publish.
type publishOptions struct {
	ID  string `json:"id"`  // so that a repeat is stored once
	Key string `json:"key"` // what it is about, for delivery "latest"
}

// published is the answer to Publish: where it is stored, if it is.
func published(a broker.Ack) hubproto.Value {
	if a.Offset == 0 {
		return hubproto.JSON([]byte("{}"))
	}
	b := strconv.AppendUint([]byte(`{"offset":`), a.Offset, 10)
	b = append(append(b, `,"epoch":`...), mustQuote(a.Epoch)...)
	if a.Duplicate {
		b = append(b, `,"duplicate":true`...)
	}
	return hubproto.JSON(append(b, '}'))
}

// burst is publishes to one channel that have come together. They leave together, which costs each subscriber one write.
type burst struct {
	channel  channel.Name
	messages []*broker.Message
	calls    []*call
	bytes    int
}

const (
	maxBurst      = 256 // messages
	maxBurstBytes = 64 << 10
)

// publish sends a message to its channel, together with those that come with it, and does not wait for it to be stored. The call is
// answered when it is.
func (c *conn) publish(k *call, name channel.Name, data hubproto.Value, o publishOptions) {
	m, err := c.newMessage(name, data, o)
	if err != nil {
		k.fail(err)
		return
	}
	if name != c.burst.channel {
		c.publishBurst()
	}
	if weight := weigh(int64(len(m.Payload))); !c.flight.TryAcquire(weight) {
		c.publishBurst() // it may be what holds the room
		if !c.begin(weight) {
			return
		}
	}
	b := &c.burst
	b.channel = name
	b.messages, b.calls = append(b.messages, m), append(b.calls, k)
	if b.bytes += len(m.Payload); len(b.messages) == maxBurst || b.bytes >= maxBurstBytes {
		c.publishBurst()
	}
}

// publishBurst publishes what has gathered.
func (c *conn) publishBurst() {
	b := c.burst
	if len(b.messages) == 0 {
		return
	}
	c.burst = burst{}
	c.handler.channels.Publish(c.handler.work, c.client, hub.Bundle(b.messages...), func(i int, a broker.Ack, err error) {
		if err != nil {
			b.calls[i].fail(err)
		} else {
			b.calls[i].complete(published(a))
		}
		c.release(int64(len(b.messages[i].Payload)))
	})
}

// newMessage makes a message of a value: of text what it says, of bytes these, of anything else its JSON.
func (c *conn) newMessage(name channel.Name, data hubproto.Value, o publishOptions) (*broker.Message, error) {
	if err := c.client.Allow(auth.Publish, name.Pattern()); err != nil {
		return nil, err
	}
	if max(len(o.ID), len(o.Key)) > protocol.MaxIDBytes {
		return nil, badArgument("an id and a key have at most %d bytes", protocol.MaxIDBytes)
	}
	m := &broker.Message{Channel: name, Type: websocket.Text, ID: o.ID, Key: o.Key, Source: c.id, Time: time.Now()}
	if b, binary := data.Binary(); binary {
		m.Type, m.Payload = websocket.Binary, b
	} else if text, ok := data.Text(); ok {
		m.Payload = []byte(text)
	} else {
		m.Payload = compact(data.AppendJSON(nil))
	}
	if most := c.handler.config.MaxMessageBytes; int64(len(m.Payload)) > most {
		return nil, &session.TooLargeError{Channel: name, LimitBytes: most}
	}
	return m, nil
}

// inJSON returns v as a value. v can be written as JSON.
func inJSON(v any) hubproto.Value {
	b, err := json.Marshal(v)
	if err != nil {
		return hubproto.Text(err.Error())
	}
	return hubproto.JSON(b)
}
