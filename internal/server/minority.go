package server

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/holdfast-dev/holdfast/internal/cluster"
	"github.com/holdfast-dev/holdfast/internal/engine"
	"github.com/holdfast-dev/holdfast/internal/session"
	"github.com/holdfast-dev/holdfast/protocol"
)

const (
	// minorityCheck is how often a node looks whether it is cut off, and minorityPatience how long it has to be: by then the
	// nodes do not count each other in any more.
	minorityCheck    = time.Second
	minorityPatience = 6 * time.Second
	// smallestSplit is how many nodes there are at least where one can be in a minority.
	smallestSplit = 3
	// maxKnown bounds the nodes of which the endpoints are remembered.
	maxKnown = 100
)

// minority is whether this node is cut off from the others: it sees none of them, and no majority of those that keep the
// logs. Then its clients had better be elsewhere, where acknowledged messages can be published. Nobody can tell from here
// whether the others are there; so clients are asked, and connect there before they leave, or stay.
type minority struct {
	membership func() (m engine.Membership, together bool)
	alone      func() bool // no other node is heard
	ask        func(ctx context.Context, endpoints []string)

	mu    sync.Mutex          // guards what follows
	known map[string][]string // endpoints of other nodes by name, also of those that are not heard any more
}

// watchMinority begins to hear of other nodes. The cluster has not started yet.
func watchMinority(s *Server) *minority {
	m := &minority{known: make(map[string][]string)}
	m.membership = func() (engine.Membership, bool) {
		if s.store.logs == nil {
			return engine.Membership{}, false
		}
		return s.store.logs.Membership()
	}
	m.alone = func() bool { return len(s.cluster.Nodes()) == 1 }
	m.ask = func(ctx context.Context, endpoints []string) {
		s.config.Log.Warn("this node is cut off from the others: clients are asked to go there, and stay if they can't", "clients", s.clients.Count())
		s.clients.Move(ctx, session.Moving{Over: s.config.Drain, Advise: func() session.Advice {
			return session.Advice{Why: protocol.WhyDrain, Endpoints: endpoints}
		}})
	}
	s.cluster.Watch(m.seen)
	return m
}

// seen notes where other nodes are.
func (m *minority) seen(n cluster.Node, here bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, known := m.known[n.Name]; here && (known || len(m.known) < maxKnown) {
		m.known[n.Name] = n.Endpoints
	}
}

// endpoints returns where the other nodes were.
func (m *minority) endpoints() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Concat(slices.Collect(maps.Values(m.known))...) // in random order
}

// cutOff tells whether this node is in a minority of one.
func (m *minority) cutOff() bool {
	members, together := m.membership()
	return together && members.Known >= smallestSplit && members.Connected+1 < members.Needed && m.alone()
}

// run asks clients to move once each time that the node is cut off, until ctx ends.
func (m *minority) run(ctx context.Context) {
	var since time.Time
	asked := false
	for sleep(ctx, minorityCheck) {
		switch {
		case !m.cutOff():
			since, asked = time.Time{}, false
		case since.IsZero():
			since = time.Now()
		case !asked && time.Since(since) >= minorityPatience:
			asked = true
			if endpoints := m.endpoints(); len(endpoints) > 0 {
				m.ask(ctx, endpoints)
			}
		}
	}
}
