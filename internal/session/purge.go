package session

import (
	"context"
	"fmt"
	"time"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
)

// Purge removes what a channel keeps, for good, on all nodes. Whoever comes back to a position before is told that
// messages are lost; who is live notices nothing. It returns the position behind what has been removed. The error is
// ErrNoHistory or one of the broker's.
func (c *Channels) Purge(ctx context.Context, name channel.Name) (broker.Position, error) {
	k, stored := c.kept[c.rules.For(name)]
	if !stored {
		return broker.Position{}, ErrNoHistory
	}
	type result struct {
		ack broker.Ack
		err error
	}
	done := make(chan result, 1)
	k.log.Append(ctx, &broker.Message{Channel: name, Purge: true, Time: time.Now()}, func(a broker.Ack, err error) { done <- result{a, err} })
	select {
	case r := <-done:
		return r.ack.Position, r.err
	case <-ctx.Done():
		return broker.Position{}, fmt.Errorf("%w: nobody waited until the channel was purged", broker.ErrUnavailable)
	}
}
