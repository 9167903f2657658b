package websocket

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/websocket/internal/wire"
)

// wantSameEnd checks that every call returns the very end that Read returned.
func wantSameEnd(t *testing.T, c *Conn, end *CloseError) {
	t.Helper()
	<-c.Done()
	_, _, readErr := c.Read(context.Background())
	_, pingErr := c.Ping(context.Background())
	for call, err := range map[string]error{
		"Read":  readErr,
		"Serve": c.Serve(func(MessageType, []byte) { t.Error("Serve delivered a message after the end") }),
		"Write": c.Write(context.Background(), Text, []byte("x")),
		"Ping":  pingErr,
	} {
		if err != error(end) {
			t.Errorf("%s after the end: %v, want the same as before: %v", call, err, end)
		}
	}
	if r := c.Send(NewFrame(Text, []byte("x"))); r != Closed {
		t.Errorf("Send after the end: %d", r)
	}
	if err := c.Close(context.Background(), CloseNormal, ""); end.Clean && err != nil || !end.Clean && err != error(end) {
		t.Errorf("Close after the end: %v", err)
	}
}

func TestCloseNowEndsAtOnceWhoeverReads(t *testing.T) {
	onAllTransports(t, func(t *testing.T, kind string, role wire.Role) {
		for _, reading := range []bool{true, false} {
			c, p := connected(t, kind, role, Limits{CloseTimeout: time.Hour})
			served := make(chan error, 1)
			if reading {
				go func() { served <- c.Serve(nil) }()
			}
			c.CloseNow()
			<-c.Done()
			end := wantEnd(t, c.end, CloseError{Code: CloseAbnormal, By: Local})
			if !errors.Is(end, net.ErrClosed) {
				t.Errorf("cause %v", end.Err)
			}
			if reading && <-served != error(end) {
				t.Error("Serve returned something else")
			}
			p.wantEOF() // and no close frame
			wantSameEnd(t, c, end)
		}
	})
}

// The reader gives its token back just when the transport is dropped: one of the two must finish, not the close timer.
func TestCloseNowWhileReadReturnsAMessageEndsAtOnce(t *testing.T) {
	for range 300 {
		c, p := connected(t, "tcp", wire.Server, Limits{CloseTimeout: time.Hour})
		p.send(0x81, "x")
		read := make(chan struct{})
		go func() {
			defer close(read)
			c.Read(context.Background())
		}()
		c.CloseNow()
		<-read
		<-c.Done()
	}
}

func TestNothingIsReadAfterTheEndThoughTheTransportHoldsMore(t *testing.T) {
	onAllTransports(t, func(t *testing.T, kind string, role wire.Role) {
		c, p := connected(t, kind, role, Limits{})
		big := filler(10 << 10)
		go p.Conn.Write(append(p.frame(0x81, "first"), p.frame(0x81, big)...))
		if _, m, err := c.Read(t.Context()); err != nil || string(m) != "first" {
			t.Fatalf("Read: %q, %v", m, err)
		}
		c.CloseNow()
		<-c.Done()
		wantSameEnd(t, c, c.end)
	})
}

func TestALostTransportIsNoticedByWhoeverWrites(t *testing.T) {
	c, p := connected(t, "tcp", wire.Server, Limits{})
	p.Conn.(*net.TCPConn).SetLinger(0)
	p.Close() // with a reset
	var err error
	for err == nil {
		err = c.Write(t.Context(), Text, []byte("x"))
	}
	wantEnd(t, err, CloseError{Code: CloseAbnormal, By: Network})
	<-c.Done()
	wantSameEnd(t, c, c.end)
}
