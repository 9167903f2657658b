package hub

import (
	"sync"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
)

// history is one channel of a log, or all that a pattern matches, with those who follow it.
//
// Its head is how far it has come. A live message is next if nothing of the history can be between:
// its Previous is the head, or none of the offsets between has been missed by the feed. Otherwise
// there is a hole. The followers then get nothing live until a goroutine has read from the log what
// they lack; meanwhile what comes live gathers in the recent buffer, where the two meet (see chase).
type history struct {
	feed    *Feed
	pattern channel.Pattern
	single  bool // one channel: Previous tells what was before
	users   int  // followers that have not been cancelled; guarded by Feed.mu

	arrived []broker.Live // from the batch that is being taken; belongs to the live feed's goroutine

	mu        sync.Mutex  // guards what follows; held during a fan-out, which gives all followers one order
	head      uint64      // everything up to here has come live, is being read, or was there before
	tip       uint64      // the newest message that is known to have been stored; 0 if none is
	followers []*Follower // the live ones, in no order; each knows its index
	readers   int         // followers that catch up
	recent    recent      // kept while there are readers, or a hole is filled
	filling   bool        // a goroutine fills a hole
	filled    uint64      // while filling: what the followers have got
	joint     joint
}

// maxIdleArrived is how much room for messages a history keeps between batches.
const maxIdleArrived = 64

func newHistory(f *Feed, p channel.Pattern, head uint64) *history {
	_, single := p.IsName()
	return &history{feed: f, pattern: p, single: single, head: head, recent: recent{base: head}}
}

// live takes what has arrived. missed is what the feed has not seen.
func (h *history) live(missed gaps) {
	h.mu.Lock()
	defer h.mu.Unlock()
	var run []*broker.Message // for the followers
	for _, m := range h.arrived {
		if m.Offset <= h.head {
			continue // it came before, or was read from the log
		}
		if !h.isNextLocked(m, missed) {
			h.holeLocked(m.Offset - 1)
		}
		h.head, h.tip = m.Offset, m.Offset
		if m.Purge { // who catches up comes across the mark in the log, and learns what is lost
			h.recent.restart(h.head)
			h.joint = joint{}
			continue
		}
		if h.keepsRecentLocked() {
			h.recent.add(m.Message)
		}
		if !h.filling {
			run = append(run, m.Message)
		}
	}
	clear(h.arrived)
	h.arrived = h.arrived[:0]
	if cap(h.arrived) > maxIdleArrived {
		h.arrived = nil
	}
	if len(run) > 0 && len(h.followers) > 0 {
		h.fanOutLocked(h.feed.bundled(run))
	}
}

// isNextLocked tells that no message of the history is between its head and m.
func (h *history) isNextLocked(m broker.Live, missed gaps) bool {
	if h.single && m.Previous >= h.head {
		return m.Previous == h.head
	}
	// What was before has expired or was before the followers came, or there are many channels.
	return !missed.within(h.head, m.Offset)
}

// holeLocked notes that something may be missing between the head and an offset, which becomes the
// head.
func (h *history) holeLocked(offset uint64) {
	if !h.filling && len(h.followers) > 0 {
		h.filling, h.filled = true, h.reachedLocked()
		h.feed.hub.running.Go(func() { h.fill(h.feed.hub.work) })
	}
	h.head = offset
	h.recent.restart(offset)
}

// reachedLocked returns the offset up to which all followers have got everything.
func (h *history) reachedLocked() uint64 {
	reached := h.followers[0].from
	for _, w := range h.followers {
		reached = min(reached, w.from)
	}
	return max(reached, h.head)
}

// suspect tells of a message that the feed has missed.
func (h *history) suspect(offset uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if offset > h.head {
		h.holeLocked(offset)
		h.tip = offset
	}
}

// fanOutLocked gives p to the live followers. Who does not take it has to catch up.
func (h *history) fanOutLocked(p *Publication) {
	h.feed.hub.counts.delivered.Add(int64(len(h.followers) * len(p.Messages)))
	first := p.Messages[0].Offset
	for i := 0; i < len(h.followers); {
		w := h.followers[i]
		if w.take(p, first) {
			i++
			continue
		}
		h.dropLocked(w)
		w.to.Behind()
	}
}

// lostLocked tells the followers that something before an offset is not kept any more, unless they
// began behind it.
func (h *history) lostLocked(before uint64) {
	for _, w := range h.followers {
		if w.from < before {
			w.to.Lost()
		}
	}
}

func (h *history) addLocked(w *Follower) {
	w.live, w.index = true, len(h.followers)
	h.followers = append(h.followers, w)
}

func (h *history) dropLocked(w *Follower) {
	end := len(h.followers) - 1
	last := h.followers[end]
	h.followers[w.index], last.index = last, w.index
	h.followers[end] = nil
	h.followers = h.followers[:end]
	w.live = false
}

func (h *history) keepsRecentLocked() bool { return h.readers > 0 || h.filling }

// readLocked counts readers. The recent buffer is kept from the first one on.
func (h *history) readLocked(change int) {
	if !h.keepsRecentLocked() {
		h.recent.restart(h.head)
	}
	h.readers += change
	h.tidyLocked()
}

// tidyLocked frees what only readers need.
func (h *history) tidyLocked() {
	if !h.keepsRecentLocked() {
		h.recent.restart(h.head)
		h.joint = joint{}
	}
}
