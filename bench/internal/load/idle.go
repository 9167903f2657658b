//go:build linux

package load

import (
	"context"
	"fmt"
)

// Request opens the connections and has so many messages answered on each, one after the other.
func Request(ctx context.Context, t Target, messages int) error {
	return Idle(ctx, t, messages, func() error { return nil })
}

// Idle opens the connections to an echo server, has so many messages echoed on each, one after the
// other, and then calls during while they are open and silent.
func Idle(ctx context.Context, t Target, messages int, during func() error) error {
	c, err := open(ctx, t, t.subscribers())
	if err != nil {
		return err
	}
	defer c.close()
	for i, k := range c.conns {
		for range messages {
			if err := c.echoOne(k); err != nil {
				return fmt.Errorf("no echo on connection %d: %w", i+1, err)
			}
		}
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
	}
	return during()
}

// echoOne sends a message on a blocking connection and waits for its echo.
func (c *crowd) echoOne(k *conn) error {
	if err := k.send(1); err != nil {
		return err
	}
	for echoed := 0; echoed == 0; {
		n, err := k.reader().Read(c.buf)
		if err != nil {
			return err
		}
		if echoed, _, err = k.client.Feed(c.buf[:n]); err != nil {
			return err
		}
	}
	return nil
}
