package websocket

import (
	"math/rand/v2"
	"sync"

	"github.com/holdfast-dev/holdfast/websocket/internal/deflate"
	"github.com/holdfast-dev/holdfast/websocket/internal/outbox"
	"github.com/holdfast-dev/holdfast/websocket/internal/wire"
)

// Frame is one message made ready to be sent to any number of connections. It is encoded once and
// shared, never copied and never changed; it may be used from any goroutine.
type Frame struct {
	wire   []byte // the unmasked frame, as a server sends it
	header int    // length of the frame header in wire
	typ    MessageType

	once  sync.Once
	small *compressedForm // made when it is first asked for; nil if it is no smaller
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

// compressed returns the frame with its message compressed, or nil if that is no smaller. It is made
// once, when it is first asked for, and refers to no other message.
func (f *Frame) compressed() *compressedForm {
	f.once.Do(func() {
		payload := f.Payload()
		if f.typ != Text || len(payload) < minSharedBytes {
			return
		}
		small := deflate.AppendShared(make([]byte, 0, len(payload)/2), payload, sharedWindowBits)
		if len(small) >= len(payload) {
			return
		}
		b := appendFrame(make([]byte, 0, wire.MaxHeader+len(small)), wire.Server, wire.Opcode(f.typ), small)
		wire.MarkCompressed(b)
		f.small = &compressedForm{wire: b, payloads: [][]byte{payload}}
	})
	return f.small
}

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
