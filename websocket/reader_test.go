package websocket

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"

	"github.com/holdfast-dev/holdfast/websocket/internal/wire"
	"pgregory.net/rapid"
)

// nextReader returns the reader of the next message.
func nextReader(t failer, c *Conn, want MessageType) io.Reader {
	t.Helper()
	typ, r, err := c.NextReader(context.Background())
	if err != nil || typ != want {
		t.Fatalf("NextReader: %v, %v; want %v", typ, err, want)
	}
	return r
}

// wantStream reads a message to its end and checks it.
func wantStream(t failer, c *Conn, typ MessageType, want string) {
	t.Helper()
	got, err := io.ReadAll(nextReader(t, c, typ))
	if err != nil || string(got) != want {
		t.Fatalf("read %.60q of %d bytes, %v; want %.60q of %d", got, len(got), err, want, len(want))
	}
}

func TestAReaderReturnsAMessageHoweverItIsCut(t *testing.T) {
	onAllTransports(t, func(t *testing.T, kind string, role wire.Role) {
		c, p := connected(t, kind, role, Limits{})
		large := filler(300_000)
		go func() {
			p.send(0x81, "whole")
			p.send(0x82, "")
			p.write(append(append(p.frame(0x01, ""), p.frame(0x00, "")...), p.frame(0x80, "")...))
			p.send(0x02, large[:100_000])
			p.send(0x89, "between")
			p.send(0x00, large[100_000:100_001])
			p.send(0x80, large[100_001:])
			p.send(0x81, "last")
		}()
		wantStream(t, c, Text, "whole")
		wantStream(t, c, Binary, "")
		wantStream(t, c, Text, "")
		wantStream(t, c, Binary, large)
		wantMessage(t, c, Text, "last")
		p.want(0x8A, "between")
		if c.in.buf != nil || c.in.message != nil || c.in.stream != nil {
			t.Error("something is kept after the messages")
		}
	})
}

func TestAReaderReturnsTheMessageInAnySteps(t *testing.T) {
	c, p := connected(t, "tcp", wire.Server, Limits{})
	text := filler(1000)
	for _, one := range []bool{true, false} {
		go p.write(append(append(p.frame(0x01, text[:500]), p.frame(0x80, text[500:])...), p.frame(0x82, "next")...))
		r := nextReader(t, c, Text)
		if one {
			r = iotest.OneByteReader(r)
		} else {
			r = iotest.HalfReader(r)
		}
		if got, err := io.ReadAll(r); err != nil || string(got) != text {
			t.Fatalf("got %q, %v", got, err)
		}
		wantMessage(t, c, Binary, "next")
	}
}

func TestWhatArrivesIsReadBeforeTheMessageIsWhole(t *testing.T) {
	onAllTransports(t, func(t *testing.T, kind string, role wire.Role) {
		c, p := connected(t, kind, role, Limits{})
		go p.send(0x01, "begun")
		r := nextReader(t, c, Text)
		b := make([]byte, 5)
		if _, err := io.ReadFull(r, b); err != nil || string(b) != "begun" {
			t.Fatalf("got %q, %v", b, err)
		}
		go p.send(0x80, "ended")
		if _, err := io.ReadFull(r, b); err != nil || string(b) != "ended" {
			t.Fatalf("got %q, %v", b, err)
		}
		for range 2 {
			if n, err := r.Read(b); n != 0 || err != io.EOF {
				t.Errorf("at the end: %d, %v", n, err)
			}
		}
		if n, err := r.Read(nil); n != 0 || err != nil {
			t.Errorf("nothing: %d, %v", n, err)
		}
	})
}

func TestWhatIsLeftUnreadOfAMessageIsSkipped(t *testing.T) {
	next := map[string]func(*testing.T, *Conn){
		"Read":       func(t *testing.T, c *Conn) { wantMessage(t, c, Text, "next") },
		"NextReader": func(t *testing.T, c *Conn) { wantStream(t, c, Text, "next") },
		"Serve": func(t *testing.T, c *Conn) {
			var got []string
			c.Serve(func(_ MessageType, m []byte) {
				got = append(got, string(m))
				go c.Expel(CloseNormal, "")
			})
			if len(got) != 1 || got[0] != "next" {
				t.Errorf("served %q", got)
			}
		},
	}
	for name, next := range next {
		for _, read := range []int{0, 1, 7, 8, 20, 28} {
			onAllTransports(t, func(t *testing.T, kind string, role wire.Role) {
				c, p := connected(t, kind, role, Limits{})
				go func() {
					p.write(p.frame(0x01, "fragment"))
					p.write(p.frame(0x00, filler(20)))
					p.write(p.frame(0x80, ""))
					p.write(p.frame(0x81, "next"))
					for first, _, err := p.read(); err == nil; first, _, err = p.read() {
						if first == 0x88 {
							p.write(p.frame(0x88, closePayload(CloseNormal, "")))
							p.Close()
							return
						}
					}
				}()
				r := nextReader(t, c, Text)
				if _, err := io.ReadFull(r, make([]byte, read)); err != nil {
					t.Fatal(err)
				}
				next(t, c)
				if n, err := r.Read(make([]byte, 10)); n != 0 || err == nil || err == io.EOF {
					t.Errorf("%s: the old reader returned %d, %v", name, n, err)
				}
			})
		}
	}
}

