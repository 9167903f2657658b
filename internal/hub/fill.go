package hub

import (
	"context"
	"time"
)

// How long the filling of a hole waits after a failed read of the log.
const (
	minRetryDelay = 50 * time.Millisecond
	maxRetryDelay = 5 * time.Second
)

// fill gives the followers what they lack, until what has come live meanwhile joins on. While the
// log can't be read it tries again: nothing later is delivered before.
func (h *history) fill(ctx context.Context) {
	c := chase{history: h, resumes: true}
	delay := minRetryDelay
	for {
		after, wanted := h.needs()
		if !wanted {
			return
		}
		page, err := c.read(ctx, after)
		if err != nil {
			if pause(ctx, delay) != nil {
				return
			}
			delay = min(2*delay, maxRetryDelay)
			continue
		}
		delay = minRetryDelay
		if h.filledBy(page, &c) {
			return
		}
	}
}

// needs returns the offset behind which the followers lack something. Without followers, nobody
// does, and the hole is forgotten.
func (h *history) needs() (after uint64, wanted bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.followers) == 0 {
		h.filling = false
		h.tidyLocked()
	}
	return h.filled, h.filling
}

// filledBy delivers a page and tells whether that was the last.
func (h *history) filledBy(page *Page, c *chase) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if page.Lost {
		h.lostLocked(page.begin())
	}
	if page.Publication != nil {
		h.fanOutLocked(page.Publication)
	}
	h.filled = page.End
	if h.filled > h.head { // the log was ahead of the live feed; who joins now must have all of this
		h.head = h.filled
		h.recent.restart(h.head)
	}
	at, lost, met := c.meetLocked(h.filled)
	if !met {
		return false
	}
	if lost {
		h.lostLocked(at)
	}
	if p := h.jointLocked(at); p != nil {
		h.fanOutLocked(p)
	}
	h.filling = false
	h.tidyLocked()
	return true
}
