package websocket

import (
	"context"
	"errors"
	"io"
	"os"
	"time"

	"github.com/holdfast-dev/holdfast/websocket/internal/duplex"
	"github.com/holdfast-dev/holdfast/websocket/internal/wire"
)

// Read returns the next message. The caller owns the slice.
//
// When ctx ends first, Read returns its error and the connection stays usable, even if a message
// had arrived in part: the next Read goes on where this one stopped. Once the connection is over,
// Read returns a *CloseError; a message cut off by the end is not returned.
func (c *Conn) Read(ctx context.Context) (MessageType, []byte, error) {
	if err := ctx.Err(); err != nil {
		return 0, nil, err
	}
	select {
	case c.reading <- struct{}{}:
	case <-ctx.Done():
		return 0, nil, ctx.Err()
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
		if ctx.Err() != nil && errors.Is(err, os.ErrDeadlineExceeded) {
			return 0, nil, ctx.Err()
		}
		return 0, nil, c.finish(err)
	}
	if inPlace || m.Payload == nil {
		m.Payload = append([]byte{}, m.Payload...)
	}
	return m.Type, m.Payload, nil
}

// receive returns the next message, valid until the next call, and deals with control frames on the
// way. An error that is not a timeout means that the connection is to be finished. The caller holds
// the reading token.
func (c *Conn) receive() (m Message, inPlace bool, err error) {
	for {
		m, inPlace, ok, err := c.parse(false)
		if ok || err != nil {
			return m, inPlace, err
		}
		c.compression.rest()
		err = c.transport.fill(&c.in)
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF // the peer went without a close frame
		}
		if err != nil {
			return Message{}, false, err
		}
	}
}

// parse returns the next message from the bytes at hand, or ok false if they hold none to its end. It
// deals with control frames on the way, but leaves the end of the connection for later if told so.
func (c *Conn) parse(leaveEnd bool) (m Message, inPlace, ok bool, err error) {
	for {
		ev, ok, err := c.in.next()
		if leaveEnd && (err != nil || ok && ev.Kind == wire.KindClose) {
			c.in.unread(ev, err)
			return Message{}, false, false, nil
		}
		switch {
		case err != nil:
			return Message{}, false, false, c.violated(err.(*wire.Error))
		case !ok:
			return Message{}, false, false, nil
		case ev.Kind == wire.KindData:
			payload, complete, inPlace := c.in.assemble(ev)
			if !complete {
				continue
			}
			typ := MessageType(ev.Opcode)
			if ev.Compressed {
				var broken *wire.Error
				if payload, broken = c.compression.inflate(typ, payload); broken != nil {
					c.in.unread(wire.Event{}, broken)
					continue
				}
				inPlace = true
			}
			return Message{typ, payload}, inPlace, true, nil
		case ev.Kind == wire.KindPing:
			c.out.Pong(encode(c.role, wire.Pong, ev.Payload))
		case ev.Kind == wire.KindPong:
			c.ponged(ev.Payload)
		case ev.Kind == wire.KindClose:
			return Message{}, false, false, c.peerClosed(ev.Payload)
		}
	}
}

// interruptReads makes reads fail with a timeout when ctx ends. stop undoes that.
func (c *Conn) interruptReads(ctx context.Context) (stop func()) {
	if s, ok := c.nc.(*duplex.Conn); ok {
		s.Interruptible()
	}
	interrupted := make(chan struct{})
	cancel := context.AfterFunc(ctx, func() {
		defer close(interrupted)
		c.nc.SetReadDeadline(time.Unix(1, 0)) // fails only on a closed connection, whose reads fail anyway
	})
	return func() {
		if !cancel() {
			<-interrupted
			c.nc.SetReadDeadline(time.Time{})
		}
	}
}
