package wire

import (
	"encoding/binary"
	"math"
	"strconv"
)

// Kind is the kind of an [Event].
type Kind uint8

// The kinds of events.
const (
	KindNone  Kind = iota // nothing to report
	KindData              // bytes of a text or binary message
	KindPing              // a ping, to be answered with a pong of the same payload
	KindPong              // a pong
	KindClose             // a close frame; see [ParseClose]
)

// Event is what [Parser.Next] found.
type Event struct {
	Kind   Kind
	Opcode Opcode // KindData: Text or Binary, the message's kind, on every chunk of it; otherwise the frame's own opcode
	First  bool   // KindData: the message begins with this chunk
	Final  bool   // KindData: the message ends with this chunk

	// Compressed tells of KindData that the message has RSV1 set, which AllowCompression permits (RFC 7692 section 6): its
	// chunks are to be decompressed, and its text to be checked then.
	Compressed bool

	// Payload is unmasked and aliases the buffer given to Next. For a control frame it is the whole payload; for KindData it
	// is the next chunk of the message, which is empty only if Final is set.
	Payload []byte
}

// Parser turns the bytes of one peer into events and enforces the framing rules of RFC 6455 section 5. It keeps no bytes: the
// payload of data frames is passed on as it arrives, and headers and control frames are left in the caller's
// buffer until they are whole. It takes 56 bytes and allocates only to describe an error.
//
// Call Init before the first Next. A Parser must not be used concurrently.
type Parser struct {
	err        *Error // the violation that ended the stream, or nil
	maxMessage uint64 // the most bytes a message may have
	total      uint64 // bytes of the current message announced by its frames so far; at most maxMessage
	remaining  uint64 // bytes of the current data frame's payload still to come

	maxFragments uint32 // the most frames a message may have
	fragments    uint32 // frames of the current message so far

	key        [4]byte
	keyPos     uint8  // where in key the payload continues
	opcode     Opcode // Text or Binary inside a message, Continuation between messages
	text       UTF8
	role       Role
	final      bool // the current data frame ends its message
	unchecked  bool // text is not checked any more
	compress   bool // permessage-deflate was negotiated
	compressed bool // the current message has RSV1 set
	started    bool // a chunk of the current message has been reported
}

// Init makes p ready for a new stream, read by our side in the given role. A message of more than maxMessage bytes is
// refused with 1009 as soon as a header announces it.
func (p *Parser) Init(role Role, maxMessage uint64) {
	*p = Parser{role: role, maxMessage: maxMessage, maxFragments: math.MaxUint32}
}

// LimitFragments makes p refuse a message of more than max frames, empty ones included, with 1008. Call it after Init.
func (p *Parser) LimitFragments(max uint64) {
	p.maxFragments = uint32(min(max, math.MaxUint32))
}

// AllowCompression permits RSV1 on the first frame of a message, for permessage-deflate (RFC 7692 section 6). Call it after Init. The
// limit of a message then counts what is compressed, with a little more for what does not get smaller.
func (p *Parser) AllowCompression() {
	p.compress = true
}

// SkipMessages lets a parser that has refused a message for its size go on: messages of any size and any text pass from now
// on, to be thrown away by a caller that waits for the peer's close frame. The framing rules stay in force.
func (p *Parser) SkipMessages() {
	p.err, p.maxMessage, p.maxFragments, p.unchecked = nil, math.MaxUint64, math.MaxUint32, true
}

// InMessage reports whether a message has begun and not yet ended. A stream that stops here was cut off in the middle.
func (p *Parser) InMessage() bool { return p.opcode != Continuation }

// Next consumes n bytes from the front of buf and returns what they mean. Call it again with the bytes after them.
//
//   - n == 0 without an error: buf ends inside a header or a control frame, or is empty. Call again with the same bytes and
//     more behind them; [MaxHeader]+[MaxControlPayload] bytes are always enough to get on.
//   - n > 0 with KindNone: bytes were consumed that have nothing to report, such as an empty fragment, or a header
//     whose payload has not arrived.
//   - Of each message exactly one KindData event has First set, and exactly one has Final set; they may be the same.
//
// Consumed payload is unmasked in place. The error, if any, is an [*Error]; then nothing is consumed and every later call
// returns the same error. After a close frame the stream is over, and bytes behind it must be ignored
// (RFC 6455 section 5.5.1).
func (p *Parser) Next(buf []byte) (ev Event, n int, err error) {
	if p.err != nil {
		return Event{}, 0, p.err
	}
	if p.remaining > 0 {
		return p.chunk(buf, 0)
	}
	if len(buf) < 2 {
		return Event{}, 0, nil
	}
	op, broken := p.checkStart(buf[0], buf[1])
	if broken != nil {
		return p.fail(broken)
	}
	length, size := uint64(buf[1]&lenMask), 2
	switch length {
	case length16:
		size = 4
	case length64:
		size = 10
	}
	payload := size
	if p.role == Server {
		payload += 4
	}
	if len(buf) < payload {
		return Event{}, 0, nil
	}
	if size > 2 {
		if length, broken = extendedLength(buf[2:size]); broken != nil {
			return p.fail(broken)
		}
	}
	var key [4]byte
	if p.role == Server {
		key = [4]byte(buf[size:])
	}
	if op.IsControl() {
		end := payload + int(length) // checkStart has seen that length is at most 125
		if len(buf) < end {
			return Event{}, 0, nil
		}
		body := buf[payload:end:end]
		Mask(body, key, 0)
		return Event{Kind: controlKind(op), Opcode: op, Payload: body}, end, nil
	}
	if op != Continuation {
		p.compressed = buf[0]&rsv1Bit != 0
	}
	if most := p.limit(); length > most-p.total {
		return p.fail(&Error{
			Code:   codeMessageTooLarge,
			Reason: "message is larger than the limit of " + strconv.FormatUint(p.maxMessage, 10) + " bytes",
		})
	}
	if op != Continuation {
		p.opcode, p.fragments = op, 0
	}
	if p.fragments == p.maxFragments {
		return p.fail(&Error{
			Code:   codePolicyViolation,
			Reason: "message has more than " + strconv.FormatUint(uint64(p.maxFragments), 10) + " fragments (limit MaxFragments)",
		})
	}
	p.fragments++
	p.total += length
	p.remaining = length
	p.final = buf[0]&finBit != 0
	p.key, p.keyPos = key, 0
	return p.chunk(buf, payload)
}

