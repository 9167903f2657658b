// Package hub carries messages between the subscribers of channels on this node.
//
// There are two kinds of channel. What is published to an ephemeral one goes straight to those who
// are subscribed at that moment: [Hub.Publish], [Hub.Subscribe]. What is published to a channel with
// history is appended to a [Log]; the hub follows the log with a [Feed], on which subscribers have a
// position: see [Follower].
//
// A channel exists while it has subscribers. Messages of one channel reach all its subscribers in
// the same order. Publishing never waits for a subscriber: each has a bounded queue of its own and
// decides itself what happens when that is full. No lock that is held during a fan-out is shared
// between channels.
package hub

import (
	"context"
	"sync"

	"github.com/holdfast-dev/holdfast/internal/channel"
)

// Subscriber receives the messages of the ephemeral channels it subscribes to.
type Subscriber interface {
	// Deliver is called for one publication of a subscription at a time, in order. It must not block
	// and must not call the hub.
	Deliver(p *Publication)
	// Missed tells that messages before the next one may have been lost on their way from another node. Like Deliver, it
	// must not block and must not call the hub.
	Missed()
}

// Hub is a set of channels. Its methods may be called from any goroutine.
type Hub struct {
	mu     sync.RWMutex
	topics index[*topic] // guarded by mu

	bus        bus
	counts     counts
	work       context.Context // of the goroutines that follow logs
	stop       context.CancelFunc
	running    sync.WaitGroup // these goroutines
	reconciler reconciler
}

// New returns an empty hub.
func New() *Hub {
	h := &Hub{reconciler: reconciler{woken: make(chan struct{}, 1)}}
	h.work, h.stop = context.WithCancel(context.Background())
	return h
}

// Close stops following logs and waits for the goroutines that do so. Followers are cancelled
// before. Subscriptions to ephemeral channels are not concerned.
func (h *Hub) Close() {
	h.stop()
	h.bus.close()
	for _, f := range h.reconciler.all() {
		f.stop()
	}
	h.running.Wait()
}

// Subscribe adds s to a channel. What is published after Subscribe returns reaches s, until the
// subscription is cancelled.
func (h *Hub) Subscribe(name channel.Name, s Subscriber) *Subscription {
	return h.SubscribeAll(name.Pattern(), s)
}

// SubscribeAll is Subscribe for all channels that a pattern matches. Who subscribes to a pattern
// sees the messages of each sender in order; how those of concurrent senders interleave may differ
// from what the subscribers of another pattern see.
func (h *Hub) SubscribeAll(p channel.Pattern, s Subscriber) *Subscription {
	h.mu.Lock()
	t, ok := h.topics.get(p)
	if !ok {
		t = &topic{told: h.bus.losses.Load()}
		h.topics.put(p, t)
	}
	t.users++
	h.mu.Unlock()
	h.counts.subscriptions.Add(1)

	sub := &Subscription{hub: h, pattern: p, topic: t, subscriber: s}
	t.add(sub)
	return sub
}

// Publish gives p, whose messages are of one channel, to its subscribers, but not to except, which
// may be nil. When it returns, each of them on this node has been sent the messages or holds them in its queue, and those
// on other nodes are on the way. Cost: one Deliver a subscriber, and if there are other nodes one message to all of them.
func (h *Hub) Publish(p *Publication, except *Subscription) {
	h.deliver(p, except)
	h.tell(p)
}

// deliver gives p to the subscribers on this node.
func (h *Hub) deliver(p *Publication, except *Subscription) {
	var room [4]*topic // more patterns that match cost an allocation
	h.mu.RLock()
	topics := h.topics.match(room[:0], p.Messages[0].Channel)
	h.mu.RUnlock()
	delivered := 0
	for _, t := range topics {
		delivered += t.deliver(p, except, h.bus.losses.Load())
	}
	h.counts.delivered.Add(int64(delivered * len(p.Messages)))
}

// wanted tells whether anybody on this node is subscribed to a channel.
func (h *Hub) wanted(name channel.Name) bool {
	var room [4]*topic
	h.mu.RLock()
	defer h.mu.RUnlock()
	return len(h.topics.match(room[:0], name)) > 0
}

// Subscribers returns how many subscriptions an ephemeral channel has, those to patterns not
// counted.
func (h *Hub) Subscribers(name channel.Name) int {
	h.mu.RLock()
	defer h.mu.RUnlock()
	if t, ok := h.topics.get(name.Pattern()); ok {
		return t.users
	}
	return 0
}

// leave forgets a topic that nobody uses any more.
func (h *Hub) leave(p channel.Pattern, t *topic) {
	h.counts.subscriptions.Add(-1)
	h.mu.Lock()
	defer h.mu.Unlock()
	if t.users--; t.users == 0 {
		h.topics.remove(p)
	}
}
