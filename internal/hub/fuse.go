package hub

import (
	"container/list"
	"time"
)

// fuse has the claims of connections that have gone and may come back, all for the same time, in the order in which they
// went. Presence.mu guards it. A node that goes may have a hundred thousand of them: they have one timer.
type fuse struct {
	presence *Presence
	burns    time.Duration
	claims   list.List
	timer    *time.Timer // runs while there are any; nil before the first
	running  bool
}

// lit is a claim's place in a fuse.
type lit struct {
	at    time.Time
	place *list.Element
}

// burnAtOnce is how many claims end while the lock is held.
const burnAtOnce = 1000

func (f *fuse) init(p *Presence, burns time.Duration) { f.presence, f.burns = p, burns }

// light has a claim end in a while.
func (f *fuse) light(c *claim) {
	c.fuse, c.lit = f, lit{time.Now(), f.claims.PushBack(c)}
	if !f.running {
		f.start(f.burns)
	}
}

// douse keeps a claim.
func (c *claim) douse() {
	if c.fuse != nil {
		c.fuse.claims.Remove(c.lit.place)
		c.fuse = nil
	}
}

func (f *fuse) start(after time.Duration) {
	f.running = true
	if f.timer == nil {
		f.timer = time.AfterFunc(after, f.burn)
	} else {
		f.timer.Reset(after)
	}
}

// burn ends those whose time is up, some at a time: others need the lock.
func (f *fuse) burn() {
	for f.burnSome(time.Now()) {
	}
}

// burnAll ends all.
func (f *fuse) burnAll() {
	for f.burnSome(time.Now().Add(f.burns)) {
	}
}

// burnSome ends some of those whose time is up at a moment, and returns true if there are more.
func (f *fuse) burnSome(at time.Time) (more bool) {
	p := f.presence
	p.mu.Lock()
	defer p.mu.Unlock()
	f.running = false
	for range burnAtOnce {
		first := f.claims.Front()
		if first == nil || p.closed {
			return false
		}
		c := first.Value.(*claim)
		if left := f.burns - at.Sub(c.lit.at); left > 0 {
			f.start(left)
			return false
		}
		p.unclaimLocked(c)
	}
	return true
}

// stop lets nobody go any more.
func (f *fuse) stop() {
	if f.timer != nil {
		f.timer.Stop()
	}
}
