package hooks

import (
	"context"
	"slices"
	"sync"
	"time"
)

// The bounds of what a hook has in memory. What does not fit stays in the log.
const (
	maxPendingEvents = 2048
	maxPendingBytes  = 8 << 20
	maxLateLanes     = 500 // channels that are late at the same time; then no further ones are read. Their names fit into a seat
)

// delivery tells one hook what is in its sources, for as long as this node does that. It has a goroutine for
// each source, one that hands out work, and at most as many workers as the hook allows requests in flight.
type delivery struct {
	backend *backend
	publish publisher
	feeds   []*feed

	work  sync.WaitGroup // the workers
	poked chan struct{}  // holds a signal when there may be work
	room  chan struct{}  // holds a signal when there may be room for more events

	mu       sync.Mutex // guards all below, the feeds and the lanes
	ready    []*lane    // with events, or late
	waiting  []*lane    // to be tried again later
	working  int
	events   int // in memory
	bytes    int
	late     int
	stopping bool // no lane is taken up any more
	gone     bool // likewise, because the backend has said that it is gone for good
	dirty    bool // more has been told, or read, than was saved
}

func newDelivery(b *backend, publish publisher) *delivery {
	return &delivery{backend: b, publish: publish, poked: make(chan struct{}, 1), room: make(chan struct{}, 1)}
}

// run hands out work until ctx ends, for requests that end with another context. Call halt when it shall
// end, and wait for work.
func (d *delivery) run(ctx, requests context.Context) {
	var scanning sync.WaitGroup
	for _, f := range d.feeds {
		scanning.Go(func() { f.scan(ctx) })
	}
	defer scanning.Wait()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-d.poked:
		case <-timer.C:
		}
		timer.Reset(d.dispatch(requests))
	}
}

// idle is how long nothing is looked for when nothing happens.
const idle = time.Minute

// dispatch lets workers begin where there is work, and returns when to look again.
func (d *delivery) dispatch(ctx context.Context) time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	now, next := time.Now(), idle
	d.waiting = slices.DeleteFunc(d.waiting, func(l *lane) bool {
		if left := l.due.Sub(now); left > 0 {
			next = min(next, left)
			return false
		}
		d.enqueue(l)
		return true
	})
	if d.stopping || d.gone || len(d.ready) == 0 {
		return next
	}
	if pause := d.backend.telling.refusing(); pause > 0 {
		return min(next, pause)
	}
	for range min(len(d.ready), d.backend.InFlight-d.working) {
		d.working++
		d.work.Go(func() { d.worker(ctx) })
	}
	return next
}

// worker sends what is ready until nothing is, or the backend is left alone.
func (d *delivery) worker(ctx context.Context) {
	for {
		l := d.next()
		if l == nil {
			return
		}
		if l.load(ctx) {
			d.send(ctx, d.gather(l))
		}
	}
}

// next takes a lane that is ready, or ends the worker that asks.
func (d *delivery) next() *lane {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.stopping || d.gone || len(d.ready) == 0 || d.backend.telling.refusing() > 0 {
		d.working--
		poke(d.poked)
		return nil
	}
	return d.pop()
}

// pop takes the first lane that is ready, of which there is one. Lock held.
func (d *delivery) pop() *lane {
	l := d.ready[0]
	d.ready[0] = nil
	d.ready = d.ready[1:]
	return l
}

// enqueue makes a lane ready. Lock held.
func (d *delivery) enqueue(l *lane) {
	d.ready = append(d.ready, l)
}

// wait puts a lane aside for a while.
func (d *delivery) wait(l *lane, delay time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	l.due = time.Now().Add(delay)
	d.waiting = append(d.waiting, l)
	poke(d.poked)
}

// putDown puts a lane where it belongs after its events were told, or there were none: behind the others that
// are ready if it has more, and else away.
func (d *delivery) putDown(l *lane) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.putDownLocked(l)
}

func (d *delivery) putDownLocked(l *lane) {
	d.dirty = true
	switch {
	case len(l.events) > 0:
		d.enqueue(l)
	case l.late && l.read < l.seen:
		d.enqueue(l) // a worker reads on
	default:
		if l.late {
			d.late--
			poke(d.room)
		}
		delete(l.feed.lanes, l.channel)
	}
}

// fallBehind makes a lane late. Lock held.
func (d *delivery) fallBehind(l *lane) {
	if !l.late {
		l.late, l.seen = true, l.read
		d.late++
		d.dirty = true
	}
}

// grow counts events in memory. Lock held.
func (d *delivery) grow(events, bytes int) {
	d.events += events
	d.bytes += bytes
	if events < 0 {
		poke(d.room)
	}
}

// awaitRoom waits until more events may be read. It returns false if ctx ends before.
func (d *delivery) awaitRoom(ctx context.Context) bool {
	for {
		d.mu.Lock()
		room := d.events < maxPendingEvents && d.bytes < maxPendingBytes && d.late < maxLateLanes
		d.mu.Unlock()
		if room {
			poke(d.room) // for the next one that waits
			return ctx.Err() == nil
		}
		select {
		case <-d.room:
		case <-ctx.Done():
			return false
		}
	}
}

// halt lets no further request begin.
func (d *delivery) halt() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.stopping = true
}

// waits returns how many entries of its logs the hook is behind, how many channels are late, and how old the
// oldest event is that it has not been told.
func (d *delivery) waits() (behind uint64, late int, oldest time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := time.Now()
	for _, f := range d.feeds {
		s := f.state()
		behind += f.newest - min(s.Offset, f.newest)
		for _, l := range f.lanes {
			at := l.done.Time
			if len(l.events) > 0 {
				at = l.events[0].stored
			}
			oldest = max(oldest, now.Sub(at))
		}
	}
	return behind, d.late, oldest
}
