package session

import (
	"sync"
	"sync/atomic"

	"github.com/holdfast-dev/holdfast/internal/hub"
	"github.com/holdfast-dev/holdfast/internal/policy"
	"github.com/holdfast-dev/holdfast/websocket"
)

// gate stands before a client that may miss messages. Open, it lets everything through. It shuts
// when the client's queue is full, or, if only the latest messages matter, when anything waits in
// it. Shut, it holds the latest messages or counts the others as dropped, until the queue has
// drained. Before the subscription starts it is shut too, and holds everything.
type gate struct {
	sub        *Subscription
	latest     bool // a newer message replaces a held one of the same key
	disconnect bool // rather than dropping anything

	open atomic.Bool // while it is, only deliver uses the gate; it is called for one publication at a time

	mu      sync.Mutex // guards what follows, while the gate is shut
	begun   bool
	over    bool // the client has been told that it is too slow
	held    held
	dropped int  // messages, before those that are held
	unknown bool // others were lost, nobody knows how many
}

func newGate(s *Subscription, p Part) *gate {
	return &gate{
		sub:        s,
		latest:     p.Delivery == policy.DeliverLatest,
		disconnect: p.Slow == policy.SlowDisconnect,
	}
}

// begin opens the gate for the first time.
func (g *gate) begin() {
	g.mu.Lock()
	g.begun = true
	if g.dropped > 0 && g.disconnect {
		g.giveUpLocked()
	}
	g.mu.Unlock()
	if !g.release() {
		g.sub.running.Go(g.wait)
	}
}

// deliver offers p to the client, or holds or drops it.
func (g *gate) deliver(p *hub.Publication) {
	if g.open.Load() {
		g.pass(p)
		return
	}
	g.mu.Lock()
	if g.open.Load() { // since
		g.mu.Unlock()
		g.pass(p)
		return
	}
	g.holdLocked(p)
	g.mu.Unlock()
}

// pass offers p to the client through the open gate.
func (g *gate) pass(p *hub.Publication) {
	switch g.sub.to.Deliver(p) {
	case websocket.Queued:
		if g.latest {
			g.shut(nil)
		}
	case websocket.Dropped:
		g.shut(p)
	}
}

// missed tells the client that messages before the next one may have been lost on their way here.
func (g *gate) missed() {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.over:
	case g.open.Load():
		g.sub.to.Gap(0)
	default:
		g.unknown = true
	}
}

// shut closes the gate before p, which may be nil, until the client's queue has drained.
func (g *gate) shut(p *hub.Publication) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.open.Store(false)
	if p != nil {
		g.holdLocked(p)
	}
	if !g.over {
		g.sub.running.Go(g.wait)
	}
}

// holdLocked keeps what may be wanted later of p.
func (g *gate) holdLocked(p *hub.Publication) {
	switch {
	case g.over:
		return
	case g.latest, !g.begun:
		for _, m := range p.Messages {
			g.dropped += g.held.add(m, g.latest)
		}
	default:
		g.dropped += len(p.Messages)
	}
	if g.dropped > 0 && g.disconnect && g.begun {
		g.giveUpLocked()
	}
}

func (g *gate) giveUpLocked() {
	g.over = true
	g.held.clear()
	g.sub.to.TooSlow()
}

// wait opens the gate when the client's queue has drained. It gives up when the client is gone.
func (g *gate) wait() {
	for g.sub.to.Flush(g.sub.work()) == nil {
		if g.release() {
			return
		}
	}
}

// release sends what is held. It returns false if the client's queue has to drain first.
func (g *gate) release() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.over {
		return true
	}
	if g.dropped > 0 {
		g.sub.to.Gap(g.dropped)
		g.dropped = 0
	}
	if g.unknown {
		g.sub.to.Gap(0)
		g.unknown = false
	}
	if messages := g.held.messages(); len(messages) > 0 {
		switch g.sub.to.Deliver(hub.Bundle(messages...)) {
		case websocket.Dropped:
			return false
		case websocket.Queued:
			if g.latest {
				g.held.clear()
				return false
			}
		}
		g.held.clear()
	}
	g.open.Store(true)
	return true
}
