//go:build linux

package load

import (
	"context"
	"fmt"

	"github.com/holdfast-dev/holdfast/bench/internal/dialect"
)

// FanIn has Conns connections publish Depth messages each to a channel that one more has subscribed to, waits until that has
// all of them, and begins again.
func FanIn(ctx context.Context, t Target, w Window) (*Result, error) {
	clients := make([]dialect.Client, t.Conns+1)
	for i := range t.Conns {
		clients[i] = t.Dialect.Publisher(t.Channel)
	}
	clients[t.Conns] = t.Dialect.Subscriber(t.Channel, t.Size)
	c, err := open(ctx, t, clients)
	if err != nil {
		return nil, err
	}
	defer c.close()
	if err := c.watch(); err != nil {
		return nil, err
	}
	m := newMeter(w)
	outstanding, published := 0, m.now()
	for {
		if outstanding == 0 {
			outstanding, published = t.Conns*t.Depth, m.now()
			for i := range t.Conns {
				if err := c.send(i, t.Depth); err != nil {
					return nil, err
				}
			}
		}
		received := 0
		err := c.turn(func(number, frames int) error {
			if number < t.Conns && frames > 0 {
				return fmt.Errorf("publisher %d of %d got a message", number+1, t.Conns)
			}
			received += frames
			m.result.Latency.Add(m.now()-published, frames)
			return nil
		})
		if err != nil {
			return nil, err
		}
		if outstanding -= received; outstanding < 0 {
			return nil, fmt.Errorf("the subscriber got %d messages too many", -outstanding)
		}
		if done, err := m.tick(ctx, received); done || err != nil {
			return &m.result, err
		}
	}
}
