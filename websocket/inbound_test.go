package websocket

import (
	"context"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/holdfast-dev/holdfast/websocket/internal/wire"
)

func TestAnIdleConnectionHoldsNoBuffer(t *testing.T) {
	for _, role := range roles {
		synctest.Test(t, func(t *testing.T) {
			c, p := connected(t, "pipe", role, Limits{})
			go c.Serve(func(MessageType, []byte) {})
			for _, m := range []string{"a", filler(100_000)} {
				p.send(0x81, m)
				synctest.Wait()
				if c.in.buf != nil || c.in.message != nil || cap(c.in.carry) != 0 {
					t.Errorf("after a message of %d bytes something is held", len(m))
				}
			}
		})
	}
}

func TestBetweenReadsNoBufferIsHeld(t *testing.T) {
	onAllTransports(t, func(t *testing.T, kind string, role wire.Role) {
		c, p := connected(t, kind, role, Limits{})
		go p.send(0x81, "one")
		wantMessage(t, c, Text, "one")
		if c.in.buf != nil {
			t.Error("a buffer is held")
		}
		go p.Conn.Write(p.frame(0x01, filler(5000))) // a part of a message; a pipe may be closed before it takes that
		ctx, cancel := context.WithCancel(context.Background())
		read := make(chan error, 1)
		go func() {
			_, _, err := c.Read(ctx)
			read <- err
		}()
		cancel()
		<-read
		if c.in.buf != nil && c.in.r == c.in.w {
			t.Error("an empty buffer is held after an interrupted Read")
		}
	})
}

// A peer that announces much and sends little must not make the other end pay for it.
func TestMemoryGrowsWithWhatArrivesNotWithWhatIsAnnounced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, p := connected(t, "pipe", wire.Server, Limits{MaxMessageBytes: 1 << 40})
		go c.Serve(nil)
		whole := p.frame(0x82, filler(70_000))
		copy(whole[2:10], "\x00\x00\x00\x80\x00\x00\x00\x00") // of 2^39 bytes
		p.write(whole)
		synctest.Wait()
		if n := cap(c.in.message); n > 200_000 {
			t.Errorf("%d bytes are held for 70000 that arrived", n)
		}
	})
}

// stingy is a transport that gives a byte at a time, and sometimes none.
type stingy struct {
	net.Conn
	stream io.Reader
	turn   int
}

func (s *stingy) Read(p []byte) (int, error) {
	if s.turn++; s.turn%3 == 0 {
		return 0, nil
	}
	return s.stream.Read(p[:1])
}

func TestATransportThatGivesAByteAtATimeIsReadRight(t *testing.T) {
	ours, theirs := ends(t, "pipe", wire.Server)
	defer ours.Close()
	defer theirs.Close()
	stream := string(raw(0x81, true, "hello")) + string(raw(0x82, true, filler(300)))
	c := newConn(&stingy{Conn: ours, stream: strings.NewReader(stream)}, wire.Server, Limits{}, "", nil)
	wantMessage(t, c, Text, "hello")
	wantMessage(t, c, Binary, filler(300))
	_, _, err := c.Read(t.Context())
	wantEnd(t, err, CloseError{Code: CloseAbnormal, By: Network})
}
