//go:build linux

package load

import "context"

// Echo keeps Depth messages in flight on each connection to an echo server: one goes out for each
// that comes back, all that came together in one write.
func Echo(ctx context.Context, t Target, w Window) (*Result, error) {
	c, err := open(ctx, t, t.subscribers())
	if err != nil {
		return nil, err
	}
	defer c.close()
	if err := c.watch(); err != nil {
		return nil, err
	}
	m := newMeter(w)
	for i, k := range c.conns {
		for slot := range k.sent {
			k.sent[slot] = m.now()
		}
		if err := c.send(i, t.Depth); err != nil {
			return nil, err
		}
	}
	for {
		received := 0
		err := c.turn(func(number, frames int) error {
			received += frames
			m.answered(c.conns[number], frames)
			return c.send(number, frames)
		})
		if err != nil {
			return nil, err
		}
		if done, err := m.tick(ctx, received); done || err != nil {
			m.countStarved(c)
			return &m.result, err
		}
	}
}

// answered notes that the oldest messages in flight have come back and new ones take their places.
func (m *meter) answered(k *conn, frames int) {
	now := m.now()
	for range frames {
		m.result.Latency.Add(now-k.sent[k.oldest], 1)
		k.sent[k.oldest] = now
		if k.oldest++; k.oldest == len(k.sent) {
			k.oldest = 0
		}
	}
}

// countStarved adds how long the messages still in flight have waited. Without it, a connection
// that never gets its turn would not show at all.
func (m *meter) countStarved(c *crowd) {
	now := m.now()
	for _, k := range c.conns {
		for _, sent := range k.sent {
			m.result.Latency.Add(now-sent, 1)
		}
	}
}
