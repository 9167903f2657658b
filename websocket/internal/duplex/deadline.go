package duplex

import (
	"sync"
	"time"
)

// deadline is a time that can be waited for and moved. The zero value is never reached; its timer
// exists only once it has been set.
type deadline struct {
	expire func() // called when it has passed, on a goroutine of its own, perhaps when it has been moved since; must not call stop

	expiring sync.WaitGroup // calls of expire

	mu      sync.Mutex // guards what follows
	at      time.Time  // zero while there is none
	timer   *time.Timer
	passed  bool
	stopped bool          // for good
	waiting chan struct{} // closed when it passes; nil until somebody waits
}

// set moves the deadline; the zero time removes it.
func (d *deadline) set(t time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.setLocked(t)
}

// stop removes the deadline for good and waits until nothing comes of it any more.
func (d *deadline) stop() {
	d.mu.Lock()
	d.setLocked(time.Time{})
	d.stopped = true
	d.mu.Unlock()
	d.expiring.Wait()
}

// setLocked is set. Lock held.
func (d *deadline) setLocked(t time.Time) {
	if d.stopped {
		return
	}
	d.at = t
	if d.passed {
		d.passed, d.waiting = false, nil
	}
	if t.IsZero() {
		if d.timer != nil {
			d.timer.Stop()
		}
		return
	}
	if in := time.Until(t); in <= 0 {
		d.passLocked()
	} else if d.timer == nil {
		d.timer = time.AfterFunc(in, d.rang)
	} else {
		d.timer.Reset(in)
	}
}

// rang is called by the timer, perhaps for a deadline that has been moved since.
func (d *deadline) rang() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.at.IsZero() && !d.passed && !time.Now().Before(d.at) {
		d.passLocked()
	}
}

// passLocked makes it known that the deadline has passed. Lock held.
func (d *deadline) passLocked() {
	d.passed = true
	if d.waiting != nil {
		close(d.waiting)
	}
	d.expiring.Go(d.expire)
}

// wait returns a channel that is closed when the deadline passes.
func (d *deadline) wait() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.waiting == nil {
		d.waiting = make(chan struct{})
		if d.passed {
			close(d.waiting)
		}
	}
	return d.waiting
}

func (d *deadline) isUnset() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.at.IsZero()
}

func (d *deadline) hasPassed() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.passed
}
