package mqtt

import (
	"time"

	"github.com/holdfast-dev/holdfast/internal/auth"
	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
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

// publishWill publishes a will, without waiting. Nobody is there to be told how that goes, so it is logged.
func (h *Handler) publishWill(w *will) {
	m := *w.message
	m.Time = time.Now()
	h.goes(func() {
		h.channels.Publish(h.work, nil, hub.Bundle(&m), func(_ int, _ broker.Ack, err error) {
			if err != nil {
				h.config.Log.Warn("a will was not published", "edge", "mqtt", "channel", m.Channel, "error", err)
			}
		})
	})
}

// maxStoredWill is the largest payload of a will that is stored, for another node to publish it.
const maxStoredWill = 64 << 10

// willRecord is a will as it is stored.
type willRecord struct {
	Channel channel.Name  `json:"channel"`
	Message []byte        `json:"message"`
	Delay   time.Duration `json:"delay,omitzero,format:sec"`
}

// willLocked returns the will as it is to be stored, or nil.
func (s *mqttSession) willLocked() *willRecord {
	w := s.will
	if s.conn != nil {
		w = s.conn.will.Load()
	}
	if w == nil || len(w.message.Payload) > maxStoredWill {
		return nil
	}
	b, err := w.message.MarshalBinary()
	if err != nil {
		return nil
	}
	return &willRecord{w.message.Channel, b, w.delay}
}

// will returns the will that is stored; nil for none.
func (r *willRecord) will() (*will, error) {
	if r == nil {
		return nil, nil
	}
	m := &broker.Message{Channel: r.Channel}
	if err := m.UnmarshalBinary(r.Message); err != nil {
		return nil, err
	}
	return &will{m, r.Delay}, nil
}