func TestAReaderThatIsDroppedWithAWholeMessageInHandLeavesTheNextAlone(t *testing.T) {
	c, p := connected(t, "tcp", wire.Server, Limits{})
	go p.write(append(p.frame(0x81, "one"), p.frame(0x81, "two")...))
	nextReader(t, c, Text)
	wantMessage(t, c, Text, "two")
}

func TestAnInterruptedReaderKeepsTheConnection(t *testing.T) {
	onAllTransports(t, func(t *testing.T, kind string, role wire.Role) {
		c, p := connected(t, kind, role, Limits{})
		ctx, cancel := context.WithCancel(context.Background())
		waiting := make(chan error, 1)
		go func() {
			_, _, err := c.NextReader(ctx)
			waiting <- err
		}()
		cancel()
		if err := <-waiting; err != context.Canceled {
			t.Fatalf("NextReader: %v", err)
		}

		ctx, cancel = context.WithCancel(context.Background())
		go p.send(0x01, "some")
		_, r, err := c.NextReader(ctx)
		if err != nil {
			t.Fatal(err)
		}
		io.ReadFull(r, make([]byte, 4))
		go func() {
			_, err := r.Read(make([]byte, 1))
			waiting <- err
		}()
		cancel()
		if err := <-waiting; err != context.Canceled {
			t.Fatalf("Read: %v", err)
		}
		if _, err := r.Read(make([]byte, 1)); err != context.Canceled {
			t.Errorf("Read again: %v", err)
		}
		go p.write(append(p.frame(0x80, "rest"), p.frame(0x82, "next")...))
		wantStream(t, c, Binary, "next")
	})
}

func TestAReaderGoesOnWithAMessageThatAReadWasInterruptedIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, p := connected(t, "pipe", wire.Server, Limits{})
		ctx, cancel := context.WithCancel(context.Background())
		interrupted := make(chan error, 1)
		go func() {
			_, _, err := c.Read(ctx)
			interrupted <- err
		}()
		p.send(0x01, "begun ")
		synctest.Wait()
		cancel()
		<-interrupted
		go p.send(0x80, "ended")
		wantStream(t, c, Text, "begun ended")
	})
}

func TestAReaderLearnsThatItsMessageIsCutOff(t *testing.T) {
	onAllTransports(t, func(t *testing.T, kind string, role wire.Role) {
		c, p := connected(t, kind, role, Limits{})
		go func() {
			p.send(0x01, "some")
			p.Close()
		}()
		got, err := io.ReadAll(nextReader(t, c, Text))
		end := wantEnd(t, err, CloseError{Code: CloseAbnormal, By: Network})
		if string(got) != "some" || c.End() != end {
			t.Errorf("got %q, End %v", got, c.End())
		}
		if _, _, err := c.NextReader(t.Context()); err != error(end) {
			t.Errorf("NextReader: %v", err)
		}
	})
}

func TestTheEndTakesWhatAReaderHasNotReadYet(t *testing.T) {
	c, p := connected(t, "tcp", wire.Server, Limits{})
	go p.send(0x81, "never read")
	r := nextReader(t, c, Text)
	c.CloseNow()
	<-c.Done()
	n, err := r.Read(make([]byte, 10))
	if n != 0 || !errors.Is(err, c.End()) {
		t.Errorf("%d, %v", n, err)
	}
}

