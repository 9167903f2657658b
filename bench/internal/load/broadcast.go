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
	c, err := open(ctx, t, t.subscribers())
	if err != nil {
		return nil, err
	}
	defer c.close()
	if err := awaitMembers(ctx, t.Conns, members); err != nil {
		return nil, err
	}
	return c.fanOut(ctx, w, 0)
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
