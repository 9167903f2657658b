package client

import (
	"context"
	"net"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/holdfast-dev/holdfast/protocol"
)

// cutter is a transport that breaks when so many bytes have gone through it, in both directions together.
type cutter struct {
	net.Conn

	mu   sync.Mutex // guards left
	left int
}

// cutting dials connections that break after so many bytes each; those after them do not.
func cutting(dial func(ctx context.Context, network, addr string) (net.Conn, error), bytes []int) func(context.Context, string, string) (net.Conn, error) {
	var mu sync.Mutex // guards bytes: requests of one client dial side by side
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		nc, err := dial(ctx, network, addr)
		mu.Lock()
		defer mu.Unlock()
		if err != nil || len(bytes) == 0 {
			return nc, err
		}
		c := &cutter{Conn: nc, left: bytes[0]}
		bytes = bytes[1:]
		return c, nil
	}
}

// room returns how many of n bytes may still go through, and counts them.
func (c *cutter) room(n int) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n = min(n, c.left)
	c.left -= n
	return n
}

func (c *cutter) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p[:c.room(len(p))])
	if n < len(p) {
		c.Close()
		return n, net.ErrClosed
	}
	return n, err
}

func (c *cutter) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if room := c.room(n); room < n {
		c.Close()
		return room, net.ErrClosed
	}
	return n, err
}

func TestWhateverByteAConnectionBreaksAtEachIsStoredAndDeliveredOnceInOrder(t *testing.T) {
	const step = 17 // not all of them, for the sake of time; the next test takes others
	for _, encoding := range []protocol.Encoding{protocol.JSON, protocol.MessagePack} {
		for n := 0; n < 4000; n += step {
			s := script{encoding: encoding, messages: 6, bytes: []int{n}}
			if err := played(t, &s); err != nil {
				t.Fatalf("%+v: %v", s, err)
			}
		}
	}
}

func TestWhateverBytesConnectionsBreakAtEachIsStoredAndDeliveredOnceInOrder(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		s := script{
			encoding: protocol.Encoding(rapid.IntRange(0, 1).Draw(r, "encoding")),
			messages: rapid.IntRange(1, 20).Draw(r, "messages"),
			bytes:    rapid.SliceOfN(rapid.IntRange(0, 6000), 0, 12).Draw(r, "bytes"),
			slow:     rapid.Bool().Draw(r, "slow"),
		}
		if err := played(t, &s); err != nil {
			r.Fatalf("%v", err)
		}
	})
}
