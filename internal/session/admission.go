package session

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/holdfast-dev/holdfast/internal/policy"
)

// admission lets handshakes in at a rate, each at its turn. When many come at the same time, as after another node has
// died, few seconds' worth of them wait here; the others are turned away, each with a time of its own to come again: one
// behind the other, as fast as they can be let in. So they come back spread over the time that it takes to let all of them
// in, and nobody is turned away twice who comes when he was told to.
type admission struct {
	turns *rate.Limiter // nil without a limit

	mu   sync.Mutex // guards what follows
	last time.Time  // the latest time that somebody was told
}

const (
	// maxHandshakeWait is how long a handshake may wait for its turn.
	maxHandshakeWait = 5 * time.Second
	// appointed is the share of the rate that is for those who come again; the rest is for who comes for the first time.
	appointed = 0.9
	// maxAppointment is the latest that anybody is told to come again. What strangers can do to the line is bounded by it;
	// beyond, times are random in its second half.
	maxAppointment = time.Minute
	// scatter is how much later than told somebody is told at most, as a share of the time: what comes in step gets out of it.
	scatter = 0.1
	// soon is how far Handshakes looks ahead.
	soon = 10 * time.Second
)

func newAdmission(r policy.Rate) admission { return admission{turns: bucket(r)} }

// await waits for the turn of a handshake. The error is a *LimitError, or that of ctx.
func (a *admission) await(ctx context.Context) error {
	if a.turns == nil {
		return nil
	}
	turn := a.turns.Reserve()
	wait := turn.Delay()
	if wait > maxHandshakeWait {
		turn.Cancel()
		return &LimitError{"limits.handshakes", "too many clients connect at the same time", a.appoint(time.Now(), wait)}
	}
	if wait == 0 {
		return nil
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		turn.Cancel()
		return context.Cause(ctx)
	}
}

// appoint returns when somebody is to come again who would have to wait so long: behind all who have been told before.
func (a *admission) appoint(now time.Time, wait time.Duration) time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	if begin := now.Add(wait); a.last.Before(begin) {
		a.last = begin
	}
	next := a.last.Add(time.Duration(float64(time.Second) / (appointed * float64(a.turns.Limit()))))
	after := next.Sub(now)
	if after > maxAppointment {
		return maxAppointment/2 + rand.N(maxAppointment/2)
	}
	a.last = next
	return after + rand.N(time.Duration(scatter*float64(after))+1)
}

// spare returns how many a second can be let in besides those who wait or have been told when to come: 0 for as many as
// come, and never quite none.
func (a *admission) spare(now time.Time) float64 {
	if a.turns == nil {
		return 0
	}
	each := float64(a.turns.Limit())
	behind := max(0, -a.turns.TokensAt(now)/each) // seconds
	a.mu.Lock()
	behind = max(behind, a.last.Sub(now).Seconds())
	a.mu.Unlock()
	return each * max(1-behind/soon.Seconds(), 0.05)
}
