// Package stat holds the statistics of a measurement: medians of rounds and quantiles of latencies.
package stat

import (
	"math/bits"
	"time"
)

const (
	subBits    = 5 // a bucket is at most 1/32 of its value wide
	subBuckets = 1 << subBits
	buckets    = (64 - subBits + 1) * subBuckets
)

// Histogram counts durations in buckets whose width grows with the value, so that a quantile is
// wrong by at most 3 %. It takes 15 KB; the zero value is empty. It must not be used concurrently.
type Histogram struct {
	counts [buckets]uint64
	total  uint64
}

// Add counts d n times. A negative d counts as 0. Cost: a few instructions.
func (h *Histogram) Add(d time.Duration, n int) {
	h.counts[bucket(uint64(max(d, 0)))] += uint64(n)
	h.total += uint64(n)
}

// Total returns how many durations were counted.
func (h *Histogram) Total() uint64 { return h.total }

// Quantile returns the duration that the fraction q, from 0 to 1, of those counted do not exceed:
// the upper end of its bucket. It returns 0 if nothing was counted.
func (h *Histogram) Quantile(q float64) time.Duration {
	if h.total == 0 {
		return 0
	}
	rank := max(uint64(q*float64(h.total)+0.5), 1)
	var seen uint64
	for i, n := range h.counts {
		if seen += n; seen >= rank {
			return time.Duration(upperEnd(i))
		}
	}
	return time.Duration(upperEnd(buckets - 1))
}

// bucket returns the index of the bucket that v is in. Below 2*subBuckets each value has its own;
// above, each power of two is cut into subBuckets.
func bucket(v uint64) int {
	shift := max(bits.Len64(v)-subBits-1, 0)
	return shift*subBuckets + int(v>>shift)
}

// upperEnd returns the largest value in bucket i.
func upperEnd(i int) uint64 {
	shift := max(i/subBuckets-1, 0)
	return (uint64(i-shift*subBuckets)+1)<<shift - 1
}
