package websocket

import (
	"context"
	"errors"
	"io"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/holdfast-dev/holdfast/websocket/internal/wire"
)

// Time is fake in most of these tests, so that the timeouts pass at once and exactly.

func TestAPeerThatNeverAnswersCloseIsGivenUpAfterCloseTimeout(t *testing.T) {
	for _, reading := range []bool{true, false} {
		for _, role := range roles {
			synctest.Test(t, func(t *testing.T) {
				c, p := connected(t, "pipe", role, Limits{CloseTimeout: 7 * time.Second})
				served := make(chan error, 1)
				if reading {
					go func() { served <- c.Serve(nil) }()
				}
				go io.Copy(io.Discard, p.br)
				start := time.Now()
				end := wantEnd(t, c.Close(context.Background(), CloseNormal, ""), CloseError{Code: CloseNormal, By: Local})
				if took := time.Since(start); took != 7*time.Second {
					t.Errorf("Close took %v", took)
				}
				if !errors.Is(end, errCloseTimeout) {
					t.Errorf("cause %v", end.Err)
				}
				if reading {
					if err := <-served; err != error(c.end) {
						t.Errorf("Serve: %v", err)
					}
				}
				wantSameEnd(t, c, c.end)
			})
		}
	}
}

func TestAPeerThatReadsNothingIsGivenUpAfterCloseTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := connected(t, "pipe", wire.Server, Limits{CloseTimeout: 7 * time.Second})
		c.Send(NewFrame(Text, []byte("blocks")))
		start := time.Now()
		wantEnd(t, c.Close(context.Background(), CloseNormal, ""), CloseError{Code: CloseNormal, By: Local})
		if took := time.Since(start); took != 7*time.Second {
			t.Errorf("Close took %v", took)
		}
		<-c.Done()
	})
}

func TestAServerThatNeverClosesTheTransportIsLeftAfterCloseTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, p := connected(t, "pipe", wire.Client, Limits{CloseTimeout: 7 * time.Second})
		closed := make(chan error, 1)
		start := time.Now()
		go func() { closed <- c.Close(context.Background(), CloseNormal, "") }()
		p.wantClose(CloseNormal)
		p.send(0x88, closePayload(CloseNormal, ""))
		if err := <-closed; err != nil {
			t.Errorf("Close: %v, though both close frames were exchanged", err)
		}
		if took := time.Since(start); took != 7*time.Second {
			t.Errorf("Close took %v", took)
		}
		if end := c.end; !end.Clean || end.Err != nil {
			t.Errorf("ended with %v, clean %v", end, end.Clean)
		}
	})
}

func TestCloseGivesUpWhenItsContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, p := connected(t, "pipe", wire.Server, Limits{})
		go io.Copy(io.Discard, p.br)
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		start := time.Now()
		end := wantEnd(t, c.Close(ctx, CloseNormal, ""), CloseError{Code: CloseNormal, By: Local})
		if took := time.Since(start); took != time.Second || !errors.Is(end, context.DeadlineExceeded) {
			t.Errorf("Close took %v and failed with %v", took, end)
		}
		<-c.Done()
	})
}

func TestCloseWithAnEndedContextStillSendsTheCloseFrame(t *testing.T) {
	c, p := connected(t, "tcp", wire.Server, Limits{})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	wantEnd(t, c.Close(ctx, CloseGoingAway, "hurry"), CloseError{Code: CloseGoingAway, Reason: "hurry", By: Local})
	if reason := p.wantClose(CloseGoingAway); reason != "hurry" {
		t.Errorf("reason %q", reason)
	}
	p.wantEOF()
}

func TestCloseFromServesHandlerReturnsAfterTheTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, p := connected(t, "pipe", wire.Server, Limits{CloseTimeout: 7 * time.Second})
		go io.Copy(io.Discard, p.br)
		go p.send(0x81, "go")
		start := time.Now()
		err := c.Serve(func(MessageType, []byte) {
			err := c.Close(context.Background(), CloseNormal, "")
			wantEnd(t, err, CloseError{Code: CloseNormal, By: Local})
		})
		wantEnd(t, err, CloseError{Code: CloseNormal, By: Local})
		if took := time.Since(start); took != 7*time.Second {
			t.Errorf("it took %v", took)
		}
		wantSameEnd(t, c, c.end)
	})
}

func TestAReadTimeoutOfTheTransportIsNotTakenForTheContexts(t *testing.T) {
	c, _ := connected(t, "tcp", wire.Server, Limits{})
	c.nc.SetReadDeadline(time.Unix(1, 0))
	_, _, err := c.Read(t.Context())
	end := wantEnd(t, err, CloseError{Code: CloseAbnormal, By: Network})
	if !errors.Is(end, os.ErrDeadlineExceeded) {
		t.Errorf("cause %v", end.Err)
	}
}

// While messages that came together are handled, answers wait for each other; a close frame does not.
func TestCloseFromAHandlerOfSeveralMessagesReachesThePeer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, p := connected(t, "pipe", wire.Server, Limits{CloseTimeout: 7 * time.Second})
		go p.write(append(p.frame(0x81, "one"), p.frame(0x81, "two")...))
		closed := make(chan error, 1)
		go c.Serve(func(_ MessageType, m []byte) {
			if string(m) == "one" {
				c.Write(context.Background(), Text, []byte("answer"))
				closed <- c.Close(context.Background(), CloseNormal, "bye")
			}
		})
		p.want(0x81, "answer")
		if reason := p.wantClose(CloseNormal); reason != "bye" {
			t.Errorf("reason %q", reason)
		}
		wantEnd(t, <-closed, CloseError{Code: CloseNormal, Reason: "bye", By: Local})
		<-c.Done()
	})
}
