package hooks

import (
	"sync"
	"time"
)

// A breaker spares a backend that does not answer, and those who would wait for it. Closed, it lets calls
// through and counts how they end. After breakAfter failures in a row, or when half of at least leastCalls
// within a window fail, it opens: calls fail at once. Then it lets one call through as a probe; if that
// succeeds it closes, else it stays open for twice as long.
const (
	breakAfter = 5
	leastCalls = 20
	callWindow = 10 * time.Second
	leastOpen  = 5 * time.Second
	openGrowth = 2           // by which the time is multiplied with each probe that fails
	mostOpen   = 12          // times the first one, a minute
	probeTime  = time.Second // when to ask again while a probe is under way
)

// outcome is how a call ended.
type outcome int

const (
	succeeded outcome = iota
	failed
	undecided // whoever wanted to know has gone
)

// breakerState is what a breaker does with the next call.
type breakerState int

const (
	closed  breakerState = iota // lets it through
	probing                     // waits for the probe
	open                        // refuses it
)

// breaker may be used from any goroutine. It begins closed.
type breaker struct {
	least time.Duration // for which it is open at first

	mu     sync.Mutex // guards all
	state  breakerState
	until  time.Time     // open: when a probe may be made
	length time.Duration // for how long it was open the last time
	opened int           // how often it has opened: a call that began before does not count any more

	inRow        int       // failures
	since        time.Time // the beginning of the window
	calls, fails int       // within it
}

// pass is the right to make a call. Its end must be told once.
type pass struct {
	breaker *breaker
	opened  int
	probe   bool
}

// enter asks for the right to make a call, or tells how long to wait before asking again.
func (b *breaker) enter() (p pass, wait time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	switch {
	case b.state == closed:
	case b.state == open && !now.Before(b.until):
		b.state = probing
	default:
		return pass{}, max(b.until.Sub(now), probeTime)
	}
	return pass{b, b.opened, b.state == probing}, 0
}

// refusing tells for how long calls would be refused now, 0 for not at all, without asking for one.
func (b *breaker) refusing() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch b.state {
	case closed:
		return 0
	case probing:
		return probeTime
	}
	return max(time.Until(b.until), 0)
}

// end tells how the call went. It returns true if the breaker has opened by it.
func (p pass) end(o outcome) (opens bool) {
	b := p.breaker
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case p.opened != b.opened:
		return false // from before
	case b.state == probing:
		return b.probed(o)
	case o == undecided:
		return false
	}
	now := time.Now()
	if now.Sub(b.since) > callWindow {
		b.since, b.calls, b.fails = now, 0, 0
	}
	b.calls++
	if o == succeeded {
		b.inRow = 0
		return false
	}
	b.fails++
	b.inRow++
	if b.inRow < breakAfter && (b.calls < leastCalls || 2*b.fails < b.calls) {
		return false
	}
	b.openFor(b.least)
	return true
}

// probed ends a probe. Lock held.
func (b *breaker) probed(o outcome) (opens bool) {
	switch o {
	case succeeded:
		b.state, b.inRow, b.since = closed, 0, time.Time{}
	case failed:
		b.openFor(min(openGrowth*b.length, mostOpen*b.least))
	default:
		b.state = open // another one may try at once
	}
	return o == failed
}

// openFor opens it. Lock held.
func (b *breaker) openFor(d time.Duration) {
	b.state, b.length, b.until = open, d, time.Now().Add(d)
	b.opened++
}

// level is the state as a metric.
func (b *breaker) level() float64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return float64(b.state)
}
