package websocket

import (
	"context"
	"encoding/binary"
	"time"

	"github.com/holdfast-dev/holdfast/websocket/internal/wire"
)

// ping is one that awaits its pong.
type ping struct {
	seq  uint64
	sent time.Time
	rtt  chan time.Duration // gets the round-trip time; buffered, so that the reader never waits
}

// Ping sends a ping and waits for its pong (RFC 6455 section 5.5.2). It returns the round-trip
// time, which includes what was queued before the ping. Some goroutine must be in Read or Serve.
// It returns ctx's error, or a *CloseError when the connection ends first.
func (c *Conn) Ping(ctx context.Context) (time.Duration, error) {
	p := &ping{sent: time.Now(), rtt: make(chan time.Duration, 1)}
	c.mu.Lock()
	c.pingSeq++
	p.seq = c.pingSeq
	c.pings = append(c.pings, p)
	c.mu.Unlock()
	defer c.forget(p)

	var payload [8]byte
	binary.BigEndian.PutUint64(payload[:], p.seq)
	if err := c.pushPart(ctx, encode(c.role, wire.Ping, payload[:])); err != nil {
		return 0, err
	}
	select {
	case rtt := <-p.rtt:
		return rtt, nil
	case <-ctx.Done():
		return 0, ctx.Err()
	case <-c.Done():
		return 0, c.end
	}
}

// ponged answers the ping that payload names, and those before it: a peer may answer only the
// newest (RFC 6455 section 5.5.3). A pong that answers nothing is a heartbeat and means nothing.
func (c *Conn) ponged(payload []byte) {
	if len(payload) != 8 {
		return
	}
	seq := binary.BigEndian.Uint64(payload)
	c.mu.Lock()
	defer c.mu.Unlock()
	if seq > c.pingSeq {
		return
	}
	for len(c.pings) > 0 && c.pings[0].seq <= seq {
		c.pings[0].rtt <- time.Since(c.pings[0].sent)
		c.pings = c.pings[1:]
	}
}

// forget removes a ping that nobody waits for any more.
func (c *Conn) forget(p *ping) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, q := range c.pings {
		if q == p {
			c.pings = append(c.pings[:i], c.pings[i+1:]...)
			return
		}
	}
}
