package stat

import (
	"math"
	"testing"
	"time"
)

func TestAQuantileIsAtMostAThirtySecondTooLarge(t *testing.T) {
	for _, d := range []time.Duration{0, 1, 31, 32, 63, 64, 65, 1000, 12345, time.Millisecond, time.Second, time.Hour, math.MaxInt64} {
		var h Histogram
		h.Add(d, 1)
		for _, q := range []float64{0, 0.5, 1} {
			if got := h.Quantile(q); got < d || got-d > d/32 {
				t.Errorf("quantile %v of %v alone is %v", q, d, got)
			}
		}
	}
}

func TestQuantilesSplitWhatWasCounted(t *testing.T) {
	var h Histogram
	for i := range 100 {
		h.Add(time.Duration(i+1)*time.Microsecond, 10)
	}
	if h.Total() != 1000 {
		t.Errorf("total is %d; want 1000", h.Total())
	}
	for q, want := range map[float64]time.Duration{0.01: 1000, 0.5: 50_000, 0.99: 99_000, 1: 100_000} {
		if got := h.Quantile(q); got < want || got > want+want/32 {
			t.Errorf("quantile %v is %v; want about %v", q, got, want)
		}
	}
}

func TestNothingCountedHasQuantilesOfZero(t *testing.T) {
	var h Histogram
	if got := h.Quantile(0.99); got != 0 {
		t.Errorf("got %v", got)
	}
}

func TestANegativeLatencyCountsAsNone(t *testing.T) {
	var h Histogram
	h.Add(-time.Second, 1)
	if got := h.Quantile(1); got != 0 {
		t.Errorf("got %v", got)
	}
}
