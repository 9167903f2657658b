//go:build linux

package load

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/holdfast-dev/holdfast/bench/internal/dialect"
)

// Target says whom a load calls and how.
type Target struct {
	Addr    netip.AddrPort // IPv4
	TLS     bool           // the certificate is not checked
	Dialect dialect.Dialect
	Channel string // that connections subscribe to
	Apart   bool   // each to one of its own, named Channel and a number
	Conns   int
	Size    int // bytes of payload in a message
	Depth   int // messages in flight on a connection, or published at once

	replays bool // whether messages may come before one is published
}

// subscribers returns a client for each connection.
func (t *Target) subscribers() []dialect.Client {
	clients := make([]dialect.Client, t.Conns)
	for i := range clients {
		channel := t.Channel
		if t.Apart {
			channel += "-" + strconv.Itoa(i)
		}
		clients[i] = t.Dialect.Subscriber(channel, t.Size)
	}
	return clients
}

// crowd is the connections of a load.
type crowd struct {
	target Target
	conns  []*conn
	poller *poller
	buf    []byte // what is read goes here; nobody looks at it again
}

// errEarly says that a server sends what it should not have.
var errEarly = errors.New("the server sent a message before one was published")

// dialers is how many connections are opened at once: enough to keep the server busy.
const dialers = 8

// open makes a connection for each client. They block.
func open(ctx context.Context, t Target, clients []dialect.Client) (_ *crowd, err error) {
	c := &crowd{target: t, conns: make([]*conn, len(clients)), buf: make([]byte, 256<<10)}
	defer func() {
		if err != nil {
			c.close()
		}
	}()
	out := newRun(t.Dialect.Message(t.Channel, t.Size), t.Depth)
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	var wg sync.WaitGroup
	for first := range min(dialers, len(clients)) {
		wg.Go(func() {
			for i := first; i < len(clients) && ctx.Err() == nil; i += dialers {
				k, err := dial(t.Addr, t.TLS, clients[i])
				if err == nil && k.received > 0 && !t.replays {
					err = errEarly
					k.socket.Close()
				}
				if err != nil {
					fail(fmt.Errorf("connection %d of %d: %w", i+1, len(clients), err))
					return
				}
				k.prepare(out, t.Depth)
				c.conns[i] = k
			}
		})
	}
	wg.Wait()
	return c, context.Cause(ctx)
}

func (c *crowd) close() {
	for _, k := range c.conns {
		if k != nil {
			k.socket.Close()
		}
	}
	if c.poller != nil {
		c.poller.close()
	}
}

// watch makes the connections non-blocking and begins to watch them.
func (c *crowd) watch() (err error) {
	if c.poller, err = newPoller(); err != nil {
		return err
	}
	for i, k := range c.conns {
		if err := k.socket.nonblock(); err != nil {
			return err
		}
		if err := c.poller.add(k.socket, i); err != nil {
			return err
		}
	}
	return nil
}

// send sends frames, and what else is owed, on the connection with a number.
func (c *crowd) send(number, frames int) error {
	k := c.conns[number]
	was := k.waiting
	if err := k.send(frames); err != nil {
		return err
	}
	return c.noteRoom(number, was)
}

// noteRoom watches a connection for room if it waits for it and did not before, or the reverse.
func (c *crowd) noteRoom(number int, before bool) error {
	k := c.conns[number]
	if k.waiting == before {
		return nil
	}
	return c.poller.watchRoom(k.socket, number, k.waiting)
}

// turn waits for what arrives, once, and calls handle for each connection that got whole frames.
func (c *crowd) turn(handle func(number, frames int) error) error {
	ready, err := c.poller.wait()
	if err != nil {
		return err
	}
	for _, event := range ready {
		number := int(event.Fd)
		k := c.conns[number]
		if event.Events&unix.EPOLLOUT != 0 {
			if err := c.send(number, 0); err != nil {
				return err
			}
		}
		if event.Events&^unix.EPOLLOUT == 0 {
			continue
		}
		frames, err := k.receive(c.buf, c.target.Depth)
		if err != nil {
			return err
		}
		if len(k.answer) > 0 {
			if err := c.send(number, 0); err != nil {
				return err
			}
		}
		if frames > 0 {
			if err := handle(number, frames); err != nil {
				return err
			}
		}
	}
	return nil
}
