package hub

import (
	"context"
	"sync"

	"github.com/holdfast-dev/holdfast/internal/broker"
)

// Sink takes what a follower gets. Its methods are called for one thing at a time, in order, while
// the history is locked: they must not block and must not call the follower.
type Sink interface {
	// Deliver says whether it has taken p. If not, Behind follows, or Follower.Live returns false.
	Deliver(p *Publication) bool
	// Lost tells that messages between the last one and the next are not kept any more, or may not
	// be.
	Lost()
	// Live tells that what is stored behind offset will be delivered from now on.
	Live(offset uint64)
	// Behind tells that the follower is not live any more and has to catch up.
	Behind()
}

// Follower is a place in a history. It is live, or it catches up: whoever owns it reads pages behind
// its position with Read, and asks for live messages with Live, until that succeeds. The seam is
// without a gap and without a repeat. Read, Last and Live are for one goroutine at a time, and not
// for a live follower.
type Follower struct {
	to Sink
	chase
	cancel sync.Once

	// guarded by history.mu
	index   int    // in history.followers, if live
	live    bool   // in history.followers
	reading bool   // counted in history.readers
	gone    bool   // cancelled
	from    uint64 // what is not behind it has been delivered
	start   uint64 // the head when it joined
}

// begin counts w as a reader.
func (w *Follower) begin() {
	h := w.history
	h.mu.Lock()
	defer h.mu.Unlock()
	if w.reading || w.gone {
		return
	}
	w.reading = true
	h.readLocked(+1)
	w.start = h.head
}

// Start returns the position at which the follower joined: Live(Start()) goes live from there.
func (w *Follower) Start() broker.Position {
	h := w.history
	h.mu.Lock()
	defer h.mu.Unlock()
	return broker.Position{Epoch: h.feed.epoch, Offset: w.start}
}

// Read returns messages behind an offset. Those who read the same share the page.
func (w *Follower) Read(ctx context.Context, after uint64) (*Page, error) {
	w.begin()
	return w.read(ctx, after)
}

// Last returns the newest n messages.
func (w *Follower) Last(ctx context.Context, n int) (*Page, error) {
	w.begin()
	return w.last(ctx, n)
}

// Live makes w live if what lies behind after, the end of the page read last or Start, is at hand.
// Otherwise there is another page to be read.
func (w *Follower) Live(after uint64) bool {
	h := w.history
	h.mu.Lock()
	defer h.mu.Unlock()
	if w.gone {
		return false
	}
	at, lost, ok := w.meetLocked(after)
	if !ok {
		return false
	}
	if lost {
		w.to.Lost()
	}
	if p := h.jointLocked(at); p != nil && !w.to.Deliver(p) {
		return false
	}
	w.from = max(at, h.head)
	w.resumes = true
	w.to.Live(w.from)
	w.reading = false
	h.addLocked(w)
	h.readLocked(-1)
	return true
}

// take delivers what of p, whose first offset is given, has not been delivered yet.
func (w *Follower) take(p *Publication, first uint64) bool {
	if first <= w.from {
		if p = p.After(w.from); p == nil {
			return true
		}
	}
	return w.to.Deliver(p)
}

// Cancel ends w. When it returns, no method of its sink is running or will run. Further calls do
// nothing.
func (w *Follower) Cancel() {
	w.cancel.Do(func() {
		h := w.history
		h.mu.Lock()
		w.gone = true
		if w.live {
			h.dropLocked(w)
		}
		if w.reading {
			w.reading = false
			h.readLocked(-1)
		}
		h.mu.Unlock()
		h.feed.leave(h)
	})
}
