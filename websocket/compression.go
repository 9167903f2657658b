package websocket

import (
	"context"
	"net/http"
	"sync"
	"unicode/utf8"

	"github.com/holdfast-dev/holdfast/websocket/internal/deflate"
	"github.com/holdfast-dev/holdfast/websocket/internal/handshake"
	"github.com/holdfast-dev/holdfast/websocket/internal/outbox"
	"github.com/holdfast-dev/holdfast/websocket/internal/wire"
)

// Compression asks for permessage-deflate (RFC 7692). If the peer agrees, text messages are sent
// compressed where that makes them smaller; binary ones are not, since what is worth compressing is
// text more often than not. Received messages of both kinds may be compressed.
//
// Do not put secrets and what an attacker chooses into one compressed message, or, with context
// takeover, on one connection: the sizes tell about the secret.
type Compression struct {
	// NoContextTakeover makes every message independent of those before, in both directions: the
	// connection then keeps no history (at most 12 KiB to send and 4 KiB to receive), but short
	// messages get much less smaller.
	NoContextTakeover bool

	// MinBytes is the shortest text that is worth compressing. Default 32, or 128 without context
	// takeover.
	MinBytes int
}

const (
	// minSharedBytes and minTakeoverBytes are the shortest texts that are worth compressing by default:
	// without a context, short ones hardly get smaller.
	minSharedBytes   = 128
	minTakeoverBytes = 32
)

// sharedWindowBits is the window of a message that is compressed once for many connections.
const sharedWindowBits = 12

// config returns what c means for the negotiation.
func (c *Compression) config() deflate.Config {
	return deflate.Config{SendNoTakeover: c.NoContextTakeover, ReceiveNoTakeover: c.NoContextTakeover}
}

// maxInflationRatio is how much larger than its compressed form a message of more than 1 MiB may
// be. Text of people and programs stays far below it, a bomb does not.
const maxInflationRatio = 200

// compression is the extension's part of a connection that has agreed on it.
type compression struct {
	minBytes int
	takeover bool // what is sent refers to what was sent before
	shared   bool // a message compressed for many may be sent

	mu  sync.Mutex // held from compressing a message until it is queued, which must be the same order
	enc deflate.Encoder

	dec      deflate.Decoder // the reader's, like inflated
	inflated *[]byte         // borrowed while it holds the messages inflated since the last fill
}

// agreeOnCompression switches the extension on, before anything is read or written.
func (c *Conn) agreeOnCompression(wanted *Compression, p deflate.Params) {
	x := &compression{
		minBytes: wanted.MinBytes,
		takeover: p.Send.Takeover,
		shared:   p.Send.WindowBits >= sharedWindowBits,
	}
	if x.minBytes <= 0 {
		x.minBytes = minSharedBytes
		if x.takeover {
			x.minBytes = minTakeoverBytes
		}
	}
	x.enc.Init(p.Send)
	x.dec.Init(p.Receive, deflate.Limits{MaxBytes: c.limits.MaxMessageBytes, MaxRatio: maxInflationRatio})
	c.compression = x
	c.in.parser.AllowCompression()
}

// acceptCompression answers the offers in a request. The response is "" if there is no agreement.
func acceptCompression(c *Compression, request http.Header) (p deflate.Params, response string) {
	if c == nil {
		return p, ""
	}
	extensions, err := handshake.Extensions(request)
	if err != nil {
		return p, "" // the request has been checked before
	}
	p, response, ok := deflate.Accept(paramsOf(extensions), c.config())
	if !ok {
		return p, ""
	}
	return p, response
}

// paramsOf returns the parameters of each permessage-deflate element.
func paramsOf(extensions []handshake.Extension) (lists [][]deflate.Param) {
	for _, e := range extensions {
		if e.Name != deflate.Name {
			continue
		}
		list := make([]deflate.Param, len(e.Params))
		for i, p := range e.Params {
			list[i] = deflate.Param(p)
		}
		lists = append(lists, list)
	}
	return lists
}

// worth tells whether a message is to be compressed.
func (x *compression) worth(typ MessageType, payload []byte) bool {
	return x != nil && typ == Text && len(payload) >= x.minBytes
}

// compress makes a frame of the compressed message, or nil if that is no smaller. x.mu is held if
// there is a context.
func (x *compression) compress(role wire.Role, typ MessageType, p []byte) *outbox.Buffer {
	small := outbox.NewBuffer(len(p))
	defer small.Free()
	small.B = x.enc.Append(small.B, p)
	if len(small.B) >= len(p) {
		return nil
	}
	buf := encode(role, wire.Opcode(typ), small.B)
	wire.MarkCompressed(buf.B)
	return buf
}

// writeCompressed is Write for a message that is worth it. If another goroutine is at it, which may
// be waiting for room, the message goes uncompressed.
func (c *Conn) writeCompressed(ctx context.Context, typ MessageType, p []byte) error {
	x := c.compression
	if !x.mu.TryLock() {
		return c.push(ctx, encode(c.role, wire.Opcode(typ), p))
	}
	defer x.mu.Unlock()
	buf := x.compress(c.role, typ, p)
	if buf == nil {
		return c.push(ctx, encode(c.role, wire.Opcode(typ), p))
	}
	if err := c.push(ctx, buf); err != nil {
		return err
	}
	x.enc.Note(p)
	return nil
}

// compressedForm is a message, or a batch of them, for any connection with permessage-deflate. It
// refers to no earlier message.
type compressedForm struct {
	wire     []byte   // frames as a server sends them
	payloads [][]byte // of the frames that are compressed in it
}

// offer sends what was encoded for many, in its compressed form where that may be sent. It never
// waits: if another goroutine is compressing, the plain form goes. Only servers share encodings.
func (c *Conn) offer(plain []byte, of interface{ compressed() *compressedForm }) Result {
	x := c.compression
	if x == nil || !x.shared {
		return Result(c.out.Send(plain))
	}
	small := of.compressed()
	if small == nil || x.takeover && !x.mu.TryLock() {
		return Result(c.out.Send(plain))
	}
	result := Result(c.out.Send(small.wire))
	if x.takeover {
		if result == Sent || result == Queued {
			for _, payload := range small.payloads {
				x.enc.Note(payload)
			}
		}
		x.mu.Unlock()
	}
	return result
}

// inflate returns what a compressed message stands for, valid until the next fill.
func (x *compression) inflate(typ MessageType, message []byte) ([]byte, *wire.Error) {
	if x.inflated == nil {
		x.inflated = inflatedBuffers.Get().(*[]byte)
	}
	start := len(*x.inflated)
	all, err := x.dec.Append(*x.inflated, message)
	if err != nil {
		e := err.(*deflate.Error)
		return nil, &wire.Error{Code: e.Code, Reason: e.Reason}
	}
	*x.inflated = all
	if typ == Text && !utf8.Valid(all[start:]) {
		return nil, &wire.Error{Code: uint16(CloseInvalidPayload), Reason: "text message is not valid UTF-8 (RFC 6455 section 8.1)"}
	}
	return all[start:len(all):len(all)], nil
}

// maxInflatedKept is the largest buffer of inflated messages that goes back to the pool.
const maxInflatedKept = 64 << 10

var inflatedBuffers = sync.Pool{New: func() any { return new([]byte) }}

// rest lets go of what was inflated. A nil x has nothing.
func (x *compression) rest() {
	if x == nil || x.inflated == nil {
		return
	}
	if cap(*x.inflated) <= maxInflatedKept {
		*x.inflated = (*x.inflated)[:0]
		inflatedBuffers.Put(x.inflated)
	}
	x.inflated = nil
}
