package mqtt

import (
	"time"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/edge/mqtt/packet"
	"github.com/holdfast-dev/holdfast/internal/hub"
	"github.com/holdfast-dev/holdfast/websocket"
)

// formKey names a wire form that clients share: PUBLISH with QoS 0.
type formKey struct {
	v5     bool
	retain bool // with the retain flag as published
}

// formOf returns the packets of a publication for clients that get it with QoS 0.
func formOf(p *hub.Publication, v packet.Version, retain bool) *packets {
	key := formKey{v == packet.V5, retain}
	return p.Form(key, func() any {
		all := new(packets)
		for _, m := range p.Messages {
			one := publishOf(m, v, time.Now())
			one.Retain = retain && m.Meta != nil && m.Meta.Retain
			all.bytes = one.Append(all.bytes, v)
		}
		return all
	}).(*packets)
}

// publishOf returns PUBLISH for a message, with QoS 0.
func publishOf(m *broker.Message, v packet.Version, now time.Time) packet.Publish {
	p := packet.Publish{Topic: m.Channel.Topic(), Payload: m.Payload}
	if v == packet.V5 {
		p.Properties = propertiesOf(m, now)
	}
	return p
}

// propertiesOf returns what MQTT 5 says of a message; nil for nothing.
func propertiesOf(m *broker.Message, now time.Time) *packet.Properties {
	if m.Meta == nil {
		if m.Type != websocket.Text {
			return nil
		}
		p := new(packet.Properties)
		p.SetNumber(packet.PayloadFormat, 1)
		return p
	}
	p, meta := new(packet.Properties), m.Meta
	if meta.Text {
		p.SetNumber(packet.PayloadFormat, 1)
	}
	if meta.Lasts > 0 {
		left := meta.Lasts - now.Sub(m.Time)
		p.SetNumber(packet.MessageExpiry, uint32(max(left/time.Second, 0)))
	}
	setText := func(id packet.Property, s string) {
		if s != "" {
			p.SetText(id, s)
		}
	}
	setText(packet.ContentType, meta.ContentType)
	setText(packet.ResponseTopic, meta.ResponseTopic)
	setText(packet.CorrelationData, meta.Correlation)
	for _, one := range meta.Pairs {
		p.User = append(p.User, packet.Pair{Name: one.Name, Value: one.Value})
	}
	return p
}

// maxOutAliases bounds the topics that the server abbreviates on one connection.
const maxOutAliases = 64

// outAliases are the topics that the server abbreviates, since the client allows it (MQTT 5, section 3.3.2.3.4).
type outAliases struct {
	most  int
	known map[string]int
}

// of returns the alias of a topic, 0 for none, and whether the client knows it.
func (a *outAliases) of(topic string) (alias int, known bool) {
	if alias, known = a.known[topic]; known || len(a.known) == a.most {
		return alias, known
	}
	return len(a.known) + 1, false
}

// learned notes that the client has been told an alias.
func (a *outAliases) learned(topic string, alias int) {
	if a.known == nil {
		a.known = make(map[string]int)
	}
	a.known[topic] = alias
}

// tryLocked sends a message, and returns false if there is no room for it. One that is larger than the client takes counts
// as sent (MQTT 5, section 3.1.2.11.4).
func (s *mqttSession) tryLocked(d delivery) bool {
	c := s.conn
	if d.qos == 0 {
		return c.sendPublish(&d, 0, false) != websocket.Dropped
	}
	if s.window.full() {
		return false
	}
	f := s.window.begin(d)
	if s.recordsLocked(f) {
		c := s.conn
		s.whenStoredLocked(func() { s.sendRecordedLocked(c, f) })
		return true
	}
	switch c.sendPublish(&d, f.id, false) {
	case websocket.Dropped:
		s.window.undo(f)
		return false
	case tooLarge:
		s.window.end(f.id)
	}
	return true // or it is sent again on the next connection
}

// sendAgainLocked sends what the client has not acknowledged on the connection before.
func (s *mqttSession) sendAgainLocked(f *flight) bool {
	if f.released {
		s.conn.out.say(pubrel(f.id))
		return true
	}
	return s.conn.sendPublish(&f.delivery, f.id, true) != websocket.Dropped
}

// tooLarge is what became of a message that is larger than the client takes.
const tooLarge websocket.Result = 255

// sendPublish sends PUBLISH. Cost: one copy into a pooled buffer.
func (c *conn) sendPublish(d *delivery, id uint16, dup bool) websocket.Result {
	p := publishOf(d.message, c.version, time.Now())
	p.QoS, p.ID, p.Dup, p.Retain = d.qos, id, dup, d.retain
	alias, known := 0, false
	if c.version == packet.V5 {
		if len(d.ids) > 0 || c.outAliases.most > 0 {
			if p.Properties == nil {
				p.Properties = new(packet.Properties)
			}
			p.Properties.SubIDs = d.ids
		}
		if c.outAliases.most > 0 {
			if alias, known = c.outAliases.of(p.Topic); alias > 0 {
				p.Properties.SetNumber(packet.TopicAlias, uint32(alias))
			}
		}
	}
	topic := p.Topic
	if known {
		p.Topic = ""
	}
	if c.maxPacket > 0 && p.Size(c.version) > c.maxPacket {
		return tooLarge
	}
	var room [256]byte
	head, _ := p.AppendHead(room[:0], c.version)
	result := c.link.sendCopy(head, p.Payload)
	if result != websocket.Dropped && alias > 0 && !known {
		c.outAliases.learned(topic, alias)
	}
	return result
}
