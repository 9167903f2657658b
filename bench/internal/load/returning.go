//go:build linux

package load

import (
	"context"
	"fmt"
	"time"
)

// Return has Conns clients come back at once, each of which gets the missed messages that its
// dialect asks for, and then one that is published when all have caught up. The result is of the
// whole time from the first connection to the last message.
func Return(ctx context.Context, t Target, missed int, serverCPU func() (time.Duration, error)) (*Result, error) {
	m := newMeter(Window{ServerCPU: serverCPU})
	var err error
	if m.serverFrom, m.clientFrom, err = m.clocks(); err != nil {
		return nil, err
	}
	t.replays = true
	c, err := open(ctx, t, append(t.subscribers(), t.Dialect.Publisher(t.Channel)))
	if err != nil {
		return nil, err
	}
	defer c.close()
	if err := c.watch(); err != nil {
		return nil, err
	}
	outstanding := t.Conns * missed
	for _, k := range c.conns { // what came with the answers to handshakes
		outstanding -= k.received
		m.result.Latency.Add(m.now(), k.received)
	}
	m.progress = m.now()
	if err := c.catchUp(ctx, m, missed, outstanding); err != nil {
		return nil, err
	}
	if err := c.send(t.Conns, 1); err != nil {
		return nil, err
	}
	if err := c.catchUp(ctx, m, missed+1, t.Conns); err != nil {
		return nil, err
	}
	return &m.result, m.finish()
}

// catchUp takes what arrives until so many messages that are outstanding have come, and each
// connection has got as many as each.
func (c *crowd) catchUp(ctx context.Context, m *meter, each, outstanding int) error {
	for outstanding > 0 {
		received := 0
		err := c.turn(func(number, frames int) error {
			k := c.conns[number]
			if k.received += frames; k.received > each {
				return fmt.Errorf("connection %d got %d messages; it is to get %d", number+1, k.received, each)
			}
			received += frames
			m.result.Latency.Add(m.now(), frames)
			return nil
		})
		if err == nil {
			err = m.stalled(ctx, received)
		}
		if err != nil {
			return fmt.Errorf("with %d messages outstanding: %w", outstanding, err)
		}
		outstanding -= received
	}
	return nil
}
