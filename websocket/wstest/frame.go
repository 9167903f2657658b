package wstest

import (
	"bytes"
	"crypto/rand"
	"crypto/subtle"
	"encoding/binary"
)

// The opcodes of RFC 6455 section 5.2.
const (
	opContinuation = 0x0
	opText         = 0x1
	opBinary       = 0x2
	opClose        = 0x8
	opPing         = 0x9
	opPong         = 0xA
)

const (
	finBit  = 0x80
	rsv1    = 0x40
	rsv2    = 0x20
	rsv3    = 0x10
	maskBit = 0x80
)

// lengthForm is how a payload length is written.
type lengthForm uint8

const (
	shortest lengthForm = iota
	in16Bits
	in64Bits
)

// masking is how a frame is masked.
type masking uint8

const (
	asRequired masking = iota // by a client with a random key, by a server not
	withKey                   // by a client with the key given, by a server not
	wrongly                   // the other way round
)

// frame is a frame to be sent. Nothing here keeps any rule: to break rules is what it is for.
type frame struct {
	first    byte // FIN, RSV1 to RSV3 and the opcode
	payload  []byte
	masking  masking
	key      [4]byte
	form     lengthForm
	declared uint64 // instead of the payload's length, if declares is set
	declares bool
}

func text(payload string) frame     { return frame{first: finBit | opText, payload: []byte(payload)} }
func binaryOf(payload []byte) frame { return frame{first: finBit | opBinary, payload: payload} }
func ping(payload string) frame     { return frame{first: finBit | opPing, payload: []byte(payload)} }
func pong(payload string) frame     { return frame{first: finBit | opPong, payload: []byte(payload)} }

// begin is a first fragment, more one in the middle, end the last.
func begin(op byte, payload string) frame { return frame{first: op, payload: []byte(payload)} }
func more(payload string) frame           { return frame{first: opContinuation, payload: []byte(payload)} }
func end(payload string) frame {
	return frame{first: finBit | opContinuation, payload: []byte(payload)}
}

// closing is a close frame with a code and a reason; closingWith one with any payload.
func closing(code int, reason string) frame {
	return closingWith(string(binary.BigEndian.AppendUint16(nil, uint16(code))) + reason)
}
func closingWith(payload string) frame {
	return frame{first: finBit | opClose, payload: []byte(payload)}
}

func (f frame) withBits(bits byte) frame        { f.first |= bits; return f }
func (f frame) withoutFin() frame               { f.first &^= finBit; return f }
func (f frame) masked(m masking) frame          { f.masking = m; return f }
func (f frame) withKey(key [4]byte) frame       { f.masking, f.key = withKey, key; return f }
func (f frame) writtenIn(form lengthForm) frame { f.form = form; return f }

// declaring makes the header announce n bytes, whatever is behind it.
func (f frame) declaring(n uint64) frame { f.declared, f.declares = n, true; return f }

// appendTo appends the frame as a client or a server sends it.
func (f frame) appendTo(b []byte, client bool) []byte {
	masked := client != (f.masking == wrongly)
	length := uint64(len(f.payload))
	if f.declares {
		length = f.declared
	}
	var second byte
	if masked {
		second = maskBit
	}
	b = append(b, f.first)
	switch {
	case f.form == in64Bits || f.form == shortest && length > 0xFFFF:
		b = append(b, second|127)
		b = binary.BigEndian.AppendUint64(b, length)
	case f.form == in16Bits || f.form == shortest && length > 125:
		b = append(b, second|126)
		b = binary.BigEndian.AppendUint16(b, uint16(length))
	default:
		b = append(b, second|byte(length))
	}
	if !masked {
		return append(b, f.payload...)
	}
	key := f.key
	if f.masking != withKey {
		rand.Read(key[:])
	}
	b = append(b, key[:]...)
	at := len(b)
	b = append(b, f.payload...)
	mask(b[at:], key)
	return b
}

// mask masks or unmasks p (RFC 6455 section 5.3).
func mask(p []byte, key [4]byte) {
	pattern := bytes.Repeat(key[:], 256)
	for len(p) > 0 {
		p = p[subtle.XORBytes(p, p, pattern):]
	}
}

// fragments cuts a message into frames of at most size bytes of payload.
func fragments(op byte, payload []byte, size int) []frame {
	var frames []frame
	for first := op; ; first = opContinuation {
		n := min(size, len(payload))
		f := frame{first: first, payload: payload[:n]}
		if payload = payload[n:]; len(payload) == 0 {
			return append(frames, f.withBits(finBit))
		}
		frames = append(frames, f)
	}
}
