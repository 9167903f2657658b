package websocket

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"unicode/utf8"

	"github.com/holdfast-dev/holdfast/websocket/internal/wire"
	"pgregory.net/rapid"
)

// wantMessage reads one message and checks it.
func wantMessage(t failer, c *Conn, typ MessageType, want string) {
	t.Helper()
	gotType, got, err := c.Read(context.Background())
	if err != nil {
		t.Fatalf("Read: %v", err)
	}
	if gotType != typ || string(got) != want {
		t.Fatalf("got %v %.60q of %d bytes, want %v %.60q of %d", gotType, got, len(got), typ, want, len(want))
	}
}

func TestAReadWhoseContextHasEndedReadsNothing(t *testing.T) {
	onAllTransports(t, func(t *testing.T, kind string, role wire.Role) {
		c, p := connected(t, kind, role, Limits{})
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		for range 3 {
			if _, _, err := c.Read(ctx); err != context.Canceled {
				t.Fatalf("Read: %v, want context.Canceled", err)
			}
		}
		go p.send(0x81, "later")
		wantMessage(t, c, Text, "later")
	})
}

// The context ends at every place inside a message, and nothing of it is lost.
func TestAReadInterruptedAnywhereLosesNothing(t *testing.T) {
	onAllTransports(t, func(t *testing.T, kind string, role wire.Role) {
		c, p := connected(t, kind, role, Limits{})
		stream := slices.Concat(p.frame(0x01, "ab"), p.frame(0x89, "ping"), p.frame(0x00, ""), p.frame(0x80, filler(130)))
		for i := range stream {
			ctx, cancel := context.WithCancel(context.Background())
			interrupted := make(chan error, 1)
			go func() {
				_, _, err := c.Read(ctx)
				interrupted <- err
			}()
			if i > 0 {
				p.write(stream[i-1 : i])
			}
			cancel()
			if err := <-interrupted; err != context.Canceled {
				t.Fatalf("Read before byte %d: %v", i, err)
			}
		}
		go p.write(stream[len(stream)-1:])
		wantMessage(t, c, Text, "ab"+filler(130))
		p.want(0x8A, "ping")
		if err := c.Write(t.Context(), Text, []byte("as usable as before")); err != nil {
			t.Fatal(err)
		}
		p.want(0x81, "as usable as before")
	})
}

func TestAReaderThatWaitsForAnotherHonoursItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, p := connected(t, "pipe", wire.Server, Limits{})
		first := make(chan struct{})
		go func() {
			defer close(first)
			wantMessage(t, c, Text, "for the first")
		}()
		synctest.Wait()
		ctx, cancel := context.WithCancel(context.Background())
		second := make(chan error, 1)
		go func() {
			_, _, err := c.Read(ctx)
			second <- err
		}()
		synctest.Wait()
		cancel()
		if err := <-second; err != context.Canceled {
			t.Errorf("second Read: %v", err)
		}
		p.send(0x81, "for the first")
		<-first
	})
}

