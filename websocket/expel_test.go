package websocket

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/holdfast-dev/holdfast/websocket/internal/wire"
)

func TestExpelFromServesHandlerEndsAsThePeerAnswers(t *testing.T) {
	onAllTransports(t, func(t *testing.T, kind string, role wire.Role) {
		c, p := connected(t, kind, role, Limits{})
		served := make(chan error, 1)
		go func() { served <- c.Serve(func(MessageType, []byte) { c.Expel(ClosePolicyViolation, "out") }) }()
		p.send(0x81, "go")
		p.wantClose(ClosePolicyViolation)
		p.send(0x88, closePayload(ClosePolicyViolation, ""))
		p.Close()
		wantEnd(t, <-served, CloseError{Code: ClosePolicyViolation, Reason: "out", By: Local, Clean: true})
	})
}

func TestExpelDiscardsWhatWaitsButNotTheFrameUnderWay(t *testing.T) {
	onAllTransports(t, func(t *testing.T, kind string, role wire.Role) {
		c, p := connected(t, kind, role, Limits{SendQueueBytes: 64 << 20})
		shrink(c.nc, p.Conn)
		first := filler(1 << 20) // more than the sockets hold
		if r := c.Send(NewFrame(Text, []byte(first))); r != Queued {
			t.Fatalf("Send: %d", r)
		}
		for range 5 {
			c.Send(NewFrame(Text, []byte("discarded")))
		}
		if err := c.Expel(CloseTryAgainLater, "too slow"); err != nil {
			t.Fatal(err)
		}
		p.want(0x81, first)
		if reason := p.wantClose(CloseTryAgainLater); reason != "too slow" {
			t.Errorf("reason %q", reason)
		}
	})
}

func TestExpelOfABlockedPeerEndsAfterCloseTimeout(t *testing.T) {
	for _, reading := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			c, _ := connected(t, "pipe", wire.Server, Limits{CloseTimeout: 7 * time.Second})
			served := make(chan error, 1)
			if reading {
				go func() { served <- c.Serve(nil) }()
			}
			c.Send(NewFrame(Text, []byte("blocks")))
			start := time.Now()
			if err := c.Expel(CloseTryAgainLater, "too slow"); err != nil || time.Since(start) != 0 {
				t.Errorf("Expel returned %v after %v", err, time.Since(start))
			}
			<-c.Done()
			if took := time.Since(start); took != 7*time.Second {
				t.Errorf("it took %v", took)
			}
			end := wantEnd(t, c.end, CloseError{Code: CloseTryAgainLater, Reason: "too slow", By: Local})
			if !errors.Is(end, errCloseTimeout) {
				t.Errorf("cause %v", end.Err)
			}
			if reading && <-served != error(end) {
				t.Error("Serve returned something else")
			}
		})
	}
}
