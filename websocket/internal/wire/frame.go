package wire

import "encoding/binary"

// Opcode says what a frame carries (RFC 6455 section 5.2). Values other than those below are reserved.
type Opcode byte

// The opcodes of RFC 6455 section 11.8.
const (
	Continuation Opcode = 0x0
	Text         Opcode = 0x1
	Binary       Opcode = 0x2
	Close        Opcode = 0x8
	Ping         Opcode = 0x9
	Pong         Opcode = 0xA
)

// IsControl reports whether op is one of the control opcodes, reserved ones included (RFC 6455 section 5.5).
func (op Opcode) IsControl() bool { return op&0x8 != 0 }

// String returns the name the RFC gives to op, in lower case, or "reserved".
func (op Opcode) String() string {
	switch op {
	case Continuation:
		return "continuation"
	case Text:
		return "text"
	case Binary:
		return "binary"
	case Close:
		return "close"
	case Ping:
		return "ping"
	case Pong:
		return "pong"
	}
	return "reserved"
}

// Role is our side of the connection. It decides which frames must be masked: a client masks all it sends, a server none
// (RFC 6455 section 5.1).
type Role uint8

// The two roles.
const (
	Server Role = iota
	Client
)

const (
	// MaxHeader is the size in bytes of the longest frame header: two bytes, a 64-bit length and a masking key.
	MaxHeader = 14
	// MaxControlPayload is the most payload, in bytes, that a control frame may carry (RFC 6455 section 5.5).
	MaxControlPayload = 125
)

// MarkCompressed sets RSV1 in the first byte of a frame header: its message is compressed (RFC 7692 section 6).
func MarkCompressed(header []byte) { header[0] |= rsv1Bit }

// MarkUnfinished clears FIN in the first byte of a frame header: its message goes on in the next frame (RFC 6455 section 5.4).
func MarkUnfinished(header []byte) { header[0] &^= finBit }

// The fields of the first two header bytes, and the two length codes that announce a longer length field.
const (
	finBit    = 0x80
	rsv1Bit   = 0x40
	rsv2Bit   = 0x20
	rsv3Bit   = 0x10
	rsvBits   = rsv1Bit | rsv2Bit | rsv3Bit
	opMask    = 0x0F
	maskBit   = 0x80
	lenMask   = 0x7F
	length16  = 126
	length64  = 127
	maxLen7   = 125
	maxLen16  = 1<<16 - 1
	lenTopBit = 1 << 63
)

// AppendHeader appends the header of a frame with length bytes of payload to dst and returns the longer slice. The length is
// written in its shortest form, as RFC 6455 section 5.2 demands. When masked is true, key follows, and the payload must be
// passed through [Mask] with the same key, starting at position 0; when it is false, key is ignored.
//
// AppendHeader writes what it is told: that control frames are final and short, and that fragments come in order, is the
// caller's duty. At most [MaxHeader] bytes are appended.
func AppendHeader(dst []byte, fin bool, op Opcode, length uint64, masked bool, key [4]byte) []byte {
	first := byte(op)
	if fin {
		first |= finBit
	}
	var second byte
	if masked {
		second = maskBit
	}
	switch {
	case length <= maxLen7:
		dst = append(dst, first, second|byte(length))
	case length <= maxLen16:
		dst = append(dst, first, second|length16)
		dst = binary.BigEndian.AppendUint16(dst, uint16(length))
	default:
		dst = append(dst, first, second|length64)
		dst = binary.BigEndian.AppendUint64(dst, length)
	}
	if masked {
		dst = append(dst, key[:]...)
	}
	return dst
}
