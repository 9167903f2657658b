package websocket

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/holdfast-dev/holdfast/websocket/internal/wire"
)

func TestConcurrentWritersNeverInterleave(t *testing.T) {
	onAllTransports(t, func(t *testing.T, kind string, role wire.Role) {
		const writers, messages = 8, 40
		c, p := connected(t, kind, role, Limits{})
		var wg sync.WaitGroup
		for w := range writers {
			wg.Go(func() {
				for i := range messages {
					m := []byte(fmt.Sprintf("%d.%d.%s", w, i, filler(i*i*(w+1))))
					if err := c.Write(context.Background(), Binary, m); err != nil {
						t.Errorf("Write: %v", err)
					}
					clear(m) // it belongs to the caller again
				}
			})
		}
		var next [writers]int
		for range writers * messages {
			first, m, err := p.read()
			if err != nil || first != 0x82 {
				t.Fatalf("peer got frame %#x, %v", first, err)
			}
			var w, i int
			fmt.Sscanf(m, "%d.%d.", &w, &i)
			if i != next[w] || m != fmt.Sprintf("%d.%d.%s", w, i, filler(i*i*(w+1))) {
				t.Fatalf("peer got %.30q of %d bytes where message %d of writer %d was due", m, len(m), next[w], w)
			}
			next[w]++
		}
		wg.Wait()
	})
}

func TestWriteRefusesWhatIsNoMessage(t *testing.T) {
	c, p := connected(t, "tcp", wire.Server, Limits{})
	if err := c.Write(t.Context(), Text, []byte("\xff")); err != ErrNotUTF8 {
		t.Errorf("text that is not UTF-8: %v", err)
	}
	for _, typ := range []MessageType{0, 3, 8, 9, 255} {
		if err := c.Write(t.Context(), typ, nil); err == nil || !strings.Contains(err.Error(), "Text or Binary") {
			t.Errorf("type %d: %v", typ, err)
		}
	}
	if err := c.Write(t.Context(), Binary, []byte("\xff")); err != nil {
		t.Error(err)
	}
	p.want(0x82, "\xff")
}

func TestWriteAfterCloseTellsOfTheClosing(t *testing.T) {
	c, p := connected(t, "tcp", wire.Server, Limits{})
	closed := make(chan error, 1)
	go func() { closed <- c.Close(context.Background(), CloseGoingAway, "bye") }()
	p.wantClose(CloseGoingAway)
	err := c.Write(t.Context(), Text, []byte("x"))
	wantEnd(t, err, CloseError{Code: CloseGoingAway, Reason: "bye", By: Local})
	if r := c.Send(NewFrame(Text, nil)); r != Closed {
		t.Errorf("Send: %d", r)
	}
	p.Close()
	<-closed
}

func TestAMessageOfAnySizeTravelsBothWays(t *testing.T) {
	for _, kind := range transports {
		t.Run(kind, func(t *testing.T) {
			server, client := ends(t, kind, wire.Server)
			limits := Limits{MaxMessageBytes: 8 << 20}
			a := newConn(server, wire.Server, limits, "", nil)
			b := newConn(client, wire.Client, limits, "", nil)
			served := make(chan error, 1)
			go func() {
				served <- a.Serve(func(typ MessageType, m []byte) { a.Write(context.Background(), typ, m) })
			}()
			for _, n := range []int{0, 1, 125, 126, 16 << 10, 32<<10 - 8, 32 << 10, 65535, 65536, 1 << 20, 8 << 20} {
				sent := make(chan error, 1)
				go func() { sent <- b.Write(context.Background(), Text, []byte(filler(n))) }()
				wantMessage(t, b, Text, filler(n))
				if err := <-sent; err != nil {
					t.Fatal(err)
				}
			}
			b.CloseNow()
			<-served
			<-b.Done()
		})
	}
}

func TestSendSaysWhatBecameOfTheFrame(t *testing.T) {
	for _, role := range roles {
		synctest.Test(t, func(t *testing.T) {
			c, p := connected(t, "pipe", role, Limits{SendQueueBytes: 1000})
			f := NewFrame(Binary, make([]byte, 100-wireHeader(role)))
			results := map[Result]int{}
			for range 20 {
				results[c.Send(f)]++
			}
			if results[Queued] != 10 || results[Dropped] != 10 { // the frame under way is counted too
				t.Errorf("results %v of frames of 100 bytes with a limit of 1000", results)
			}
			for range 10 {
				p.want(0x82, string(f.Payload()))
			}
			synctest.Wait()
			if r := c.Send(f); r != Queued {
				t.Errorf("after the peer has read: %v", r)
			}
			c.CloseNow()
			if r := c.Send(f); r != Closed {
				t.Errorf("after the end: %v", r)
			}
		})
	}
	c, p := connected(t, "tcp", wire.Server, Limits{})
	if r := c.Send(NewFrame(Text, []byte("x"))); r != Sent {
		t.Errorf("to an idle socket: %v", r)
	}
	p.want(0x81, "x")
}

// wireHeader is the length of the header of a frame with less than 126 bytes of payload.
func wireHeader(role wire.Role) int {
	if role == wire.Client {
		return 6
	}
	return 2
}

