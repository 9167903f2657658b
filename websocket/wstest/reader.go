package wstest

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// maxReceived bounds a message that the endpoint sends, so that a broken one can't fill the memory
// of its tester.
const maxReceived = 64 << 20

// reader turns what the endpoint sends into events. It is strict: whatever an endpoint sends must
// itself keep the rules of RFC 6455 and 7692, and what does not is a gotBroken event.
type reader struct {
	r           *bufio.Reader
	wantsMasked bool      // the endpoint is a client
	inflate     *inflater // nil unless compression was agreed on

	inMessage  bool
	op         byte
	compressed bool
	message    []byte
}

// broken is what is wrong with the endpoint's bytes.
type broken string

func (b broken) Error() string { return string(b) }

// next returns the next event. After gotEnd and gotBroken there is nothing more to read.
func (r *reader) next() event {
	for {
		ev, complete, err := r.frame()
		var b broken
		switch {
		case errors.As(err, &b):
			return event{kind: gotBroken, payload: []byte(b)}
		case err == io.EOF:
			return event{kind: gotEnd, payload: []byte("the end of the connection")}
		case err != nil:
			return event{kind: gotEnd, payload: fmt.Appendf(nil, "the end of the connection (%v)", err)}
		case complete:
			return ev
		}
	}
}

// frame reads one frame. complete is false if it is a part of a message that goes on.
func (r *reader) frame() (ev event, complete bool, err error) {
	var start [2]byte
	if _, err := io.ReadFull(r.r, start[:]); err != nil {
		return ev, false, err
	}
	fin, op := start[0]&finBit != 0, start[0]&0x0F
	if err := r.check(start[0], start[1]); err != nil {
		return ev, false, err
	}
	length, err := r.length(start[1] & 0x7F)
	if err != nil {
		return ev, false, err
	}
	if op < opClose && length > uint64(maxReceived-len(r.message)) {
		return ev, false, broken(fmt.Sprintf("a message of more than %d bytes, which nothing sent asks for", maxReceived))
	}
	var key [4]byte
	if r.wantsMasked {
		if _, err := io.ReadFull(r.r, key[:]); err != nil {
			return ev, false, err
		}
	}
	payload := make([]byte, length)
	if _, err := io.ReadFull(r.r, payload); err != nil {
		return ev, false, err
	}
	if r.wantsMasked {
		mask(payload, key)
	}
	switch op {
	case opPing:
		return event{kind: gotPing, payload: payload}, true, nil
	case opPong:
		return event{kind: gotPong, payload: payload}, true, nil
	case opClose:
		ev, err := closeEvent(payload)
		return ev, true, err
	}
	if op != opContinuation {
		r.op, r.compressed, r.message = op, start[0]&rsv1 != 0, nil
	}
	r.inMessage = !fin
	r.message = append(r.message, payload...)
	if !fin {
		return ev, false, nil
	}
	ev, err = r.whole()
	return ev, true, err
}

// check applies the rules that the first two bytes of a frame can break (RFC 6455 section 5).
func (r *reader) check(first, second byte) error {
	op := first & 0x0F
	starts := op == opText || op == opBinary
	control := op >= opClose
	switch {
	case first&(rsv2|rsv3) != 0, first&rsv1 != 0 && r.inflate == nil:
		return broken(fmt.Sprintf("a frame with a reserved bit set (first byte 0x%02x), which nothing agreed on gives a meaning", first))
	case first&rsv1 != 0 && !starts:
		return broken(fmt.Sprintf("RSV1 on a frame that does not begin a message (first byte 0x%02x; RFC 7692 section 6)", first))
	case op > opBinary && op < opClose, op > opPong:
		return broken(fmt.Sprintf("a frame with the reserved opcode 0x%X", op))
	case starts && r.inMessage:
		return broken("a new message inside a fragmented one")
	case op == opContinuation && !r.inMessage:
		return broken("a continuation frame without a message")
	case control && first&finBit == 0:
		return broken("a fragmented control frame")
	case control && second&0x7F > 125:
		return broken("a control frame of more than 125 bytes")
	case r.wantsMasked && second&maskBit == 0:
		return broken("a frame from a client that is not masked")
	case !r.wantsMasked && second&maskBit != 0:
		return broken("a frame from a server that is masked")
	}
	return nil
}

// length reads what of the length is behind the first seven bits.
func (r *reader) length(short byte) (uint64, error) {
	var field [8]byte
	switch short {
	case 126:
		_, err := io.ReadFull(r.r, field[6:])
		n := binary.BigEndian.Uint64(field[:])
		if err == nil && n <= 125 {
			err = broken(fmt.Sprintf("a length of %d that is not in its shortest form", n))
		}
		return n, err
	case 127:
		_, err := io.ReadFull(r.r, field[:])
		n := binary.BigEndian.Uint64(field[:])
		if err == nil && n <= 0xFFFF {
			err = broken(fmt.Sprintf("a length of %d that is not in its shortest form", n))
		}
		return n, err
	}
	return uint64(short), nil
}

// whole returns the message that has ended.
func (r *reader) whole() (event, error) {
	message := r.message
	r.message = nil
	if r.compressed {
		var err error
		if message, err = r.inflate.inflate(message); err != nil {
			return event{}, broken(fmt.Sprintf("a compressed message that can't be inflated by what was agreed on: %v", err))
		}
	}
	if r.op == opText && !utf8.Valid(message) {
		return event{}, broken(fmt.Sprintf("a text message that is not UTF-8: %x", message[:min(len(message), 24)]))
	}
	return event{kind: gotMessage, op: r.op, payload: message}, nil
}

// closeEvent reads a close frame (RFC 6455 sections 5.5.1 and 7.4).
func closeEvent(payload []byte) (event, error) {
	if len(payload) == 0 {
		return event{kind: gotClose, code: noCode}, nil
	}
	if len(payload) == 1 {
		return event{}, broken("a close frame with a payload of one byte")
	}
	code, reason := int(binary.BigEndian.Uint16(payload)), payload[2:]
	switch {
	case code < 1000, code == 1004, code == 1005, code == 1006, code == 1015, code > 1015 && code < 3000, code > 4999:
		return event{}, broken(fmt.Sprintf("a close frame with the code %d, which may not be sent", code))
	case !utf8.Valid(reason):
		return event{}, broken(fmt.Sprintf("a close frame with the code %d and a reason that is not UTF-8: %x", code, reason))
	}
	return event{kind: gotClose, code: code, payload: reason}, nil
}
