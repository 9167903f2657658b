package session_test

import (
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/holdfast-dev/holdfast/internal/cluster"
	"github.com/holdfast-dev/holdfast/internal/policy"
	"github.com/holdfast-dev/holdfast/internal/session"
)

// All clients of a node that has died come at once. They heed what they are told, in whole seconds as in a header.
func TestACrowdThatComesAtOnceIsLetInAtTheRateAndInTheTimeThatThisTakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const clients, each = 3000, 100
		cs := newClients(t, policy.Limits{Handshakes: policy.Rate{PerSecond: each, Burst: each}})
		began := time.Now()
		var in, waiting, mostWaiting, mostRefusals atomic.Int64
		var coming sync.WaitGroup
		raise := func(most *atomic.Int64, n int64) {
			for at := most.Load(); n > at && !most.CompareAndSwap(at, n); at = most.Load() {
			}
		}
		for i := range clients {
			from := netip.AddrFrom4([4]byte{192, 0, byte(i >> 8), byte(i)})
			coming.Go(func() {
				<-time.After(rand.N(time.Second / 2)) // as a client waits after a drop
				for refusals := int64(1); ; refusals++ {
					raise(&mostWaiting, waiting.Add(1))
					err := cs.Knock(t.Context(), from)
					waiting.Add(-1)
					if err == nil {
						in.Add(1)
						return
					}
					raise(&mostRefusals, refusals)
					limit, _ := errors.AsType[*session.LimitError](err)
					<-time.After(limit.After.Truncate(time.Second) + time.Second)
				}
			})
		}
		coming.Wait()
		// The burst and what waits are let in meanwhile, the others behind them at nine tenths of the rate, up to a tenth late.
		most := 6*time.Second + clients*11*time.Second/(9*each) + 2*time.Second
		if took := time.Since(began); took > most {
			t.Errorf("it took %v, and should take %v at most", took, most)
		}
		if mostWaiting.Load() > 7*each {
			t.Errorf("%d waited at the same time", mostWaiting.Load())
		}
		if mostRefusals.Load() > 2 {
			t.Errorf("somebody who came when told was turned away %d times", mostRefusals.Load())
		}
	})
}

func TestNobodyIsToldToComeInMoreThanAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cs := newClients(t, policy.Limits{Handshakes: policy.Rate{PerSecond: 1, Burst: 1}})
		for range 6 {
			go cs.Knock(t.Context(), here)
		}
		synctest.Wait()
		halves := [2]int{}
		for range 1000 {
			limit, ok := errors.AsType[*session.LimitError](cs.Knock(t.Context(), there))
			if !ok || limit.After > 66*time.Second {
				t.Fatalf("told %v", limit)
			}
			halves[int(limit.After/(45*time.Second))%2]++
		}
		if halves[0] < 300 || halves[1] < 300 {
			t.Errorf("they are not spread: %v", halves)
		}
	})
}

func TestANodeSaysHowManyMoreItCanLetIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, one := range map[string]struct {
			limit       policy.Rate
			come        int
			least, most float64
		}{
			"without a limit":     {policy.Rate{}, 1000, 0, 0},
			"nobody comes":        {policy.Rate{PerSecond: 100, Burst: 100}, 0, 100, 100},
			"some wait":           {policy.Rate{PerSecond: 100, Burst: 100}, 400, 65, 75},
			"very many have come": {policy.Rate{PerSecond: 100, Burst: 100}, 3000, 5, 5},
		} {
			cs, c := newClients(t, policy.Limits{Handshakes: one.limit}), cluster.Alone(cluster.Node{ID: "a"})
			cs.Join(c, slog.New(slog.DiscardHandler))
			for range one.come {
				go cs.Knock(t.Context(), here)
			}
			synctest.Wait()
			if got := c.Self().Handshakes; got < one.least || got > one.most {
				t.Errorf("%s: it says %v", name, got)
			}
		}
	})
}
