//go:build linux

package load

import (
	"context"
	"fmt"
	"strconv"
)

// FanOut has one more connection publish Depth messages at once to the channel that Conns others
// have subscribed to, waits until all of those have all messages, and begins again. Beside them,
// quiet connections have subscribed to a channel each on which nothing happens.
func FanOut(ctx context.Context, t Target, w Window, quiet int) (*Result, error) {
	clients := append(t.subscribers(), t.Dialect.Publisher(t.Channel))
	for i := range quiet {
		clients = append(clients, t.Dialect.Subscriber(t.Channel+"-quiet-"+strconv.Itoa(i), t.Size))
	}
	c, err := open(ctx, t, clients)
	if err != nil {
		return nil, err
	}
	defer c.close()
	return c.fanOut(ctx, w, t.Conns)
}

// fanOut publishes on the connection with the number publisher and counts what arrives on the first
// Conns. Nothing must arrive on the others.
func (c *crowd) fanOut(ctx context.Context, w Window, publisher int) (*Result, error) {
	if err := c.watch(); err != nil {
		return nil, err
	}
	subscribers, depth := c.conns[:c.target.Conns], c.target.Depth
	m := newMeter(w)
	published := m.now()
	outstanding := len(subscribers) * depth
	if err := c.send(publisher, depth); err != nil {
		return nil, err
	}
	for {
		received := 0
		err := c.turn(func(number, frames int) error {
			k := c.conns[number]
			if k.received += frames; k.received > depth || number >= len(subscribers) {
				return fmt.Errorf("connection %d of %d subscribers got %d messages of a burst of %d", number+1, len(subscribers), k.received, depth)
			}
			received += frames
			m.result.Latency.Add(m.now()-published, frames)
			return nil
		})
		if err != nil {
			return nil, err
		}
		if outstanding -= received; outstanding == 0 {
			for _, k := range subscribers {
				k.received = 0
			}
			published = m.now()
			outstanding = len(subscribers) * depth
			if err := c.send(publisher, depth); err != nil {
				return nil, err
			}
		}
		if done, err := m.tick(ctx, received); done || err != nil {
			return &m.result, err
		}
	}
}
