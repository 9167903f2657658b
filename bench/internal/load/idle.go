//go:build linux

package load

import (
	"context"
	"fmt"
)

// Idle opens the connections to an echo server, has one message echoed on each, so that the server
// has used what it uses, and then calls during while they are open and silent.
func Idle(ctx context.Context, t Target, during func() error) error {
	c, err := open(ctx, t)
	if err != nil {
		return err
	}
	defer c.close()
	for i, k := range c.conns {
		if err := k.send(1); err != nil {
			return err
		}
		for echoed := 0; echoed == 0; {
			n, err := k.reader().Read(c.buf)
			if err == nil {
				echoed, err = k.counter.feed(c.buf[:n])
			}
			if err != nil {
				return fmt.Errorf("no echo on connection %d: %w", i+1, err)
			}
		}
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
	}
	return during()
}
