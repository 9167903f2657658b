package session

import (
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/hub"
)

// ephemeralPart carries the messages of ephemeral channels.
type ephemeralPart struct {
	session *Subscription
	sub     *hub.Subscription
	gate    *gate
}

func newEphemeralPart(s *Subscription, h *hub.Hub, channels channel.Pattern, p Part) *ephemeralPart {
	e := &ephemeralPart{session: s, gate: newGate(s, p)}
	e.sub = h.SubscribeAll(channels, e)
	return e
}

// Deliver implements hub.Subscriber.
func (e *ephemeralPart) Deliver(p *hub.Publication) {
	if p = e.session.wanted(p); p != nil {
		e.gate.deliver(p)
	}
}

// Missed implements hub.Subscriber.
func (e *ephemeralPart) Missed() { e.gate.missed() }
