package channels

import (
	"sync"
	"time"
)

// heartbeatInterval is how often an event stream is sent a comment: less than the minute after which proxies drop what is silent.
const heartbeatInterval = 15 * time.Second

// heartbeatSlots spreads the streams over the interval.
const heartbeatSlots = 15

// heartbeats keeps event streams alive. All share one goroutine and one timer.
type heartbeats struct {
	interval time.Duration
	running  sync.WaitGroup
	stop     chan struct{}

	mu     sync.Mutex // guards what follows
	slots  [heartbeatSlots]map[*listener]struct{}
	next   int // where the next stream goes
	begun  bool
	closed bool
}

func newHeartbeats(interval time.Duration) *heartbeats {
	if interval <= 0 {
		interval = heartbeatInterval
	}
	return &heartbeats{interval: interval, stop: make(chan struct{})}
}

// add sends l heartbeats until remove.
func (h *heartbeats) add(l *listener) {
	h.mu.Lock()
	defer h.mu.Unlock()
	l.slot = h.next
	h.next = (h.next + 1) % heartbeatSlots
	if h.slots[l.slot] == nil {
		h.slots[l.slot] = make(map[*listener]struct{})
	}
	h.slots[l.slot][l] = struct{}{}
	if !h.begun && !h.closed {
		h.begun = true
		h.running.Go(h.run)
	}
}

func (h *heartbeats) remove(l *listener) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.slots[l.slot], l)
}

func (h *heartbeats) run() {
	ticker := time.NewTicker(h.interval / heartbeatSlots)
	defer ticker.Stop()
	for slot := 0; ; slot = (slot + 1) % heartbeatSlots {
		select {
		case <-ticker.C:
			h.beat(slot)
		case <-h.stop:
			return
		}
	}
}

// beat sends the streams of a slot a comment. It never waits for one.
func (h *heartbeats) beat(slot int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for l := range h.slots[slot] {
		l.beat()
	}
}

// close ends the goroutine.
func (h *heartbeats) close() {
	h.mu.Lock()
	if !h.closed {
		h.closed = true
		close(h.stop)
	}
	h.mu.Unlock()
	h.running.Wait()
}
