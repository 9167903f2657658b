package websocket

import (
	"bytes"
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
	if err := ctx.Err(); err != nil {
		return 0, nil, err
	}
	select {
	case c.reading <- struct{}{}:
	case <-ctx.Done():
		return 0, nil, ctx.Err()
	}
	defer c.letGo()
	if typ, message, ok := c.late.next(); ok {
		return typ, message, nil
	}
	if c.over() { // the transport may still hold bytes: TLS keeps what it has decrypted
		return 0, nil, c.end
	}
	if ctx.Done() != nil {
		stop := c.interruptReads(ctx)
		defer stop()
	}
	typ, message, inPlace, err := c.receive()
	if err != nil {
		if ctx.Err() != nil && errors.Is(err, os.ErrDeadlineExceeded) {
			return 0, nil, ctx.Err()
		}
		return 0, nil, c.finish(err)
	}
	if inPlace {
		message = bytes.Clone(message)
	}
	if message == nil {
		message = []byte{}
	}
	return typ, message, nil
}

// Serve calls handle for each message until the connection is over, and returns the *CloseError
// that tells how it ended. The payload is valid until handle returns: small messages are read in
// place, without a copy or an allocation. handle runs on Serve's goroutine, so while it runs
// nothing is read, and it should not block: of messages that arrive together, what is written to
// the connection meanwhile is kept and leaves in one write, when the last has been handled or a
// millisecond has passed.
func (c *Conn) Serve(handle func(typ MessageType, payload []byte)) error {
	c.reading <- struct{}{}
	defer c.letGo()
	if c.over() {
		return c.end
	}
	for {
		typ, message, _, err := c.receive()
		if err != nil {
			return c.finish(err)
		}
		c.hold.next(&c.out, c.in.more())
		handle(typ, message)
	}
}

// receive returns the next message, valid until the next call, and deals with control frames on the
// way. An error that is not a timeout means that the connection is to be finished. The caller holds
// the reading token.
func (c *Conn) receive() (typ MessageType, message []byte, inPlace bool, err error) {
	for {
		ev, ok, err := c.in.next()
		if err != nil || !ok || ev.Kind == wire.KindClose {
			c.hold.end(&c.out)
		}
		switch {
		case err != nil:
			return 0, nil, false, c.violated(err.(*wire.Error))
		case !ok:
			err := c.transport.fill(&c.in)
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF // the peer went without a close frame
			}
			if err != nil {
				return 0, nil, false, err
			}
		case ev.Kind == wire.KindData:
			message, complete, inPlace := c.in.assemble(ev)
			if complete {
				return MessageType(ev.Opcode), message, inPlace, nil
			}
		case ev.Kind == wire.KindPing:
			c.out.Pong(encode(c.role, wire.Pong, ev.Payload))
		case ev.Kind == wire.KindPong:
			c.ponged(ev.Payload)
		case ev.Kind == wire.KindClose:
			return 0, nil, false, c.peerClosed(ev.Payload)
		}
	}
}

// interruptReads makes reads fail with a timeout when ctx ends. stop undoes that.
func (c *Conn) interruptReads(ctx context.Context) (stop func()) {
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