// chunk passes on what buf holds, from index at, of the current data frame's payload.
func (p *Parser) chunk(buf []byte, at int) (Event, int, error) {
	take := min(uint64(len(buf)-at), p.remaining)
	end := at + int(take)
	p.remaining -= take
	final := p.final && p.remaining == 0
	if take == 0 && !final {
		return Event{}, end, nil
	}
	body := buf[at:end:end]
	p.keyPos = uint8(Mask(body, p.key, int(p.keyPos)))
	if p.opcode == Text && !p.unchecked && !p.compressed && (!p.text.Check(body) || final && !p.text.Complete()) {
		return p.fail(&Error{Code: codeInvalidPayload, Reason: "text message is not valid UTF-8 (RFC 6455 section 8.1)"})
	}
	ev := Event{Kind: KindData, Opcode: p.opcode, First: !p.started, Final: final, Compressed: p.compressed, Payload: body}
	p.started = !final
	if final {
		p.opcode = Continuation
		p.total = 0
	}
	return ev, end, nil
}

// checkStart applies the rules that the first two bytes of a header can break, and returns the opcode.
func (p *Parser) checkStart(first, second byte) (Opcode, *Error) {
	op := Opcode(first & opMask)
	if rsv := first & rsvBits; rsv != 0 && !(rsv == rsv1Bit && p.compress && (op == Text || op == Binary)) {
		return op, p.reserved(first)
	}
	switch op {
	case Continuation:
		if !p.InMessage() {
			return op, violation("continuation frame without a message to continue (RFC 6455 section 5.4)")
		}
	case Text, Binary:
		if p.InMessage() {
			return op, violation(op.String() + " frame inside a fragmented message that has not ended (RFC 6455 section 5.4)")
		}
	case Close, Ping, Pong:
		if first&finBit == 0 {
			return op, violation(op.String() + " frame is fragmented; control frames must not be (RFC 6455 section 5.5)")
		}
		if second&lenMask > MaxControlPayload {
			return op, violation(op.String() + " frame announces more than 125 bytes of payload (RFC 6455 section 5.5)")
		}
	default:
		return op, violation("opcode 0x" + strconv.FormatUint(uint64(op), 16) + " is reserved (RFC 6455 section 5.2)")
	}
	if masked := second&maskBit != 0; masked != (p.role == Server) {
		if masked {
			return op, violation("frame from a server is masked; servers must not mask (RFC 6455 section 5.1)")
		}
		return op, violation("frame from a client is not masked; clients must mask (RFC 6455 section 5.1)")
	}
	return op, nil
}

// reserved describes reserved bits that may not be set.
func (p *Parser) reserved(first byte) *Error {
	if p.compress && first&rsvBits == rsv1Bit {
		return violation("reserved bit RSV1 is set on a frame that does not begin a message (RFC 7692 section 6.1)")
	}
	if p.compress {
		first &^= rsv1Bit // it is another that is wrong
	}
	return violation(rsvName(first) + " is set but no extension was negotiated (RFC 6455 section 5.2)")
}

// limit returns how many bytes the current message may have on the wire.
func (p *Parser) limit() uint64 {
	if p.compressed && p.maxMessage < math.MaxUint64/2 {
		return p.maxMessage + p.maxMessage/1024 + 64 // stored blocks take 5 bytes for every 64 KiB
	}
	return p.maxMessage
}

// extendedLength reads a length field of two or eight bytes.
func extendedLength(field []byte) (uint64, *Error) {
	const notShortest = "payload length is not written in its shortest form (RFC 6455 section 5.2)"
	if len(field) == 2 {
		length := uint64(binary.BigEndian.Uint16(field))
		if length <= maxLen7 {
			return 0, violation(notShortest)
		}
		return length, nil
	}
	length := binary.BigEndian.Uint64(field)
	if length&lenTopBit != 0 {
		return 0, violation("64-bit payload length has its top bit set (RFC 6455 section 5.2)")
	}
	if length <= maxLen16 {
		return 0, violation(notShortest)
	}
	return length, nil
}

func (p *Parser) fail(e *Error) (Event, int, error) {
	p.err = e
	return Event{}, 0, e
}

// rsvName names the first reserved bit that is set.
func rsvName(first byte) string {
	switch {
	case first&rsv1Bit != 0:
		return "reserved bit RSV1"
	case first&rsv2Bit != 0:
		return "reserved bit RSV2"
	}
	return "reserved bit RSV3"
}

func controlKind(op Opcode) Kind {
	switch op {
	case Ping:
		return KindPing
	case Pong:
		return KindPong
	}
	return KindClose
}
