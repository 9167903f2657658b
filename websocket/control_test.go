package websocket

import (
	"context"
	"io"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/holdfast-dev/holdfast/websocket/internal/wire"
)

// flood sends n frames and returns whether the connection took them.
func flood(p *peer, n int, frame []byte) bool {
	for range n {
		if _, err := p.Conn.Write(frame); err != nil {
			return false
		}
	}
	return true
}

func TestAFloodOfControlFramesIsEndedWithTheNameOfTheLimit(t *testing.T) {
	for _, first := range []byte{0x89, 0x8A} {
		synctest.Test(t, func(t *testing.T) {
			c, p := connected(t, "pipe", wire.Server, Limits{MaxControlRate: 10})
			served := make(chan error, 1)
			go func() { served <- c.Serve(nil) }()
			go flood(p, math.MaxInt, p.frame(first, ""))
			for {
				first, payload, err := p.read()
				if err != nil {
					t.Fatal(err)
				}
				if first == 0x88 {
					const want = "more than 200 pings and pongs in 20s (limit MaxControlRate)"
					if payload != closePayload(ClosePolicyViolation, want) {
						t.Errorf("close frame %q", payload)
					}
					break
				}
			}
			p.Close()
			if err := <-served; CloseCodeOf(err) != ClosePolicyViolation {
				t.Errorf("Serve: %v", err)
			}
		})
	}
}

func TestControlFramesWithinTheirRateGoOnForever(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, p := connected(t, "pipe", wire.Server, Limits{MaxControlRate: 10})
		p.SetDeadline(time.Time{})
		go c.Serve(nil)
		go io.Copy(io.Discard, p.br)
		for range 10_000 {
			if !flood(p, 1, p.frame(0x89, "x")) {
				t.Fatalf("ended with %v", c.verdict)
			}
			time.Sleep(time.Second / 10)
		}
		time.Sleep(controlPeriod)
		if !flood(p, 200, p.frame(0x8A, "")) { // and all of a period at once
			t.Fatalf("ended with %v", c.verdict)
		}
	})
}

func TestAPeerThatSendsMessagesMaySendAsManyControlFrames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, p := connected(t, "pipe", wire.Server, Limits{MaxControlRate: 1})
		go c.Serve(func(MessageType, []byte) {})
		go io.Copy(io.Discard, p.br)
		if !flood(p, 1000, append(p.frame(0x89, ""), p.frame(0x82, "x")...)) {
			t.Fatalf("ended with %v", c.verdict)
		}
	})
}

func TestAMessageOfTooManyFragmentsIsRefusedWithTheNameOfTheLimit(t *testing.T) {
	onAllTransports(t, func(t *testing.T, kind string, role wire.Role) {
		for _, payload := range []string{"", "x"} {
			c, p := connected(t, kind, role, Limits{MaxFragments: 100})
			served := make(chan error, 1)
			go func() { served <- c.Serve(func(MessageType, []byte) { t.Error("a message was delivered") }) }()
			parts := string(p.frame(0x02, payload)) + strings.Repeat(string(p.frame(0x00, payload)), 99)
			go p.write([]byte(parts + string(p.frame(0x80, ""))))
			if reason := p.wantClose(ClosePolicyViolation); reason != "message has more than 100 fragments (limit MaxFragments)" {
				t.Errorf("reason %q", reason)
			}
			p.wantEOF()
			p.Close()
			if err := <-served; CloseCodeOf(err) != ClosePolicyViolation {
				t.Errorf("Serve: %v", err)
			}
		}
	})
}

func TestAsManyFragmentsAsAreAllowedMakeAMessageAndTheNextStartsAnew(t *testing.T) {
	c, p := connected(t, "tcp", wire.Server, Limits{MaxFragments: 100})
	for range 3 {
		go p.write([]byte(string(p.frame(0x01, "x")) + strings.Repeat(string(p.frame(0x00, "")), 98) + string(p.frame(0x80, "y"))))
		wantMessage(t, c, Text, "xy")
	}
}

func TestTheDefaultLimitsLetSmallFragmentsOfLargeMessagesPass(t *testing.T) {
	l := Limits{MaxMessageBytes: 4 << 20}.withDefaults()
	if l.MaxFragments < 4<<20/64 {
		t.Errorf("%d fragments, too few for 4 MiB in pieces of 64 bytes", l.MaxFragments)
	}
	if l = (Limits{MaxMessageBytes: math.MaxInt64}).withDefaults(); l.MaxFragments <= 0 {
		t.Errorf("%d fragments", l.MaxFragments)
	}
	if _, _, err := func() (MessageType, []byte, error) {
		c, p := connected(t, "tcp", wire.Client, Limits{})
		go p.write([]byte(string(p.frame(0x02, "")) + strings.Repeat(string(p.frame(0x00, "")), 60_000) + string(p.frame(0x80, ""))))
		return c.Read(context.Background())
	}(); err != nil {
		t.Error(err)
	}
}