func TestWhatReadReturnsBelongsToTheCaller(t *testing.T) {
	onAllTransports(t, func(t *testing.T, kind string, role wire.Role) {
		c, p := connected(t, kind, role, Limits{})
		go func() {
			for range 3 {
				p.send(0x82, "first")
				p.send(0x82, "other")
				p.send(0x82, "")
			}
		}()
		var kept [][]byte
		for range 9 {
			_, m, err := c.Read(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if m == nil {
				t.Error("an empty message is nil")
			}
			kept = append(kept, m)
		}
		if got := fmt.Sprintf("%s", kept); got != "[first other  first other  first other ]" {
			t.Errorf("kept %s", got)
		}
	})
}

func TestServeDeliversEveryMessageInOrderUntilTheEnd(t *testing.T) {
	onAllTransports(t, func(t *testing.T, kind string, role wire.Role) {
		c, p := connected(t, kind, role, Limits{})
		var want []string
		go func() {
			for i := range 500 {
				p.send(0x81, fmt.Sprint(i, filler(i)))
			}
			p.send(0x88, "")
			p.want(0x88, "")
			p.Close()
		}()
		for i := range 500 {
			want = append(want, fmt.Sprint(i, filler(i)))
		}
		var got []string
		err := c.Serve(func(typ MessageType, m []byte) {
			if typ != Text {
				t.Errorf("type %v", typ)
			}
			got = append(got, string(m))
		})
		wantEnd(t, err, CloseError{Code: CloseNoStatus, By: Remote, Clean: true})
		if !slices.Equal(got, want) {
			t.Errorf("%d messages, or others than were sent", len(got))
		}
	})
}

func TestAMessageCutOffByTheEndIsNotReturned(t *testing.T) {
	onAllTransports(t, func(t *testing.T, kind string, role wire.Role) {
		c, p := connected(t, kind, role, Limits{})
		go func() {
			p.write(append(p.frame(0x81, "whole"), p.frame(0x01, "in part")...))
			p.Close()
		}()
		wantMessage(t, c, Text, "whole")
		_, m, err := c.Read(t.Context())
		wantEnd(t, err, CloseError{Code: CloseAbnormal, By: Network})
		if m != nil {
			t.Errorf("got %q", m)
		}
	})
}

// cutUp draws where to split b and returns the parts.
func cutUp(t *rapid.T, b []byte) (parts [][]byte) {
	for _, n := range rapid.SliceOfN(rapid.IntRange(1, 40), 0, 30).Draw(t, "cuts") {
		if n >= len(b) {
			break
		}
		parts, b = append(parts, b[:n]), b[n:]
	}
	return append(parts, b)
}

func TestAnyMessageInAnyFragmentsAndSegmentsArrivesWhole(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		kind := rapid.SampledFrom(transports).Draw(rt, "transport")
		role := rapid.SampledFrom(roles).Draw(rt, "role")
		ours, theirs := ends(rt, kind, role)
		c := newConn(ours, role, Limits{}, "", nil)
		p := newPeer(rt, theirs, role == wire.Server)
		defer func() {
			c.CloseNow()
			p.Close()
			<-c.Done()
		}()
		var (
			stream   []byte
			types    []MessageType
			messages []string
			pings    []string
		)
		for range rapid.IntRange(1, 4).Draw(rt, "messages") {
			typ := rapid.SampledFrom([]MessageType{Text, Binary}).Draw(rt, "type")
			m := rapid.OneOf(rapid.String().Filter(utf8.ValidString), rapid.Map(rapid.IntRange(0, 70000), filler)).Draw(rt, "message")
			types, messages = append(types, typ), append(messages, m)
			first := byte(typ)
			for range rapid.IntRange(0, 3).Draw(rt, "fragments") {
				n := rapid.IntRange(0, len(m)).Draw(rt, "fragment")
				stream = append(stream, p.frame(first, m[:n])...)
				first, m = 0, m[n:]
				if rapid.Bool().Draw(rt, "ping") {
					pings = append(pings, fmt.Sprint("ping ", len(pings)))
					stream = append(stream, p.frame(0x89, pings[len(pings)-1])...)
				}
			}
			stream = append(stream, p.frame(0x80|first, m)...)
		}
		parts := cutUp(rt, stream)
		go func() {
			for _, part := range parts {
				p.Conn.Write(part) // an error shows as a missing message
			}
		}()
		for i, m := range messages {
			wantMessage(rt, c, types[i], m)
		}
		if len(pings) == 0 {
			return
		}
		for at := 0; ; { // of the pings some may go unanswered, never the newest
			first, got, err := p.read()
			i := slices.Index(pings[at:], got)
			if err != nil || first != 0x8A || i < 0 {
				rt.Fatalf("peer got frame %#x %q, error %v, want a pong to one of %q", first, got, err, pings[at:])
			}
			if at += i + 1; at == len(pings) {
				return
			}
		}
	})
}
