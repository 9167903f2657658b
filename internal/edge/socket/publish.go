package socket

import (
	"time"

	"github.com/holdfast-dev/holdfast/internal/auth"
	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/hub"
	"github.com/holdfast-dev/holdfast/internal/session"
	"github.com/holdfast-dev/holdfast/protocol"
	"github.com/holdfast-dev/holdfast/websocket"
)

const (
	maxBurst      = 256 // messages
	maxBurstBytes = 64 << 10
)

// burst is publishes to one channel that have come together. They leave together, which costs each
// subscriber one write.
type burst struct {
	channel  channel.Name
	messages []*broker.Message
	turns    []*answer
	bytes    int
}

// publish sends a message to its channel, together with those that come with it, and does not wait for
// it to be stored.
func (c *conn) publish(id uint64, v *protocol.Publish) {
	name, err := channel.Parse(v.Channel)
	if err != nil {
		c.out.refuse(id, badChannel(err))
		return
	}
	if denied := c.may(auth.Publish, name.Pattern()); denied != nil {
		c.refuseInTurn(name, id, denied)
		return
	}
	if most := c.handler.config.MaxMessageBytes; int64(len(v.Data)) > most {
		c.refuseInTurn(name, id, c.refusal("publish", name, &session.TooLargeError{Channel: name, LimitBytes: most}))
		return
	}
	if name != c.burst.channel {
		c.publishBurst()
	}
	if weight := weigh(int64(len(v.Data))); !c.flight.TryAcquire(weight) {
		c.publishBurst() // it may be what holds the room
		if !c.begin(weight) {
			return
		}
	}
	m := &broker.Message{Channel: name, Type: websocket.Text, Payload: v.Data, ID: v.ID, Key: v.Key, Source: c.id, Time: time.Now()}
	if v.Binary {
		m.Type = websocket.Binary
	}
	b := &c.burst
	b.channel = name
	b.messages = append(b.messages, m)
	b.turns = append(b.turns, c.answers.expect(name, id))
	b.bytes += len(v.Data)
	if len(b.messages) == maxBurst || b.bytes >= maxBurstBytes {
		c.publishBurst()
	}
}

// refuseInTurn refuses a publish, when those to the channel before it have been answered.
func (c *conn) refuseInTurn(name channel.Name, id uint64, why *protocol.Error) {
	c.publishBurst()
	c.answers.give(name, c.answers.expect(name, id), nil, why)
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
			c.answers.give(b.channel, b.turns[i], nil, c.refusal("publish", b.channel, err))
		} else {
			c.answers.give(b.channel, b.turns[i], &protocol.PublishOK{Offset: a.Offset, Epoch: a.Epoch, Duplicate: a.Duplicate}, nil)
		}
		c.end(int64(len(b.messages[i].Payload)))
	})
}
