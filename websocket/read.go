package websocket

import (
	"context"
	"errors"
	"io"
	"os"
	"time"

	"github.com/holdfast-dev/holdfast/websocket/internal/wire"
)

// Read returns the next message. The caller owns the slice.
//
// When ctx ends first, Read returns its error and the connection stays usable, even if a message
// had arrived in part: the next Read goes on where this one stopped. Once the connection is over,
// Read returns a *CloseError; a message cut off by the end is not returned.
func (c *Conn) Read(ctx context.Context) (MessageType, []byte, error) {
	if err := c.takeReading(ctx); err != nil {
		return 0, nil, err
	}
	defer c.letGo()
	if m, ok := c.late.next(); ok {
		return m.Type, m.Payload, nil
	}
	if c.over() { // the transport may still hold bytes: TLS keeps what it has decrypted
		return 0, nil, c.end
	}
	if ctx.Done() != nil {
		stop := c.interruptReads(ctx)
		defer stop()
	}
	m, inPlace, err := c.receive()
	if err != nil {
		return 0, nil, c.readError(ctx, err)
	}
	if inPlace || m.Payload == nil {
		m.Payload = append([]byte{}, m.Payload...)
	}
	return m.Type, m.Payload, nil
}

// takeReading makes the caller the one that reads, until letGo.
func (c *Conn) takeReading(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case c.reading <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// readError returns what a reader is to be told about err: that ctx has ended, or how the connection
// has, which it finishes. The caller holds the reading token.
func (c *Conn) readError(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, os.ErrDeadlineExceeded) {
		return ctx.Err()
	}
	return c.finish(err)
}

// receive returns the next message, valid until the next call, and deals with control frames on the
// way. An error that is not a timeout means that the connection is to be finished. The caller holds
// the reading token.
func (c *Conn) receive() (m Message, inPlace bool, err error) {
	c.in.leaveStream()
	for {
		m, inPlace, ok, err := c.parse(false)
		if ok || err != nil {
			return m, inPlace, err
		}
		if err := c.fill(); err != nil {
			return Message{}, false, err
		}
	}
}

// fill waits for more bytes. The caller holds the reading token.
func (c *Conn) fill() error {
	c.compression.rest()
	c.hears(true)
	err := c.transport.fill(&c.in)
	c.hears(false)
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF // the peer went without a close frame
	}
	return err
}

// parse returns the next message from the bytes at hand, or ok false if they hold none to its end. It
// deals with control frames on the way, but leaves the end of the connection for later if told so.
func (c *Conn) parse(leaveEnd bool) (m Message, inPlace, ok bool, err error) {
	for {
		ev, ok, err := c.data(nil, leaveEnd)
		if !ok || err != nil {
			return Message{}, false, false, err
		}
		if m, inPlace, ok := c.complete(ev); ok {
			return m, inPlace, true, nil
		}
	}
}

// data returns the next part of a message from the bytes at hand, or ok false if they hold none. It
// deals with control frames on the way, as parse does. Only r gets parts of the message that r reads.
func (c *Conn) data(r *messageReader, leaveEnd bool) (ev wire.Event, ok bool, err error) {
	for {
		ev, ok, err := c.in.next()
		if leaveEnd && (err != nil || ok && ev.Kind == wire.KindClose) {
			c.in.unread(ev, err)
			return wire.Event{}, false, nil
		}
		switch {
		case err != nil:
			return wire.Event{}, false, c.violated(err.(*wire.Error))
		case !ok:
			return wire.Event{}, false, nil
		case ev.Kind == wire.KindData:
			c.in.control.earn(c.limits.MaxControlRate)
			if !c.in.skips(ev, r) {
				return ev, true, nil
			}
		case ev.Kind == wire.KindClose:
			return wire.Event{}, false, c.peerClosed(ev.Payload)
		case !c.in.control.spend(c.limits.MaxControlRate):
			c.in.unread(wire.Event{}, tooManyControlFrames(c.limits.MaxControlRate))
		case ev.Kind == wire.KindPing:
			c.out.Pong(encode(c.role, wire.Pong, ev.Payload))
		case ev.Kind == wire.KindPong:
			c.ponged(ev.Payload)
		}
	}
}

// complete adds a part to its message and returns the message once it is whole, valid until the next
// fill.
func (c *Conn) complete(ev wire.Event) (m Message, inPlace, ok bool) {
	payload, complete, inPlace := c.in.assemble(ev)
	if !complete {
		return Message{}, false, false
	}
	typ := MessageType(ev.Opcode)
	if ev.Compressed {
		var broken *wire.Error
		if payload, broken = c.compression.inflate(typ, payload); broken != nil {
			c.in.unread(wire.Event{}, broken)
			return Message{}, false, false
		}
		inPlace = true
	}
	return Message{typ, payload}, inPlace, true
}

// interruptReads makes reads fail with a timeout when ctx ends. stop undoes that.
func (c *Conn) interruptReads(ctx context.Context) (stop func()) {
	s, stream := c.nc.(interface{ SetInterruptible(bool) })
	if stream {
		s.SetInterruptible(true)
	}
	interrupted := make(chan struct{})
	cancel := context.AfterFunc(ctx, func() {
		defer close(interrupted)
		c.nc.SetReadDeadline(time.Unix(1, 0)) // fails only on a closed connection, whose reads fail anyway
	})
	return func() {
		if stream {
			s.SetInterruptible(false)
		}
		if !cancel() {
			<-interrupted
			c.nc.SetReadDeadline(time.Time{})
		}
	}
}
