package hub

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/cluster"
)

// bus carries what is published to ephemeral channels between the hubs of all nodes, at most once and in order for each
// publisher. Every node gets everything, and drops what nobody there wants after a look at the channel's name: see
// docs/decisions/0024-every-node-hears-everything.md.
type bus struct {
	flow   *cluster.Flow // nil if there is no other hub
	losses atomic.Uint64 // how often something was missing

	mu    sync.Mutex // guards what follows
	told  time.Time  // when subscribers were told last that something is missing
	later *time.Timer
	over  bool
}

// missEvery is how often subscribers are told at most that something is missing: each time costs a look at all of them.
const missEvery = time.Second

// Join shares ephemeral channels with the hubs of other nodes. It is called before anything is published, and before the
// cluster starts.
func (h *Hub) Join(c *cluster.Cluster) { h.bus.flow = c.Flow("channels", h.hear, h.miss) }

// tell tells other nodes what has been published here. What came together stays together, as far as it fits.
func (h *Hub) tell(p *Publication) {
	f := h.bus.flow
	if f == nil || !f.Open() {
		return
	}
	most := f.MaxBytes()
	for rest := p.Messages; len(rest) > 0; {
		n, bytes := 1, broker.MaxBundledBytes(rest[0])
		for n < len(rest) && bytes+broker.MaxBundledBytes(rest[n]) <= most {
			bytes += broker.MaxBundledBytes(rest[n])
			n++
		}
		together := rest[:n]
		f.Send(func(dst []byte) []byte { return broker.AppendBundle(dst, together) })
		rest = rest[n:]
	}
}

// hear gives what has been published at another node to the subscribers here.
func (h *Hub) hear(_ string, body []byte) error {
	name, rest, err := broker.CutBundle(body)
	if err != nil {
		return err
	}
	if !h.wanted(name) {
		return nil
	}
	messages, err := broker.ParseBundle(name, rest)
	if err == nil {
		h.deliver(Bundle(messages...), nil)
	}
	return err
}

// miss has all subscribers told that something of another node is missing: nobody knows of which channels. It happens at
// once, or when they have been told a short while ago, together with what is missed until then; but in each channel before
// the next message.
func (h *Hub) miss(string, int) {
	b := &h.bus
	b.losses.Add(1)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.later != nil || b.over {
		return
	}
	if wait := missEvery - time.Since(b.told); wait > 0 {
		b.later = time.AfterFunc(wait, func() {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.later = nil
			h.tellMissed()
		})
		return
	}
	h.tellMissed()
}

// tellMissed tells all subscribers to ephemeral channels. The lock of the bus is held.
func (h *Hub) tellMissed() {
	if h.bus.over {
		return
	}
	h.bus.told = time.Now()
	h.mu.RLock()
	topics := h.topics.all(nil)
	h.mu.RUnlock()
	for _, t := range topics {
		t.missed(h.bus.losses.Load())
	}
}

// close ends what waits to be told.
func (b *bus) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.over = true
	if b.later != nil {
		b.later.Stop()
	}
}
