package socket

import (
	"time"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/hub"
	"github.com/holdfast-dev/holdfast/protocol"
	"github.com/holdfast-dev/holdfast/websocket"
)

// publish sends a message to its channel, and does not wait for it to be stored.
func (c *conn) publish(id uint64, v *protocol.Publish) {
	name, err := channel.Parse(v.Channel)
	if err != nil {
		c.out.refuse(id, badChannel(err))
		return
	}
	weight := int64(len(v.Data))
	if !c.begin(weight) {
		return
	}
	m := &broker.Message{Channel: name, Type: websocket.Text, Payload: v.Data, ID: v.ID, Key: v.Key, Source: c.id, Time: time.Now()}
	if v.Binary {
		m.Type = websocket.Binary
	}
	turn := c.answers.expect(name, id)
	c.handler.channels.Publish(c.handler.work, hub.Bundle(m), func(_ int, a broker.Ack, err error) {
		if err != nil {
			c.answers.give(name, turn, nil, c.refusal("publish", name, err))
		} else {
			c.answers.give(name, turn, &protocol.PublishOK{Offset: a.Offset, Epoch: a.Epoch, Duplicate: a.Duplicate}, nil)
		}
		c.end(weight)
	})
}
