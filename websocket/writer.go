package websocket

import (
	"context"
	"errors"
	"io"

	"github.com/holdfast-dev/holdfast/websocket/internal/outbox"
	"github.com/holdfast-dev/holdfast/websocket/internal/wire"
)

// partBytes is how much of a streamed message goes into one frame: what fits into a pooled buffer.
const partBytes = 16<<10 - wire.MaxHeader

// errWriterClosed is returned by a writer after its Close.
var errWriterClosed = errors.New("websocket: the message has been completed by Close")

// NextWriter begins a message whose size need not be known and returns a writer for it. The payload
// leaves in frames of 16 KiB as it is written; Close completes the message and must be called.
// While the writer is open, other messages wait behind it in a queue of Limits.SendQueueBytes of its
// own, and a second NextWriter waits; pings, pongs and the closing of the connection do not. Streamed
// messages are not compressed. The writer is for one goroutine at a time.
//
// ctx bounds the wait for an earlier writer and every write. A message of which a part has been sent
// can't be taken back: when its writer fails after that, the connection is closed with
// CloseInternalError. Before, nothing has happened and the connection stays usable. Errors are those
// of Write, ErrNotUTF8 included.
func (c *Conn) NextWriter(ctx context.Context, typ MessageType) (io.WriteCloser, error) {
	if typ != Text && typ != Binary {
		return nil, errMessageType
	}
	if err := c.out.BeginStream(ctx); err != nil {
		return nil, c.sendError(ctx, err)
	}
	return &messageWriter{c: c, ctx: ctx, typ: typ, buf: outbox.NewBuffer(partBytes)}, nil
}

var errMessageType = errors.New("websocket: message type must be Text or Binary")

// messageWriter writes one message in parts.
type messageWriter struct {
	c    *Conn
	ctx  context.Context // of the call that made it, as documented there
	typ  MessageType
	text wire.UTF8
	buf  *outbox.Buffer // what does not fill a frame yet; nil after the end
	sent bool           // a part of the message
	err  error          // what further calls return
}

// Write adds p to the message. It waits while the send queue is full.
func (w *messageWriter) Write(p []byte) (int, error) {
	if w.err != nil {
		return 0, w.err
	}
	if w.typ == Text && !w.text.Check(p) {
		return 0, w.fail(ErrNotUTF8)
	}
	for n := 0; ; {
		m := min(len(p)-n, partBytes-len(w.buf.B))
		w.buf.B = append(w.buf.B, p[n:n+m]...)
		if n += m; n == len(p) {
			return n, nil
		}
		if err := w.send(false); err != nil {
			return n - m, w.fail(err)
		}
	}
}

// Close completes the message.
func (w *messageWriter) Close() error {
	if w.err != nil {
		return w.err
	}
	if w.typ == Text && !w.text.Complete() {
		return w.fail(ErrNotUTF8)
	}
	if err := w.send(true); err != nil {
		return w.fail(err)
	}
	w.end(errWriterClosed)
	return nil
}

// send sends what has gathered.
func (w *messageWriter) send(final bool) error {
	op := wire.Opcode(w.typ)
	if w.sent {
		op = wire.Continuation
	}
	frame := encode(w.c.role, op, w.buf.B)
	if !final {
		wire.MarkUnfinished(frame.B)
	}
	if err := w.c.pushPart(w.ctx, frame); err != nil {
		return err
	}
	w.sent = true
	w.buf.B = w.buf.B[:0]
	return nil
}

// fail ends the writer, and with it the connection if there is no other way.
func (w *messageWriter) fail(err error) error {
	if w.sent {
		w.c.Expel(CloseInternalError, "a message could not be completed by its sender")
	}
	w.end(err)
	return err
}

// end lets other messages go.
func (w *messageWriter) end(err error) {
	w.c.out.EndStream()
	w.buf.Free()
	w.buf, w.err = nil, err
}

// pushPart queues a part of a message, or a control frame, waiting for room.
func (c *Conn) pushPart(ctx context.Context, buf *outbox.Buffer) error {
	return c.sendError(ctx, c.out.PushPart(ctx, buf))
}
