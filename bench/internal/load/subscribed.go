//go:build linux

package load

import (
	"context"
	"time"
)

// Subscribed opens the connections, each subscribed to the channel, answers nothing but pings for as
// long as settle, and then calls during while they are open and silent.
func Subscribed(ctx context.Context, t Target, settle time.Duration, during func() error) error {
	c, err := open(ctx, t, t.subscribers())
	if err != nil {
		return err
	}
	defer c.close()
	if err := c.watch(); err != nil {
		return err
	}
	for end := time.Now().Add(settle); time.Now().Before(end); {
		err := c.turn(func(int, int) error { return errEarly })
		if err != nil {
			return err
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	return during()
}
