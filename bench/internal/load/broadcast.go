//go:build linux

package load

import (
	"context"
	"fmt"
	"time"
)

// Broadcast publishes Depth messages at once on the first connection to a broadcast server, waits
// until all connections have all of them, and begins again. members returns how many connections the
// server knows: nothing is published before it knows all.
func Broadcast(ctx context.Context, t Target, w Window, members func() (int, error)) (*Result, error) {
	c, err := open(ctx, t)
	if err != nil {
		return nil, err
	}
	defer c.close()
	if err := awaitMembers(ctx, t.Conns, members); err != nil {
		return nil, err
	}
	if err := c.watch(); err != nil {
		return nil, err
	}
	m := newMeter(w)
	published := m.now()
	outstanding := t.Conns * t.Depth
	if err := c.send(0, t.Depth); err != nil {
		return nil, err
	}
	for {
		received := 0
		err := c.turn(func(number, frames int) error {
			k := c.conns[number]
			if k.received += frames; k.received > t.Depth {
				return fmt.Errorf("a connection got %d messages of a burst of %d", k.received, t.Depth)
			}
			received += frames
			m.result.Latency.Add(m.now()-published, frames)
			return nil
		})
		if err != nil {
			return nil, err
		}
		if outstanding -= received; outstanding == 0 {
			for _, k := range c.conns {
				k.received = 0
			}
			published = m.now()
			outstanding = t.Conns * t.Depth
			if err := c.send(0, t.Depth); err != nil {
				return nil, err
			}
		}
		if done, err := m.tick(ctx, received); done || err != nil {
			return &m.result, err
		}
	}
}

// awaitMembers waits until a server knows the connections that it has accepted: its answer to a
// handshake may overtake that.
func awaitMembers(ctx context.Context, want int, members func() (int, error)) error {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("the server did not come to know %d members in %s", want, patience))
	defer cancel()
	for {
		if n, err := members(); err != nil || n == want {
			return err
		}
		select {
		case <-time.After(time.Millisecond):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
