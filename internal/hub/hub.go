// Package hub carries messages between the subscribers of channels on this node.
//
// A channel exists while it has subscribers. Messages of one channel reach all its subscribers in
// the same order. Publishing never waits for a subscriber: each has a bounded queue of its own and
// decides itself what happens when that is full.
package hub

import (
	"sync"

	"github.com/holdfast-dev/holdfast/internal/channel"
)

// Subscriber receives the messages of the channels it subscribes to.
type Subscriber interface {
	// Deliver is called for one publication of a channel at a time, in order. It must not block and
	// must not call the hub.
	Deliver(p *Publication)
}

// Hub is a set of channels. Its methods may be called from any goroutine.
type Hub struct {
	mu     sync.RWMutex
	topics map[channel.Name]*topic // guarded by mu
}

// New returns an empty hub.
func New() *Hub {
	return &Hub{topics: make(map[channel.Name]*topic)}
}

// Subscribe adds s to a channel. What is published after Subscribe returns reaches s, until the
// subscription is cancelled.
func (h *Hub) Subscribe(name channel.Name, s Subscriber) *Subscription {
	h.mu.Lock()
	t := h.topics[name]
	if t == nil {
		t = &topic{}
		h.topics[name] = t
	}
	t.users++
	h.mu.Unlock()

	sub := &Subscription{hub: h, name: name, topic: t, subscriber: s}
	t.add(sub)
	return sub
}

// Publish gives p to the subscribers of its channel, but not to except, which may be nil. When it
// returns, each of them has been sent the messages or holds them in its queue. Cost: one Deliver a
// subscriber.
func (h *Hub) Publish(p *Publication, except *Subscription) {
	h.mu.RLock()
	t := h.topics[p.Channel]
	h.mu.RUnlock()
	if t != nil {
		t.deliver(p, except)
	}
}

// Subscribers returns how many subscriptions a channel has.
func (h *Hub) Subscribers(name channel.Name) int {
	h.mu.RLock()
	defer h.mu.RUnlock()
	if t := h.topics[name]; t != nil {
		return t.users
	}
	return 0
}

// leave forgets a topic that nobody uses any more.
func (h *Hub) leave(name channel.Name, t *topic) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if t.users--; t.users == 0 {
		delete(h.topics, name)
	}
}
