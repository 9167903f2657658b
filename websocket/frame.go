package websocket

import (
	"math/rand/v2"

	"github.com/holdfast-dev/holdfast/websocket/internal/outbox"
	"github.com/holdfast-dev/holdfast/websocket/internal/wire"
)

// Frame is one message made ready to be sent to any number of connections. It is encoded once and
// shared, never copied and never changed; it may be used from any goroutine.
type Frame struct {
	wire   []byte // the unmasked frame, as a server sends it
	header int    // length of the frame header in wire
	typ    MessageType
}

// NewFrame copies payload into a frame. The payload of a Text frame must be valid UTF-8, which is
// not checked here: messages that a Conn has received are.
func NewFrame(typ MessageType, payload []byte) *Frame {
	b := make([]byte, 0, wire.MaxHeader+len(payload))
	b = wire.AppendHeader(b, true, wire.Opcode(typ), uint64(len(payload)), false, [4]byte{})
	header := len(b)
	return &Frame{wire: append(b, payload...), header: header, typ: typ}
}

// Type returns the kind of the message.
func (f *Frame) Type() MessageType { return f.typ }

// Payload returns the message. It must not be changed.
func (f *Frame) Payload() []byte { return f.wire[f.header:] }

// encode makes one whole frame in a pooled buffer, masked if a client sends it.
func encode(role wire.Role, op wire.Opcode, payload []byte) *outbox.Buffer {
	buf := outbox.NewBuffer(wire.MaxHeader + len(payload))
	buf.B = appendFrame(buf.B, role, op, payload)
	return buf
}

// appendFrame appends one whole frame, masked if a client sends it.
func appendFrame(b []byte, role wire.Role, op wire.Opcode, payload []byte) []byte {
	masked := role == wire.Client
	var key [4]byte
	if masked {
		key = newMaskKey()
	}
	b = wire.AppendHeader(b, true, op, uint64(len(payload)), masked, key)
	start := len(b)
	b = append(b, payload...)
	if masked {
		wire.Mask(b[start:], key, 0)
	}
	return b
}

// newMaskKey returns an unpredictable masking key (RFC 6455 section 5.3): the top-level generator
// of math/rand/v2 is a ChaCha8 seeded by the operating system, per thread and without a lock.
func newMaskKey() [4]byte {
	k := rand.Uint32()
	return [4]byte{byte(k), byte(k >> 8), byte(k >> 16), byte(k >> 24)}
}
