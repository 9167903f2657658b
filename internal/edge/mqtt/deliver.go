package mqtt

import (
	"context"
	"time"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/hub"
	"github.com/holdfast-dev/holdfast/websocket"
)

// deliverLocked offers messages of a subscription to the client.
func (s *mqttSession) deliverLocked(sub *subscription, p *hub.Publication) websocket.Result {
	switch {
	case s.over || sub.finished:
		return websocket.Closed
	case s.conn == nil:
		return s.storeLocked(sub, p)
	case !s.pending.fits(weightOf(p), s.handler.config.SendQueueBytes):
		return websocket.Dropped
	}
	s.moved = true
	if s.plainLocked(sub, p) {
		return s.shareLocked(sub, p)
	}
	sub.reach(p.Messages[len(p.Messages)-1])
	for _, m := range p.Messages {
		if d, ok := s.chooseLocked(sub, m); ok {
			s.sendLocked(d)
		}
	}
	if s.pending.empty() {
		return websocket.Sent
	}
	s.drainLocked() // or begin to wait for what it waits for
	return websocket.Queued
}

func weightOf(p *hub.Publication) (bytes int) {
	for _, m := range p.Messages {
		bytes += weight(m)
	}
	return bytes
}

// plainLocked tells whether the client gets p as many others do, so that its bytes can be shared: with QoS 0, and nothing
// of its own in it. Cost: a few comparisons a message.
func (s *mqttSession) plainLocked(sub *subscription, p *hub.Publication) bool {
	c := s.conn
	if len(s.subs) > 1 || sub.partly || sub.id != 0 || c.outAliases.most > 0 || c.maxPacket > 0 || !s.pending.empty() || sub.replays > 0 || s.window.again != nil {
		return false
	}
	for _, m := range p.Messages {
		if sub.options.QoS > 0 && qosOf(m) > 0 || !sub.wants(m) || m.Meta != nil && m.Meta.Lasts > 0 {
			return false
		}
	}
	return true
}

// shareLocked sends the bytes that p has for all such clients.
func (s *mqttSession) shareLocked(sub *subscription, p *hub.Publication) websocket.Result {
	result := s.conn.link.send(formOf(p, s.conn.version, sub.options.RetainAsPublished))
	if result != websocket.Closed {
		return result
	}
	return s.goneResult(p)
}

// goneResult is what to say of messages when the connection is just ending: those that are stored can be read later.
func (s *mqttSession) goneResult(p *hub.Publication) websocket.Result {
	if p.Messages[0].Offset > 0 {
		return websocket.Dropped
	}
	return websocket.Sent
}

// storeLocked keeps messages for a client that is away, where no log does.
func (s *mqttSession) storeLocked(sub *subscription, p *hub.Publication) websocket.Result {
	if sub.options.QoS == 0 {
		return websocket.Sent
	}
	if p.Messages[0].Offset > 0 {
		return websocket.Dropped // the log has it when the client comes back
	}
	for _, m := range p.Messages {
		d, ok := s.chooseLocked(sub, m)
		switch {
		case !ok || d.qos == 0:
		case s.pending.fits(weight(m), s.handler.config.SendQueueBytes):
			s.pending.add(d)
		default:
			s.handler.config.Log.Debug("a message is not kept for a client that is away: there are too many", "edge", "mqtt", "client", s.key.client, "channel", m.Channel)
		}
	}
	return websocket.Sent
}

// chooseLocked makes a delivery of a message for a subscription, or returns false if it is not for the client, or another
// of its subscriptions delivers it. Where several select the same message, one brings it, with the highest QoS and the
// identifiers of all (MQTT 5, section 3.3.4).
func (s *mqttSession) chooseLocked(sub *subscription, m *broker.Message) (d delivery, ok bool) {
	kept := sub.replays > 0
	if kept {
		sub.replays--
	}
	if !sub.wants(m) || m.Expired(time.Now()) {
		return d, false
	}
	d = delivery{message: m, sub: sub, qos: sub.options.QoS}
	d.add(sub)
	if sub.share == nil && len(s.subs) > 1 && !s.mergeLocked(&d, sub) {
		return d, false
	}
	d.qos = min(d.qos, qosOf(m))
	if kept { // what the rule retains
		if d.retain = true; len(m.Payload) == 0 {
			return d, false
		}
	}
	return d, true
}