func TestTheRulesHoldForStreamedMessagesToo(t *testing.T) {
	for _, r := range []rule{
		{"too large", frames(0x02, strings.Repeat("x", 600), 0x80, strings.Repeat("x", 401)), 1009, "1000"},
		{"not UTF-8 in a later part", frames(0x01, "good", 0x80, "\xff"), 1007, "UTF-8"},
		{"a new message inside", frames(0x01, "a", 0x81, "b"), 1002, "has not ended"},
	} {
		t.Run(r.name, func(t *testing.T) {
			c, p := connected(t, "tcp", wire.Server, ruleLimits)
			ended := make(chan error, 1)
			go func() {
				_, r, err := c.NextReader(context.Background())
				if err == nil {
					_, err = io.ReadAll(r)
				}
				ended <- err
			}()
			breakRule(t, p, r)
			if err := <-ended; CloseCodeOf(err) != r.code {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestMessagesThatCameDuringCloseAreReadAsReadersToo(t *testing.T) {
	c, p := connected(t, "tcp", wire.Server, Limits{})
	go func() {
		p.wantClose(CloseNormal)
		p.send(0x81, "late")
		p.send(0x88, closePayload(CloseNormal, ""))
		p.Close()
	}()
	if err := c.Close(t.Context(), CloseNormal, ""); err != nil {
		t.Fatal(err)
	}
	wantStream(t, c, Text, "late")
}

// Messages in any fragments are read whole, as streams, in part or not at all, and each is what was sent.
func TestReadersAndReadsTakeTurnsInAnyOrder(t *testing.T) {
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
		var stream []byte
		var messages []string
		for range rapid.IntRange(1, 6).Draw(rt, "messages") {
			m := filler(rapid.SampledFrom([]int{0, 1, 5, 130, 40_000, 70_000}).Draw(rt, "size"))
			messages = append(messages, m)
			first := byte(2)
			for range rapid.IntRange(0, 3).Draw(rt, "fragments") {
				n := rapid.IntRange(0, len(m)).Draw(rt, "fragment")
				stream = append(stream, p.frame(first, m[:n])...)
				first, m = 0, m[n:]
			}
			stream = append(stream, p.frame(0x80|first, m)...)
		}
		parts := cutUp(rt, stream)
		go func() {
			for _, part := range parts {
				p.Conn.Write(part) // an error shows as a missing message
			}
		}()
		for _, m := range messages {
			if rapid.Bool().Draw(rt, "whole") {
				wantMessage(rt, c, Binary, m)
				continue
			}
			r := nextReader(rt, c, Binary)
			n := rapid.IntRange(0, len(m)+1).Draw(rt, "bytes")
			got, err := io.ReadAll(io.LimitReader(r, int64(n)))
			if err != nil || string(got) != m[:min(n, len(m))] {
				rt.Fatalf("read %d of %d bytes, %v", len(got), len(m), err)
			}
		}
	})
}

func TestACompressedMessageIsReadLikeAnyOther(t *testing.T) {
	s, c := compressing(t, &Compression{}, &Compression{}, Limits{})
	for i := range 5 {
		m := chat(i) + filler(i*20_000)
		if err := c.Write(t.Context(), Text, []byte(m)); err != nil {
			t.Fatal(err)
		}
		wantStream(t, s, Text, m)
		w := nextWriter(t, s, Text)
		if _, err := io.WriteString(w, m); err != nil {
			t.Fatal(err)
		}
		s.Write(t.Context(), Text, []byte(chat(i))) // compressed, and behind it
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		wantStream(t, c, Text, m)
		wantMessage(t, c, Text, chat(i))
	}
}

func TestAReaderLearnsOfACloseByAnotherGoroutine(t *testing.T) {
	c, p := connected(t, "tcp", wire.Server, Limits{})
	go func() {
		p.send(0x01, "begun")
		p.wantClose(CloseNormal)
		p.send(0x88, closePayload(CloseNormal, ""))
		p.Close()
	}()
	r := nextReader(t, c, Text)
	if err := c.Close(t.Context(), CloseNormal, ""); err != nil {
		t.Fatal(err)
	}
	_, err := io.ReadAll(r)
	wantEnd(t, err, CloseError{Code: CloseNormal, By: Local, Clean: true})
}

// A message much larger than any buffer is read while it is sent, and nothing of its size is held.
func TestALargeMessageIsNotHeld(t *testing.T) {
	c, p := connected(t, "tcp", wire.Server, Limits{MaxMessageBytes: 64 << 20})
	part := filler(64 << 10)
	go func() {
		p.send(0x02, part)
		for range 510 {
			p.send(0x00, part)
		}
		p.send(0x80, part)
	}()
	r := nextReader(t, c, Binary)
	n, err := io.Copy(io.Discard, r)
	if err != nil || n != 32<<20 {
		t.Errorf("%d bytes, %v", n, err)
	}
	if cap(c.in.message) > 0 {
		t.Errorf("%d bytes are assembled", cap(c.in.message))
	}
}
