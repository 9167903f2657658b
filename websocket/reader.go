package websocket

import (
	"bytes"
	"context"
	"errors"
	"io"

	"github.com/holdfast-dev/holdfast/websocket/internal/wire"
)

// errReaderLeft is returned by a reader whose message was skipped.
var errReaderLeft = errors.New("websocket: the rest of this message was skipped, because a later one was asked for")

// NextReader waits for the next message to begin and returns a reader of its payload, which arrives
// while it is read: a large message needs no memory of its size. What is left unread of it when the
// next message is asked for, by NextReader, Read or Serve, is skipped.
//
// ctx bounds the wait and every read from the reader; when it ends, the connection and the reader's
// place in the message are kept, but this reader is done: NextReader goes on to the next message.
// The reader returns io.EOF at the end of the message and a *CloseError if the connection ends first
// or the message breaks a rule. Limits.MaxMessageBytes holds, and text is checked as it comes: what
// has been read of a message in whose later part something is wrong is valid as far as it goes.
//
// A message that the peer has compressed is assembled first, within the same limit.
func (c *Conn) NextReader(ctx context.Context) (MessageType, io.Reader, error) {
	if err := c.takeReading(ctx); err != nil {
		return 0, nil, err
	}
	defer c.letGo()
	if m, ok := c.late.next(); ok {
		return m.Type, bytes.NewReader(m.Payload), nil
	}
	if c.over() {
		return 0, nil, c.end
	}
	if ctx.Done() != nil {
		stop := c.interruptReads(ctx)
		defer stop()
	}
	c.in.leaveStream()
	for {
		ev, ok, err := c.data(nil, false)
		if err == nil && !ok {
			err = c.fill()
		}
		if err != nil {
			return 0, nil, c.readError(ctx, err)
		}
		if !ok {
			continue
		}
		if ev.First && !ev.Compressed {
			r := &messageReader{c: c, ctx: ctx, chunk: ev.Payload, final: ev.Final}
			c.in.stream = r
			return MessageType(ev.Opcode), r, nil
		}
		if m, inPlace, ok := c.complete(ev); ok { // one that an interrupted Read has begun, or a compressed one
			if inPlace {
				m.Payload = bytes.Clone(m.Payload)
			}
			return m.Type, bytes.NewReader(m.Payload), nil
		}
	}
}

// messageReader reads one message while it arrives. Whoever holds the connection's reading token owns
// it.
type messageReader struct {
	c     *Conn
	ctx   context.Context // of the call that made it, as documented there
	chunk []byte          // arrived, still to be read; in the read buffer
	final bool            // nothing comes behind chunk
	err   error           // what further reads return
}

// Read reads some of the message. It costs a copy, and a system call when what has arrived is used up.
func (r *messageReader) Read(p []byte) (int, error) { return r.read(r.ctx, p) }

func (r *messageReader) read(ctx context.Context, p []byte) (int, error) {
	c := r.c
	if len(p) == 0 {
		return 0, nil
	}
	if err := c.takeReading(ctx); err != nil {
		return 0, err
	}
	defer c.letGo()
	if c.over() && r.err != io.EOF {
		r.err = c.end
	}
	if r.err != nil {
		return 0, r.err
	}
	if len(r.chunk) == 0 && !r.final {
		if err := r.next(ctx); err != nil {
			return 0, err
		}
	}
	n := copy(p, r.chunk)
	r.chunk = r.chunk[n:]
	if len(r.chunk) == 0 && r.final {
		c.in.stream, r.err = nil, io.EOF
		if n == 0 {
			return 0, io.EOF
		}
	}
	return n, nil
}

// next waits for the next part of the message, until ctx ends.
func (r *messageReader) next(ctx context.Context) error {
	c := r.c
	if ctx.Done() != nil {
		stop := c.interruptReads(ctx)
		defer stop()
	}
	for {
		ev, ok, err := c.data(r, false)
		if ok {
			r.chunk, r.final = ev.Payload, ev.Final
			return nil
		}
		if err == nil {
			err = c.fill()
		}
		if err != nil {
			return c.readError(ctx, err)
		}
	}
}

// leaveStream makes the reader of the current message, if there is one, return no more of it.
func (in *inbound) leaveStream() {
	r := in.stream
	if r == nil {
		return
	}
	r.chunk, r.err = nil, errReaderLeft
	if r.final {
		in.stream = nil
	}
}

// skips reports whether ev is part of a message that somebody reads, or has left unread, other than r.
func (in *inbound) skips(ev wire.Event, r *messageReader) bool {
	if in.stream == nil || in.stream == r {
		return false
	}
	if ev.Final {
		in.stream = nil
	}
	return true
}
