package websocket

import (
	"sync"

	"github.com/holdfast-dev/holdfast/websocket/internal/outbox"
	"github.com/holdfast-dev/holdfast/websocket/internal/wire"
)

// Batch is one or several messages made ready to be sent together, in order, to any number of
// connections. Like a Frame it is encoded once and never changes.
type Batch struct {
	frames []*Frame
	wire   []byte // the frames behind each other, as a server sends them

	once  sync.Once
	small *compressedForm // made when it is first asked for; nil if nothing gets smaller

	eventsOnce sync.Once
	events     []byte // made when they are first asked for
}

// NewBatch puts frames together. There must be at least one.
func NewBatch(frames ...*Frame) *Batch {
	b := &Batch{frames: frames, wire: frames[0].wire}
	if len(frames) == 1 {
		return b
	}
	n := 0
	for _, f := range frames {
		n += len(f.wire)
	}
	b.wire = make([]byte, 0, n)
	for _, f := range frames {
		b.wire = append(b.wire, f.wire...)
	}
	return b
}

// Frames returns the messages in order. The slice must not be changed.
func (b *Batch) Frames() []*Frame { return b.frames }

// Bytes returns how much the batch takes on the wire of a server.
func (b *Batch) Bytes() int { return len(b.wire) }

// Events returns the messages as Server-Sent Events without a type, one each (WHATWG HTML, section 9.2). They have to be text without
// line ends, as JSON can be. The bytes are made once and shared, and must not be changed.
func (b *Batch) Events() []byte {
	b.eventsOnce.Do(func() {
		const before, behind = "data: ", "\n\n"
		n := 0
		for _, f := range b.frames {
			n += len(before) + len(f.Payload()) + len(behind)
		}
		b.events = make([]byte, 0, n)
		for _, f := range b.frames {
			b.events = append(append(append(b.events, before...), f.Payload()...), behind...)
		}
	})
	return b.events
}

// compressed returns the compressed form, or nil if it is no smaller. It is made once.
func (b *Batch) compressed() *compressedForm {
	if len(b.frames) == 1 {
		return b.frames[0].compressed()
	}
	b.once.Do(func() {
		var small compressedForm
		for _, f := range b.frames {
			if one := f.compressed(); one != nil {
				small.wire = append(small.wire, one.wire...)
				small.payloads = append(small.payloads, one.payloads...)
			} else {
				small.wire = append(small.wire, f.wire...)
			}
		}
		if small.payloads != nil {
			b.small = &small
		}
	})
	return b.small
}

// SendBatch offers all messages of a batch to the connection, or, if the result is Dropped or Closed,
// none of them. Like Send it never blocks; where the socket has room it costs one system call.
func (c *Conn) SendBatch(b *Batch) Result {
	if c.role == wire.Server {
		return c.offer(b.wire, b)
	}
	all := outbox.NewBuffer(len(b.wire) + len(b.frames)*len([4]byte{})) // a key each
	for _, f := range b.frames {
		all.B = appendFrame(all.B, c.role, wire.Opcode(f.typ), f.Payload())
	}
	return Result(c.out.SendBuffer(all))
}
