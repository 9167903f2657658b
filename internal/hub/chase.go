package hub

import (
	"context"
	"time"
)

// chase is how somebody who reads a history from the log meets what is live: a follower that catches
// up, or the filling of a hole.
//
// Before each read it notes the head. A page with nothing left behind it then holds everything up to
// that head, so the reader has it all up to there, and if the recent buffer begins no later, the two
// have met. With publishers so fast that the buffer overflows during a read, it reads on, page by
// page.
type chase struct {
	history *history
	resumes bool // offset 0 is a position that was live, not the beginning of what is kept

	head, tip uint64 // of the history before the last read
	whole     bool   // that read left nothing behind its page
	lost      bool   // and said that messages are lost
	stale     int    // reads in a row that lacked what had come live
}

// A replica of the log may be behind, so that a page lacks messages that have come live. Then it is
// read again, a little later each time. If they do not turn up they have been evicted, of which the log tells but
// to who reads from its beginning: who does not is patient, for a node that was cut off needs some seconds.
const (
	maxStale      = 6
	maxStaleKnown = 32                    // some nine seconds
	staleDelay    = 10 * time.Millisecond // doubled each time, up to
	maxStaleDelay = staleDelay << (maxStale - 1)
)

// mostStale returns how often a read may lack what has come live before that counts as lost.
func mostStale(after uint64) int {
	if after == 0 {
		return maxStale
	}
	return maxStaleKnown
}

func (c *chase) read(ctx context.Context, after uint64) (*Page, error) {
	key := pageKey{pattern: c.history.pattern, after: after}
	if c.stale > 0 {
		if err := pause(ctx, min(staleDelay<<(c.stale-1), maxStaleDelay)); err != nil {
			return nil, err
		}
		c.history.feed.pages.forget(key)
	}
	c.note()
	page, err := c.history.feed.pages.read(ctx, key, c.head)
	if err == nil && c.resumes && after == 0 && page.begin() > 1 && !page.Lost && !page.whole {
		// For the log nothing can be lost from there on; for who was live in the empty log it can.
		copied := *page
		copied.Lost = true
		page = &copied
	}
	return c.got(page, err)
}

func (c *chase) last(ctx context.Context, n int) (*Page, error) {
	c.note()
	return c.got(c.history.feed.pages.read(ctx, pageKey{pattern: c.history.pattern, newest: n}, c.head))
}

func (c *chase) note() {
	c.history.mu.Lock()
	c.head, c.tip = c.history.head, c.history.tip
	c.history.mu.Unlock()
}

func (c *chase) got(page *Page, err error) (*Page, error) {
	c.whole = err == nil && !page.More
	c.lost = err == nil && page.Lost
	return page, err
}

// meetLocked tells whether everything behind after is in the recent buffer from offset at on.
func (c *chase) meetLocked(after uint64) (at uint64, lost, ok bool) {
	at = after
	if c.whole {
		c.whole = false // the next read decides anew
		if after < c.tip && !c.lost {
			if c.stale++; c.stale <= mostStale(after) {
				return 0, false, false
			}
			lost = true
		}
		at = max(after, c.head)
	}
	c.stale = 0
	return at, lost, at >= c.history.recent.base
}

// pause waits, or returns the error of ctx.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// joint is what the last follower got from the recent buffer when it went live: many do so at the
// same position.
type joint struct {
	after, head uint64
	p           *Publication
}

// jointLocked returns what is in the recent buffer behind an offset, or nil.
func (h *history) jointLocked(after uint64) *Publication {
	if h.joint.p == nil || h.joint.after != after || h.joint.head != h.head {
		messages := h.recent.after(after)
		if len(messages) == 0 {
			return nil
		}
		h.joint = joint{after: after, head: h.head, p: Bundle(messages...)}
	}
	return h.joint.p
}