// mergeLocked adds what other subscriptions that select the message want, or returns false if one of these delivers it: the
// one for exactly this channel, or else the oldest.
func (s *mqttSession) mergeLocked(d *delivery, sub *subscription) bool {
	m := d.message
	if !sub.exact {
		if exact := s.subs[m.Channel.Topic()]; exact != nil && exact.share == nil && exact.live(m) {
			return false
		}
	}
	for _, other := range s.wild {
		if other == sub || !other.pattern.Matches(m.Channel) || !other.live(m) {
			continue
		}
		if !sub.exact && d.first(other, sub, s.wild) {
			return false
		}
		d.add(other)
	}
	return true
}

// live tells whether the subscription delivers the message too.
func (sub *subscription) live(m *broker.Message) bool {
	return !sub.finished && !sub.broken && sub.opened(m) && sub.wants(m)
}

// first tells whether other comes before sub.
func (d *delivery) first(other, sub *subscription, all []*subscription) bool {
	for _, one := range all {
		if one == other || one == sub {
			return one == other
		}
	}
	return false
}

// add takes over what a subscription wants.
func (d *delivery) add(sub *subscription) {
	d.qos = max(d.qos, sub.options.QoS)
	d.retain = d.retain || sub.options.RetainAsPublished && d.message.Meta != nil && d.message.Meta.Retain
	if sub.id != 0 {
		d.ids = append(d.ids, sub.id)
	}
}

// qosOf returns the highest QoS that a message is delivered with. Those that did not come by MQTT are delivered as the
// subscriber wants them.
func qosOf(m *broker.Message) byte {
	if m.Meta == nil {
		return 2
	}
	return m.Meta.QoS
}

// sendLocked sends a message, or has it wait behind those that do.
func (s *mqttSession) sendLocked(d delivery) {
	if !s.pending.empty() || s.window.again != nil || !s.tryLocked(d) {
		s.pending.add(d)
	}
}

// drainLocked sends what waits: first what the connection before has not settled.
func (s *mqttSession) drainLocked() {
	for s.conn != nil && s.window.again != nil {
		if !s.sendAgainLocked(s.window.again) {
			s.awaitLinkLocked()
			return
		}
		s.window.again = s.window.again.after
	}
	for s.conn != nil && !s.pending.empty() {
		d := s.pending.first()
		if d.qos > 0 && s.window.full() {
			return // an acknowledgement goes on
		}
		if !d.message.Expired(time.Now()) && !s.tryLocked(*d) {
			s.awaitLinkLocked()
			return
		}
		s.pending.pop()
	}
	if s.conn != nil {
		s.wakeLocked()
	}
}

// awaitLinkLocked goes on when the link has room. A goroutine exists only while it has none.
func (s *mqttSession) awaitLinkLocked() {
	c := s.conn
	if s.flushing {
		return
	}
	s.flushing = c.out.goes(func() {
		err := c.link.flush(c.work)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.flushing = false
		if err == nil && s.conn == c || err != nil && s.conn != nil && s.conn != c {
			s.drainLocked()
		}
	})
}

// flush waits until everything has left, through whichever connection. It returns an error when ctx ends or the session is
// over.
func (s *mqttSession) flush(ctx context.Context) error {
	for {
		s.mu.Lock()
		if s.over {
			s.mu.Unlock()
			return context.Canceled
		}
		c := s.conn
		if c != nil && s.pending.empty() && s.window.again == nil {
			s.mu.Unlock()
			if err := c.link.flush(ctx); err == nil || ctx.Err() != nil {
				return err
			}
			s.mu.Lock() // the connection is ending
			if s.conn != c {
				s.mu.Unlock()
				continue
			}
		}
		if s.changed == nil {
			s.changed = make(chan struct{})
		}
		changed := s.changed
		s.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
