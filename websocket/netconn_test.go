package websocket

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/holdfast-dev/holdfast/websocket/internal/wire"
)

func TestANetConnIsAStreamOfTheBytesOfMessages(t *testing.T) {
	onAllTransports(t, func(t *testing.T, kind string, role wire.Role) {
		c, p := connected(t, kind, role, Limits{})
		nc := NetConn(c, Binary)
		go func() {
			p.send(0x82, "one ")
			p.send(0x82, "")
			p.send(0x02, "two ")
			p.send(0x80, "three")
			p.send(0x88, closePayload(CloseNormal, ""))
			p.want(0x88, closePayload(CloseNormal, ""))
			p.Close()
		}()
		got, err := io.ReadAll(nc)
		if err != nil || string(got) != "one two three" {
			t.Errorf("read %q, %v", got, err)
		}
		if n, err := nc.Read(make([]byte, 1)); n != 0 || err != io.EOF {
			t.Errorf("after the end: %d, %v", n, err)
		}
	})
}

func TestANetConnWritesAMessageAWrite(t *testing.T) {
	c, p := connected(t, "tcp", wire.Server, Limits{})
	nc := NetConn(c, Binary)
	for _, m := range []string{"a", "", "bc"} {
		if n, err := nc.Write([]byte(m)); n != len(m) || err != nil {
			t.Fatalf("Write: %d, %v", n, err)
		}
	}
	p.want(0x82, "a")
	p.want(0x82, "bc")
	if nc.LocalAddr() != c.LocalAddr() || nc.RemoteAddr() != c.RemoteAddr() {
		t.Errorf("addresses %v and %v", nc.LocalAddr(), nc.RemoteAddr())
	}
}

func TestANetConnGoesOnAfterItsDeadline(t *testing.T) {
	onAllTransports(t, func(t *testing.T, kind string, role wire.Role) {
		c, p := connected(t, kind, role, Limits{})
		nc := NetConn(c, Binary)
		go p.send(0x02, "ab")
		b := make([]byte, 2)
		if _, err := io.ReadFull(nc, b); err != nil {
			t.Fatal(err)
		}
		nc.SetReadDeadline(time.Unix(1, 0))
		for range 2 { // in the middle of a message
			if n, err := nc.Read(b); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Fatalf("%d, %v", n, err)
			}
		}
		nc.SetDeadline(time.Time{})
		go p.send(0x80, "cd")
		if _, err := io.ReadFull(nc, b); err != nil || string(b) != "cd" {
			t.Fatalf("%q, %v", b, err)
		}
		if _, err := nc.Write([]byte("as usable as before")); err != nil {
			t.Fatal(err)
		}
		p.want(0x82, "as usable as before")
	})
}

func TestADeadlineOfANetConnMovesWhileACallWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, p := connected(t, "pipe", wire.Server, Limits{SendQueueBytes: 1})
		nc := NetConn(c, Binary)
		start := time.Now()
		type result struct {
			after time.Duration
			err   error
		}
		call := func(f func([]byte) (int, error)) <-chan result {
			done := make(chan result, 1)
			go func() {
				_, err := f(make([]byte, 10))
				done <- result{time.Since(start), err}
			}()
			synctest.Wait()
			return done
		}
		want := func(got result, after time.Duration) {
			t.Helper()
			if nerr, ok := errors.AsType[net.Error](got.err); got.after != after || !ok || !nerr.Timeout() {
				t.Errorf("returned %v after %v, want a timeout after %v", got.err, got.after, after)
			}
		}
		read := call(nc.Read)
		nc.SetReadDeadline(start.Add(2 * time.Second))
		nc.SetReadDeadline(start.Add(10 * time.Second))
		nc.Write([]byte("under way"))
		nc.Write([]byte("waiting"))
		write := call(nc.Write)
		nc.SetWriteDeadline(start.Add(5 * time.Second))
		want(<-write, 5*time.Second)
		want(<-read, 10*time.Second)
		p.want(0x82, "under way")
		p.want(0x82, "waiting")
	})
}

func TestANetConnTellsAnUncleanEndFromEOF(t *testing.T) {
	for name, end := range map[string]struct {
		do   func(p *peer)
		code CloseCode
	}{
		"no close frame":      {func(p *peer) {}, CloseAbnormal},
		"an application code": {func(p *peer) { p.send(0x88, closePayload(4000, "why")); p.wantClose(4000) }, 4000},
		"the other type":      {func(p *peer) { p.send(0x81, "text"); p.wantClose(CloseUnsupportedData) }, CloseUnsupportedData},
	} {
		t.Run(name, func(t *testing.T) {
			c, p := connected(t, "tcp", wire.Server, Limits{})
			go func() {
				end.do(p)
				p.Close()
			}()
			_, err := NetConn(c, Binary).Read(make([]byte, 1))
			if CloseCodeOf(err) != end.code {
				t.Errorf("Read: %v", err)
			}
		})
	}
}

func TestClosingANetConnIsACleanEndForBothSides(t *testing.T) {
	c, p := connected(t, "tcp", wire.Server, Limits{})
	nc := NetConn(c, Binary)
	read := make(chan error, 1)
	go func() {
		_, err := nc.Read(make([]byte, 1))
		read <- err
	}()
	go func() {
		p.wantClose(CloseNormal)
		p.send(0x88, closePayload(CloseNormal, ""))
		p.Close()
	}()
	if err := nc.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	if err := <-read; !errors.Is(err, net.ErrClosed) {
		t.Errorf("the read that waited: %v", err)
	}
	if _, err := nc.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Read: %v", err)
	}
	if _, err := nc.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Write: %v", err)
	}
	if err := nc.Close(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Close again: %v", err)
	}
}

func TestTwoNetConnsCarryAnyBytes(t *testing.T) {
	a, b := ends(t, "tcp", wire.Server)
	server, client := newConn(a, wire.Server, Limits{}, "", nil), newConn(b, wire.Client, Limits{}, "", nil)
	sent := []byte(filler(1 << 20))
	go func() {
		nc := NetConn(client, Binary)
		for rest := sent; len(rest) > 0; {
			n, _ := nc.Write(rest[:min(len(rest), 50_000)])
			rest = rest[n:]
		}
		nc.Close()
	}()
	got, err := io.ReadAll(NetConn(server, Binary))
	if err != nil || !bytes.Equal(got, sent) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	<-client.Done()
	server.Close(context.Background(), CloseNormal, "")
}
