// Package session is what the server does for one client, whatever its protocol. A Subscription
// carries the messages of a channel, or of all that a pattern matches, to the client: it replays
// what the client has missed, goes over to what is live without a gap or a repeat, and deals with a
// client that reads too slowly as the channel's rule says.
package session

import (
	"context"
	"slices"
	"sync"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/hub"
)

// Subscription is one client's subscription. It has a goroutine only while it replays, or while the
// client's queue is full.
type Subscription struct {
	to      Receiver
	without string // see Request.Without

	running sync.WaitGroup // the goroutines
	begin   sync.Once      // makes what follows
	ctx     context.Context
	stop    context.CancelFunc

	seat      *seat // nil if nobody wants to know
	logs      []*logPart
	ephemeral []*ephemeralPart
	cancel    sync.Once
}

// Open subscribes, but delivers nothing before Start: the edge first answers the client, with
// Positions. Nothing that is published meanwhile gets lost.
func Open(h *hub.Hub, r Request, to Receiver) (*Subscription, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	s := &Subscription{to: to, without: r.Without}
	for _, p := range r.Parts {
		if p.Feed != nil {
			s.logs = append(s.logs, newLogPart(s, r, p))
		} else {
			s.ephemeral = append(s.ephemeral, newEphemeralPart(s, h, r.Channels, p))
		}
	}
	return s, nil
}

// Positions returns where each log was when the subscription was opened. A client that keeps them
// can resume though it has got no message.
func (s *Subscription) Positions() []broker.Position {
	all := make([]broker.Position, len(s.logs))
	for i, l := range s.logs {
		all[i] = l.follower.Start()
	}
	return all
}

// Start begins to deliver. It is called once, and not after Cancel.
func (s *Subscription) Start() {
	s.seat.take()
	for _, l := range s.logs {
		l.begin()
	}
	for _, e := range s.ephemeral {
		e.gate.begin()
	}
}

// Cancel ends the subscription, started or not. When it returns, no method of the receiver is
// running or will run. It must not be called by one. Further calls do nothing.
func (s *Subscription) Cancel() {
	s.cancel.Do(func() {
		s.work()
		s.stop()
		for _, l := range s.logs {
			l.follower.Cancel()
		}
		for _, e := range s.ephemeral {
			e.sub.Cancel()
		}
		s.running.Wait()
		s.seat.leave()
	})
}

// work returns the context of the goroutines. It is made for the first of them: most subscriptions
// never have one.
func (s *Subscription) work() context.Context {
	s.begin.Do(func() { s.ctx, s.stop = context.WithCancel(context.Background()) })
	return s.ctx
}

// wanted returns what of p the client wants: p itself, a part of it, or nil.
func (s *Subscription) wanted(p *hub.Publication) *hub.Publication {
	own := func(m *broker.Message) bool { return m.Source == s.without }
	if s.without == "" || !slices.ContainsFunc(p.Messages, own) {
		return p
	}
	rest := slices.DeleteFunc(slices.Clone(p.Messages), own)
	if len(rest) == 0 {
		return nil
	}
	return hub.Bundle(rest...)
}
