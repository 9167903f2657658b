package chaos

import (
	"context"
	"math/rand/v2"
	"net"
	"sync"
	"time"
)

// line is the way of one client to the server, and what the weather does to it.
type line struct {
	proxy *proxy

	mu      sync.Mutex // guards what follows
	closed  bool
	outage  fate // fine if there is none
	wires   map[*wire]struct{}
	newest  *wire     // that has been let through
	cuts    int       // outages that have ended a connection
	begun   time.Time // the last outage
	over    time.Time // the last outage, if nothing has been live since
	samples samples
}

// samples are how long it took until everything was live again that a client is subscribed to, and everything it
// had missed there with the application.
type samples struct {
	Replay  []time.Duration // since connect was answered
	Opened  []time.Duration // since the connection was opened that succeeded
	Outage  []time.Duration // since the end of the outage: the wait before the next attempt is in it
	CutOff  int             // times that a connection was cut after connect was answered and before all was live
	CutLate time.Duration   // the longest that one of them had had until then
}

func (s *samples) add(more *samples) {
	s.Replay = append(s.Replay, more.Replay...)
	s.Opened = append(s.Opened, more.Opened...)
	s.Outage = append(s.Outage, more.Outage...)
	s.CutOff += more.CutOff
	s.CutLate = max(s.CutLate, more.CutLate)
}

// carry joins a connection to the server, unless there is an outage.
func (l *line) carry(front *net.TCPConn, head []byte, opened time.Time) {
	w := &wire{line: l, front: front, opened: opened}
	held, ok := l.enter(w)
	if !ok {
		w.breakOff()
		return
	}
	defer l.leave(w)
	if held {
		w.pass(front, front, false) // which throws away what comes
		return
	}
	nc, err := net.Dial("tcp", l.proxy.target)
	if err != nil {
		w.breakOff()
		return
	}
	defer nc.Close()
	back := nc.(*net.TCPConn)
	if !l.joined(w, back) {
		w.breakOff()
		return
	}
	if _, err := back.Write(head); err != nil {
		w.breakOff()
		return
	}
	var other sync.WaitGroup
	other.Go(func() { w.pass(front, back, true) })
	w.pass(back, front, false)
	other.Wait()
}

// enter lets a connection in. During an outage it is refused, or, if the outage swallows everything, held.
func (l *line) enter(w *wire) (held, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || l.outage != fine && l.outage != vanished {
		return false, false
	}
	w.fate = l.outage
	l.wires[w] = struct{}{}
	return w.fate == vanished, true
}

// joined notes that a connection has reached the server, unless an outage has begun since.
func (l *line) joined(w *wire, back *net.TCPConn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	w.back = back
	if l.closed || l.outage != fine || w.fate != fine {
		return false
	}
	l.newest = w
	return true
}

func (l *line) leave(w *wire) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.wires, w)
}

// greeted notes when connect was answered.
func (l *line) greeted(w *wire) {
	l.mu.Lock()
	defer l.mu.Unlock()
	w.greeted = time.Now()
}

// live notes that one of so many subscriptions is live. since is the connection that it was live on before; live
// returns the present one.
func (l *line) live(since *wire, of int) *wire {
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	w := l.newest
	if w == nil || w == since || w.greeted.IsZero() {
		return since
	}
	if w.lives++; w.lives < of || l.begun.IsZero() {
		return w // at the beginning nobody comes back
	}
	l.samples.Replay = append(l.samples.Replay, now.Sub(w.greeted))
	l.samples.Opened = append(l.samples.Opened, now.Sub(w.opened))
	if !l.over.IsZero() {
		l.samples.Outage = append(l.samples.Outage, now.Sub(l.over))
		l.over = time.Time{}
	}
	return w
}

// weather says what lines suffer.
type weather struct {
	Every time.Duration // from one outage to the next, about
	Lasts time.Duration // an outage, about
}

// suffer lets one outage follow the other until ctx ends. It leaves the line good.
func (l *line) suffer(ctx context.Context, w weather, subscriptions int) {
	for wait := rand.N(w.Every); sleep(ctx, wait); wait = about(w.Every - w.Lasts) {
		l.fail(1+rand.N(fates-1), subscriptions)
		sleep(ctx, about(w.Lasts))
		l.restore()
	}
}

// about returns a time between three and five quarters of d.
func about(d time.Duration) time.Duration { return d*3/4 + rand.N(d/2) }

// sleep waits, and tells whether it has slept its time.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// maxHalf is how much passes at most, each time that a frame is to be cut: more than a frame of the test has.
const maxHalf = 300

// fail begins an outage.
func (l *line) fail(how fate, subscriptions int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.outage, l.begun = how, time.Now()
	if w := l.newest; w != nil {
		if _, open := l.wires[w]; open {
			l.cuts++
			if !w.greeted.IsZero() && w.lives < subscriptions {
				l.samples.CutOff++
				l.samples.CutLate = max(l.samples.CutLate, l.begun.Sub(w.greeted))
			}
		}
	}
	for w := range l.wires {
		w.meet(how, rand.N(maxHalf))
	}
}

// restore ends an outage. Clients whose bytes were swallowed learn it now; the server does when they come back.
func (l *line) restore() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.outage != fine {
		l.outage, l.over = fine, time.Now()
	}
	for w := range l.wires {
		switch {
		case w.back == nil || w.is(halved):
			w.breakOff()
		case w.is(vanished):
			w.breakFront()
		}
	}
}

// close ends the line for good.
func (l *line) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	for w := range l.wires {
		w.breakOff()
	}
}
