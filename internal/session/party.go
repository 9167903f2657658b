package session

import (
	"math"
	"time"

	"golang.org/x/time/rate"

	"github.com/holdfast-dev/holdfast/internal/policy"
)

// party is those who share a limit: the clients of an address, or the connections of a user. The lock of
// Clients guards what is not a bucket; the buckets guard themselves.
type party struct {
	user            string  // of the party of one
	part            float64 // of what a user may send, for this node
	conns           int
	handshakes      *rate.Limiter // like the others nil without a limit
	messages, bytes *rate.Limiter
}

// parties finds parties by what they have in common. Those without a connection are kept until their
// buckets are full again, so that nobody gets a full one by coming back.
type parties[K comparable] struct {
	all   map[K]*party
	sweep int // when there are so many, those that can go are dropped
}

const leastSweep = 1024 // parties

// get returns the party of k, which it makes if there is none.
func (ps *parties[K]) get(k K, make func() *party) *party {
	p := ps.all[k]
	if p == nil {
		if len(ps.all) >= max(ps.sweep, leastSweep) {
			ps.drop()
		}
		p = make()
		ps.all[k] = p
	}
	return p
}

// drop forgets the parties that nothing is known of. Cost: one look at each, once for as many new ones.
func (ps *parties[K]) drop() {
	now := time.Now()
	for k, p := range ps.all {
		if p.conns == 0 && full(p.handshakes, now) && full(p.messages, now) && full(p.bytes, now) {
			delete(ps.all, k)
		}
	}
	ps.sweep = 2 * len(ps.all)
}

// bucket returns the limiter of a rate, or nil if it has no limit.
func bucket(r policy.Rate) *rate.Limiter {
	if !r.Limited() {
		return nil
	}
	return rate.NewLimiter(rate.Limit(r.PerSecond), r.Burst)
}

func full(b *rate.Limiter, now time.Time) bool {
	return b == nil || b.TokensAt(now) >= float64(b.Burst())
}

// take takes n out of a bucket, or returns how long it takes until they are there. More than a full
// bucket is taken as a full one.
func take(b *rate.Limiter, now time.Time, n int) (wait time.Duration) {
	if b == nil || n == 0 || b.AllowN(now, min(n, b.Burst())) {
		return 0
	}
	missing := float64(min(n, b.Burst())) - b.TokensAt(now)
	return time.Duration(math.Ceil(missing / float64(b.Limit()) * float64(time.Second)))
}
