package websocket

import (
	"context"
	"io"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/holdfast-dev/holdfast/websocket/internal/wire"
)

// nextWriter begins a message.
func nextWriter(t failer, c *Conn, typ MessageType) io.WriteCloser {
	t.Helper()
	w, err := c.NextWriter(context.Background(), typ)
	if err != nil {
		t.Fatalf("NextWriter: %v", err)
	}
	return w
}

// readMessage reads a message in any fragments, and what else comes between, and returns the first
// byte of each frame.
func (p *peer) readMessage() (firsts []byte, message string) {
	p.t.Helper()
	for {
		first, payload, err := p.read()
		if err != nil {
			p.t.Fatalf("peer: %v", err)
		}
		firsts = append(firsts, first)
		if first&0x08 != 0 {
			continue
		}
		message += payload
		if first&0x80 != 0 {
			return firsts, message
		}
	}
}

func TestAStreamedMessageLeavesInFramesThatMakeOneMessage(t *testing.T) {
	onAllTransports(t, func(t *testing.T, kind string, role wire.Role) {
		for _, size := range []int{0, 1, 125, 126, 1000, partBytes - 1, partBytes, partBytes + 1, 5*partBytes + 7} {
			c, p := connected(t, kind, role, Limits{})
			text := filler(size)
			go func() {
				w := nextWriter(t, c, Text)
				if n, err := io.Copy(w, strings.NewReader(text)); err != nil || n != int64(size) {
					t.Errorf("%d of %d written: %v", n, size, err)
				}
				if err := w.Close(); err != nil {
					t.Errorf("Close: %v", err)
				}
			}()
			firsts, got := p.readMessage()
			if got != text || firsts[0]&0x0f != 1 || len(firsts) != max(1, (size+partBytes-1)/partBytes) {
				t.Errorf("%d bytes arrived as %d in frames %x", size, len(got), firsts)
			}
			for _, first := range firsts[1:] {
				if first&0x7f != 0 {
					t.Errorf("frames %x", firsts)
				}
			}
		}
	})
}

func TestOtherMessagesFollowAStreamedOneAndPingsGoInBetween(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, p := connected(t, "pipe", wire.Server, Limits{})
		go c.Serve(nil)
		w := nextWriter(t, c, Binary)
		w.Write(make([]byte, partBytes+1)) // one frame leaves
		if err := c.Write(t.Context(), Text, []byte("second")); err != nil {
			t.Error(err)
		}
		if r := c.Send(NewFrame(Text, []byte("third"))); r != Queued {
			t.Errorf("Send: %d", r)
		}
		pinged := pinging(t.Context(), c)
		p.want(0x02, string(make([]byte, partBytes)))
		p.send(0x8A, readPing(p))
		if got := <-pinged; got != "0s" {
			t.Errorf("Ping: %v", got)
		}
		p.send(0x89, "and the peer's")
		p.want(0x8A, "and the peer's")
		second := make(chan error, 1)
		go func() {
			w, err := c.NextWriter(context.Background(), Text)
			if err == nil {
				io.WriteString(w, "fourth")
				err = w.Close()
			}
			second <- err
		}()
		synctest.Wait()
		if err := w.Close(); err != nil {
			t.Error(err)
		}
		p.want(0x80, "\x00")
		p.want(0x81, "second")
		p.want(0x81, "third")
		p.want(0x81, "fourth")
		if err := <-second; err != nil {
			t.Error(err)
		}
	})
}

func TestAStreamedMessageThatCannotBeCompletedEndsTheConnection(t *testing.T) {
	for name, spoil := range map[string]func(w io.WriteCloser, cancel func()) error{
		"text that is not UTF-8": func(w io.WriteCloser, _ func()) error {
			_, err := io.WriteString(w, "\xff")
			return err
		},
		"text that ends inside a character": func(w io.WriteCloser, _ func()) error {
			io.WriteString(w, "\xe2")
			return w.Close()
		},
		"a context that ends while the queue is full": func(w io.WriteCloser, cancel func()) error {
			go cancel()
			_, err := io.WriteString(w, filler(10*partBytes))
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, p := connected(t, "pipe", wire.Server, Limits{SendQueueBytes: 1})
				go c.Serve(nil)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				w, err := c.NextWriter(ctx, Text)
				if err != nil {
					t.Fatal(err)
				}
				if n, err := io.WriteString(w, filler(partBytes+1)); n != partBytes+1 || err != nil {
					t.Fatalf("%d, %v", n, err)
				}
				if err := spoil(w, cancel); err != ErrNotUTF8 && err != context.Canceled {
					t.Errorf("error %v", err)
				}
				if _, err := w.Write(nil); err == nil {
					t.Error("the writer goes on")
				}
				if err := w.Close(); err == nil {
					t.Error("the message was completed")
				}
				p.want(0x01, filler(partBytes))
				if reason := p.wantClose(CloseInternalError); !strings.Contains(reason, "could not be completed") {
					t.Errorf("reason %q", reason)
				}
			})
		})
	}
}

func TestAStreamedMessageOfWhichNothingWasSentCanFail(t *testing.T) {
	c, p := connected(t, "tcp", wire.Server, Limits{})
	w := nextWriter(t, c, Text)
	if _, err := io.WriteString(w, "\xff"); err != ErrNotUTF8 {
		t.Errorf("Write: %v", err)
	}
	if err := w.Close(); err != ErrNotUTF8 {
		t.Errorf("Close: %v", err)
	}
	if _, err := c.NextWriter(t.Context(), 3); err == nil {
		t.Error("a message of type 3 was begun")
	}
	if err := c.Write(t.Context(), Text, []byte("as usable as before")); err != nil {
		t.Error(err)
	}
	p.want(0x81, "as usable as before")
}

func TestAWriterThatWasClosedTakesNothing(t *testing.T) {
	c, p := connected(t, "tcp", wire.Server, Limits{})
	w := nextWriter(t, c, Text)
	w.Close()
	if _, err := w.Write([]byte("x")); err == nil {
		t.Error("a closed writer wrote")
	}
	if err := w.Close(); err == nil {
		t.Error("a closed writer closed again")
	}
	p.want(0x81, "")
}

func TestTheEndOfTheConnectionEndsAWriter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, p := connected(t, "pipe", wire.Server, Limits{})
		w := nextWriter(t, c, Text)
		io.WriteString(w, "never complete")
		c.Send(NewFrame(Text, []byte("never sent")))
		closed := make(chan error, 1)
		go func() { closed <- c.Close(t.Context(), CloseNormal, "") }()
		p.wantClose(CloseNormal)
		if err := w.Close(); CloseCodeOf(err) != CloseNormal {
			t.Errorf("the writer's Close: %v", err)
		}
		p.send(0x88, closePayload(CloseNormal, ""))
		p.Close()
		if err := <-closed; err != nil {
			t.Error(err)
		}
		if _, err := c.NextWriter(t.Context(), Text); err != error(c.End()) {
			t.Errorf("NextWriter: %v", err)
		}
	})
}
