package chaos

import (
	"context"
	"testing"
	"time"
)

// restarts plays a small crowd whose connections break only because the server is ended and started again, with the
// same data and on the same port.
func restarts(t *testing.T, times int, end func(*node, testing.TB)) {
	n := startNode(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	s := shape{Name: "restart", Clients: 40, Channels: 10, Interval: time.Second / 10, Lasts: time.Duration(times+1) * time.Second}
	r, err := play(ctx, s, n.addr, func() {}, func() {
		for range times {
			if !sleep(ctx, time.Second) {
				return
			}
			end(n, t)
			n.start(t)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if t.Log(r); !r.flawless() {
		t.Error("that is not as it should be")
	}
	n.stop(t)
}

func TestNothingIsLostOrRepeatedWhenTheServerIsKilledInMidSentence(t *testing.T) {
	t.Parallel()
	restarts(t, 2, (*node).kill)
}

func TestNothingIsLostOrRepeatedWhenTheServerIsStoppedInMidSentence(t *testing.T) {
	t.Parallel()
	restarts(t, 2, (*node).stop)
}
