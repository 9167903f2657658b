package websocket

import (
	"sync"

	"github.com/holdfast-dev/holdfast/websocket/internal/wire"
)

// readBufferBytes is the size of a read buffer. Connections borrow one while bytes are at hand, so
// its size costs nothing per connection.
const readBufferBytes = 32 << 10

type readBuffer [readBufferBytes]byte

var readBuffers = sync.Pool{New: func() any { return new(readBuffer) }}

// inbound is the receiving half of a connection. It is owned by whoever holds the connection's
// reading token. While nothing has arrived, it holds no buffer.
type inbound struct {
	parser wire.Parser

	buf   *readBuffer // borrowed while it holds bytes; nil otherwise
	r, w  int         // buf[r:w] is not parsed yet
	carry []byte      // unparsed bytes, at most a header and a control frame, while there is no buf

	message []byte // the chunks so far of a message that did not arrive in one piece

	ahead *outcome // what next returns first; nil for nothing

	stream  *messageReader // reads the current message part by part; nil for nobody
	control allowance      // of control frames
}

// outcome is what next has found: an event or an error.
type outcome struct {
	ev  wire.Event
	err error
}

// preload takes the bytes that arrived together with the handshake, at most readBufferBytes.
func (in *inbound) preload(b []byte) {
	if len(b) > 0 {
		in.put(b)
	}
}

// put copies b behind what is not parsed yet. There is room for it.
func (in *inbound) put(b []byte) { in.w += copy(in.room(), b) }

// room borrows a buffer unless there is one, with the carried bytes in front, and returns its free
// part, which is never empty: what is not parsed is at most a header and a control frame.
func (in *inbound) room() []byte {
	switch {
	case in.buf == nil:
		in.buf = readBuffers.Get().(*readBuffer)
		in.r, in.w = 0, copy(in.buf[:], in.carry)
		in.carry = in.carry[:0]
	case in.r > 0:
		in.r, in.w = 0, copy(in.buf[:], in.buf[in.r:in.w])
	}
	return in.buf[in.w:]
}

// stash gives the buffer back and keeps what is not parsed in a slice of the right size.
func (in *inbound) stash() {
	if in.buf == nil {
		return
	}
	if in.r < in.w {
		in.carry = append(in.carry[:0], in.buf[in.r:in.w]...)
	} else {
		in.carry = nil
	}
	in.release()
}

// release gives the buffer back.
func (in *inbound) release() {
	readBuffers.Put(in.buf)
	in.buf, in.r, in.w = nil, 0, 0
}

// rest gives the buffer back if nothing is left in it.
func (in *inbound) rest() {
	if in.buf != nil && in.r == in.w && (in.stream == nil || len(in.stream.chunk) == 0) {
		in.release()
	}
}

// clear gives everything back.
func (in *inbound) clear() {
	if in.buf != nil {
		in.release()
	}
	if in.stream != nil {
		in.stream.chunk = nil // it was in the buffer
	}
	in.carry, in.message, in.ahead, in.stream = nil, nil, nil, nil
}

// next parses one event from the bytes at hand; ok is false when more are needed.
func (in *inbound) next() (ev wire.Event, ok bool, err error) {
	if a := in.ahead; a != nil {
		in.ahead = nil
		return a.ev, a.err == nil, a.err
	}
	for in.r < in.w {
		ev, n, err := in.parser.Next(in.buf[in.r:in.w])
		if err != nil {
			return ev, false, err
		}
		if n == 0 {
			return ev, false, nil
		}
		in.r += n
		if ev.Kind != wire.KindNone {
			return ev, true, nil
		}
	}
	return wire.Event{}, false, nil
}

// unread makes the next call of next return this again. The bytes of ev must not be overtaken by a
// fill.
func (in *inbound) unread(ev wire.Event, err error) { in.ahead = &outcome{ev, err} }

// assemble adds a chunk to the message and returns the whole of it once it is complete. A message
// in one piece is returned in place, without a copy; either way it is valid until the next call.
// Memory grows with the bytes received, never by the length that a frame declares.
func (in *inbound) assemble(ev wire.Event) (message []byte, complete, inPlace bool) {
	if ev.First {
		in.message = nil
		if ev.Final {
			return ev.Payload, true, true
		}
	}
	in.message = append(in.message, ev.Payload...)
	if !ev.Final {
		return nil, false, false
	}
	message, in.message = in.message, nil
	return message, true, false
}
