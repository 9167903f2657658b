package websocket

import (
	"context"
	"io"
	"sync"
	"testing"

	"github.com/holdfast-dev/holdfast/websocket/internal/wire"
)

func TestAFrameKeepsACopyOfItsMessage(t *testing.T) {
	for _, n := range []int{0, 1, 125, 126, 65535, 65536} {
		message := []byte(filler(n))
		f := NewFrame(Binary, message)
		clear(message)
		if f.Type() != Binary || string(f.Payload()) != filler(n) {
			t.Errorf("a frame of %d bytes is %v of %d bytes, or others", n, f.Type(), len(f.Payload()))
		}
	}
}

func TestOneFrameReachesManyConnections(t *testing.T) {
	const connections, repeats = 12, 50
	f := NewFrame(Text, []byte(filler(2000)))
	var conns []*Conn
	var wg sync.WaitGroup
	for i := range connections {
		c, p := connected(t, transports[i%len(transports)], roles[i/len(transports)%2], Limits{})
		conns = append(conns, c)
		wg.Go(func() {
			for range repeats {
				p.want(0x81, filler(2000))
			}
		})
	}
	for range 2 { // two broadcasters
		wg.Go(func() {
			for range repeats / 2 {
				for _, c := range conns {
					if r := c.Send(f); r != Sent && r != Queued {
						t.Errorf("Send: %d", r)
					}
				}
			}
		})
	}
	wg.Wait()
	if string(f.Payload()) != filler(2000) {
		t.Error("the frame was changed")
	}
}

func TestEachFrameOfAClientHasAKeyOfItsOwn(t *testing.T) {
	c, p := connected(t, "tcp", wire.Client, Limits{})
	seen := map[[4]byte]bool{}
	for range 50 {
		if err := c.Write(context.Background(), Text, nil); err != nil {
			t.Fatal(err)
		}
		var b [6]byte
		if _, err := io.ReadFull(p.br, b[:]); err != nil {
			t.Fatal(err)
		}
		seen[[4]byte(b[2:])] = true
	}
	if len(seen) < 50 { // the chance of that is one in three million
		t.Errorf("%d keys for 50 frames", len(seen))
	}
}