func TestASlowReaderCostsNoMoreThanTheLimit(t *testing.T) {
	c, p := connected(t, "tcp", wire.Server, Limits{SendQueueBytes: 100_000})
	shrink(c.nc, p.Conn)
	f := NewFrame(Text, []byte(filler(1000)))
	accepted := 0
	for c.Send(f) != Dropped {
		if accepted++; accepted > 20_000 {
			t.Fatal("20 MB were accepted for a peer that reads nothing")
		}
	}
	for range accepted {
		p.want(0x81, filler(1000))
	}
	if err := c.Write(t.Context(), Text, []byte("again")); err != nil {
		t.Fatal(err)
	}
	p.want(0x81, "again")
}

func TestFlushLetsASlowPeerCatchUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, p := connected(t, "pipe", wire.Server, Limits{SendQueueBytes: 100})
		f := NewFrame(Text, []byte(filler(28)))
		for c.Send(f) != Dropped {
		}
		flushed := make(chan error, 1)
		go func() { flushed <- c.Flush(context.Background()) }()
		synctest.Wait()
		select {
		case err := <-flushed:
			t.Fatalf("Flush did not wait: %v", err)
		default:
		}
		for range 3 { // of 30 bytes each
			p.want(0x81, filler(28))
		}
		if err := <-flushed; err != nil {
			t.Fatal(err)
		}
		if r := c.Send(f); r != Queued {
			t.Errorf("Send: %v", r)
		}
		c.CloseNow()
		if err := c.Flush(context.Background()); CloseCodeOf(err) != CloseAbnormal {
			t.Errorf("after the end: %v", err)
		}
	})
}

func TestAWriteThatWaitsForRoomHonoursItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, p := connected(t, "pipe", wire.Server, Limits{SendQueueBytes: 10})
		for _, m := range []string{"under way", "waiting"} {
			if err := c.Write(t.Context(), Text, []byte(m)); err != nil {
				t.Fatal(err)
			}
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if err := c.Write(ctx, Text, []byte("too much")); err != context.DeadlineExceeded {
			t.Errorf("Write: %v", err)
		}
		p.want(0x81, "under way")
		p.want(0x81, "waiting")
		synctest.Wait()
		if err := c.Write(t.Context(), Text, []byte("as usable as before")); err != nil {
			t.Error(err)
		}
		p.want(0x81, "as usable as before")
	})
}

func TestAPeerThatTakesNothingIsGivenUpAfterWriteTimeout(t *testing.T) {
	for _, reading := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			c, _ := connected(t, "pipe", wire.Server, Limits{WriteTimeout: 11 * time.Second, SendQueueBytes: 1})
			served := make(chan error, 1)
			if reading {
				go func() { served <- c.Serve(nil) }()
			}
			start := time.Now()
			c.Send(NewFrame(Text, []byte("under way")))
			c.Send(NewFrame(Text, []byte("waits")))
			err := c.Write(context.Background(), Text, []byte("waits for room"))
			end := wantEnd(t, err, CloseError{Code: CloseAbnormal, By: Network})
			if took := time.Since(start); took != 11*time.Second || !errors.Is(end, os.ErrDeadlineExceeded) {
				t.Errorf("ended after %v with %v", took, end)
			}
			<-c.Done()
			if reading {
				wantEnd(t, <-served, CloseError{Code: CloseAbnormal, By: Network})
			}
		})
	}
}

func TestAPeerThatTakesALittleNowAndThenIsNotGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, p := connected(t, "pipe", wire.Server, Limits{WriteTimeout: 10 * time.Second})
		c.Send(NewFrame(Text, []byte("slowly")))
		var got []byte
		for len(got) < 2+len("slowly") {
			time.Sleep(9 * time.Second) // fake
			var b [1]byte
			if _, err := io.ReadFull(p.Conn, b[:]); err != nil {
				t.Fatal(err)
			}
			got = append(got, b[0])
		}
		if !bytes.HasSuffix(got, []byte("slowly")) {
			t.Errorf("got %q", got)
		}
	})
}

func TestSmallMessagesCostNoAllocation(t *testing.T) {
	for _, role := range roles {
		t.Run(roleName(role), func(t *testing.T) {
			ours, theirs := ends(t, "tcp", role)
			sink := make(chan struct{})
			go func() {
				defer close(sink)
				io.Copy(io.Discard, theirs)
			}()
			c := newConn(ours, role, Limits{}, "", nil)
			f, text := NewFrame(Text, []byte("a small message")), []byte("a small message")
			for name, write := range map[string]func(){
				"Write": func() { c.Write(context.Background(), Text, text) },
				"Send":  func() { c.Send(f) },
			} {
				if n := testing.AllocsPerRun(500, write); n >= 1 && !raceEnabled {
					t.Errorf("%s: %v allocations", name, n)
				}
			}
			c.CloseNow()
			<-c.Done()
			<-sink
		})
	}
	t.Run("Serve", func(t *testing.T) {
		c, p := connected(t, "tcp", wire.Server, Limits{})
		got := make(chan struct{})
		go c.Serve(func(MessageType, []byte) { got <- struct{}{} })
		frame := p.frame(0x81, "a small message")
		n := testing.AllocsPerRun(500, func() {
			p.write(frame)
			<-got
		})
		if n >= 1 && !raceEnabled { // under the race detector a sync.Pool forgets at random
			t.Errorf("%v allocations", n)
		}
	})
}
