package hooks

import (
	"testing"
	"testing/synctest"
	"time"
)

// call makes a call that ends so, and reports whether the breaker let it through.
func call(b *breaker, how outcome) bool {
	p, wait := b.enter()
	if wait > 0 {
		return false
	}
	p.end(how)
	return true
}

func TestABreakerOpensAfterFailuresInARowAndClosesAfterAProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := breaker{least: leastOpen}
		for range breakAfter {
			if !call(&b, failed) {
				t.Fatal("it opened too early")
			}
		}
		if call(&b, succeeded) || b.refusing() != leastOpen {
			t.Fatalf("it is not open: refusing for %s", b.refusing())
		}
		time.Sleep(leastOpen)
		p, wait := b.enter()
		if wait > 0 {
			t.Fatal("it lets no probe through")
		}
		if _, wait := b.enter(); wait == 0 {
			t.Error("it lets a second probe through")
		}
		p.end(failed)
		for open := 2 * leastOpen; open < 2*time.Minute; open *= 2 {
			want := min(open, time.Minute)
			if b.refusing() != want {
				t.Errorf("after another probe it is open for %s, want %s", b.refusing(), want)
			}
			time.Sleep(want)
			if !call(&b, failed) {
				t.Error("it lets no probe through")
			}
		}
		time.Sleep(time.Minute)
		if !call(&b, succeeded) || b.level() != float64(closed) {
			t.Error("a probe that succeeded does not close it")
		}
	})
}

func TestABreakerOpensWhenHalfOfManyCallsFail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := breaker{least: leastOpen}
		for i := range leastCalls {
			if !call(&b, []outcome{succeeded, failed}[i%2]) {
				t.Fatalf("it opened at call %d", i)
			}
		}
		if call(&b, succeeded) {
			t.Error("it did not open")
		}
	})
}

func TestABreakerForgetsFailuresOfLongAgo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := breaker{least: leastOpen}
		for range 10 {
			for range breakAfter - 1 {
				call(&b, failed)
			}
			call(&b, succeeded)
			time.Sleep(callWindow + time.Second)
		}
		if !call(&b, succeeded) {
			t.Error("it opened")
		}
	})
}

func TestAProbeThatNobodyWaitedForIsMadeAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := breaker{least: leastOpen}
		for range breakAfter {
			call(&b, failed)
		}
		time.Sleep(leastOpen)
		if !call(&b, undecided) || !call(&b, succeeded) || b.level() != float64(closed) {
			t.Error("it does not close any more")
		}
	})
}

func TestACallFromBeforeTheBreakerOpenedDoesNotCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := breaker{least: leastOpen}
		late, _ := b.enter()
		for range breakAfter {
			call(&b, failed)
		}
		late.end(succeeded)
		if call(&b, succeeded) {
			t.Error("a late success closes it")
		}
	})
}
