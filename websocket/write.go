package websocket

import (
	"context"
	"errors"
	"unicode/utf8"

	"github.com/holdfast-dev/holdfast/websocket/internal/outbox"
	"github.com/holdfast-dev/holdfast/websocket/internal/wire"
)

// Result tells what became of a frame given to Send.
type Result uint8

const (
	// Sent means that the frame was handed to the transport.
	Sent = Result(outbox.Sent)
	// Queued means that the frame waits for the transport, in order.
	Queued = Result(outbox.Queued)
	// Dropped means that the send queue is full and the frame was not taken. Later ones may be.
	Dropped = Result(outbox.Dropped)
	// Closed means that the connection is closing or over and the frame was not taken.
	Closed = Result(outbox.Closed)
)

// Write sends one message. p is copied and may be reused at once.
//
// A nil error means that the message is on its way in order: written, or in the send queue, which
// is bounded by Limits.SendQueueBytes and flushed by Close. While the queue is full Write waits,
// until ctx ends: then the message was not sent and the connection stays usable. Once the
// connection is closing or over, Write returns a *CloseError.
//
// Cost for a small message: one system call, no allocation.
func (c *Conn) Write(ctx context.Context, typ MessageType, p []byte) error {
	switch typ {
	case Text:
		if !utf8.Valid(p) {
			return ErrNotUTF8
		}
	case Binary:
	default:
		return errors.New("websocket: message type must be Text or Binary")
	}
	if c.compression.worth(typ, p) {
		return c.writeCompressed(ctx, typ, p)
	}
	return c.push(ctx, encode(c.role, wire.Opcode(typ), p))
}

// push queues a frame, waiting for room.
func (c *Conn) push(ctx context.Context, buf *outbox.Buffer) error {
	return c.sendError(ctx, c.out.Push(ctx, buf))
}

// Flush waits until everything that was sent has left the send queue for the transport, or ctx ends,
// whose error it returns then, or the connection is closing or over, when it returns a *CloseError.
// With it, who sends with Send or SendBatch can let a slow peer catch up instead of dropping.
func (c *Conn) Flush(ctx context.Context) error {
	return c.sendError(ctx, c.out.Drained(ctx))
}

// sendError returns what a sender is to be told about err: that ctx has ended, or how the connection
// has.
func (c *Conn) sendError(ctx context.Context, err error) error {
	if err == nil || ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return err
	}
	return c.closedError(err)
}

// closedError returns how the connection ended or is ending.
func (c *Conn) closedError(err error) *CloseError {
	if c.over() {
		return c.end
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.verdict == nil { // the outbox has died and is about to say so
		return &CloseError{Code: CloseAbnormal, By: Network, Err: err}
	}
	v := *c.verdict
	return &v
}

// Send offers a frame to the connection and never blocks. A broadcast is a loop of Sends of one
// Frame: each costs one system call where the socket has room, and no copy.
func (c *Conn) Send(f *Frame) Result {
	if c.role == wire.Server {
		return c.offer(f.wire, f)
	}
	// A client must mask, so it can't share the bytes.
	return Result(c.out.SendBuffer(encode(c.role, wire.Opcode(f.typ), f.Payload())))
}
