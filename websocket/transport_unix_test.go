//go:build unix

package websocket

import (
	"errors"
	"os"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/websocket/internal/wire"
)

func TestASocketIsWaitedForWithoutABuffer(t *testing.T) {
	c, p := connected(t, "tcp", wire.Server, Limits{})
	half := p.frame(0x89, "a ping that is not all there")[:20]
	p.write(half)
	for n := 0; n < len(half); n = c.in.w - c.in.r + len(c.in.carry) {
		if err := c.transport.fill(&c.in); err != nil {
			t.Fatal(err)
		}
		if _, ok, err := c.in.next(); ok || err != nil {
			t.Fatalf("half a frame was parsed: %v", err)
		}
	}
	c.nc.SetReadDeadline(time.Now().Add(time.Millisecond))
	if err := c.transport.fill(&c.in); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("fill: %v", err)
	}
	if c.in.buf != nil {
		t.Error("a buffer was held while nothing arrived")
	}
	if string(c.in.carry) != string(half) || cap(c.in.carry) > 64 {
		t.Errorf("%d bytes in %d are kept of the %d that arrived", len(c.in.carry), cap(c.in.carry), len(half))
	}
}
