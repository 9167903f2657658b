package session

import (
	"time"

	"golang.org/x/time/rate"

	"github.com/holdfast-dev/holdfast/internal/policy"
)

// allowance is what one connection may still send. The zero value is a full bucket. It belongs to one goroutine,
// which is why it is no rate.Limiter: it needs no lock, and no memory of its own.
type allowance struct {
	used float64   // of a full bucket
	at   time.Time // when used was right
}

// take takes n, or returns how long it takes until they are there. More than a full bucket is taken as a full one.
func (a *allowance) take(r policy.Rate, now time.Time, n int) (wait time.Duration) {
	if !r.Limited() {
		return 0
	}
	used := max(0, a.used-now.Sub(a.at).Seconds()*r.PerSecond) + float64(min(n, r.Burst))
	over := used - float64(r.Burst)
	if wait = time.Duration(over / r.PerSecond * float64(time.Second)); wait > 0 { // less than a nanosecond is rounding
		return wait
	}
	a.used, a.at = used, now
	return 0
}

// share is what a connection has taken out of a bucket that it shares, and not used yet: one at a time would cost as
// much as all the rest.
type share struct{ left int }

// lumps is into how many parts a shared bucket is divided at most.
const lumps = 64

// take takes n out of the share, which is filled up from the bucket.
func (s *share) take(b *rate.Limiter, now time.Time, n int) (wait time.Duration) {
	switch {
	case b == nil:
		return 0
	case n <= s.left:
		s.left -= n
		return 0
	}
	if lump := b.Burst() / lumps; lump > n && take(b, now, lump) == 0 {
		s.left += lump - n
		return 0
	}
	return take(b, now, n)
}
