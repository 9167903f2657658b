package mqtt

import (
	"time"

	"github.com/holdfast-dev/holdfast/internal/auth"
	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/edge/mqtt/packet"
	"github.com/holdfast-dev/holdfast/internal/hub"
)

// will is what is published when a client is lost (MQTT 5, section 3.1.2.5).
type will struct {
	message *broker.Message
	delay   time.Duration
}

// willOf returns the will of CONNECT, or why it is refused: at once, and not when nobody is there to be told.
func (c *conn) willOf(w *packet.Will) (*will, error) {
	if w == nil {
		return nil, nil
	}
	p := &packet.Publish{Topic: w.Topic, Payload: w.Payload, QoS: w.QoS, Retain: w.Retain, Properties: w.Properties}
	name, err := channelOf(w.Topic)
	if err != nil {
		return nil, err
	}
	if err := c.client.Allow(auth.Publish, name.Pattern()); err != nil {
		return nil, err
	}
	m := &broker.Message{Channel: name, Payload: append([]byte(nil), p.Payload...)}
	if m.Meta, err = metaOf(p); err != nil {
		return nil, err
	}
	if m.Type, err = c.typeOf(m); err != nil {
		return nil, err
	}
	return &will{m, time.Duration(w.Properties.Number(packet.WillDelay)) * time.Second}, nil
}

// publishWill publishes a will. Nobody is there to be told how that goes, so it is logged.
func (h *Handler) publishWill(w *will) {
	m := *w.message
	m.Time = time.Now()
	h.channels.Publish(h.work, nil, hub.Bundle(&m), func(_ int, _ broker.Ack, err error) {
		if err != nil {
			h.config.Log.Warn("a will was not published", "edge", "mqtt", "channel", m.Channel, "error", err)
		}
	})
}
