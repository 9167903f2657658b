package hubproto

import (
	"bytes"
	"errors"
	"fmt"
)

// separator ends each message in JSON, and both halves of the handshake.
const separator = 0x1e

// maxLengthBytes is how long the length before a message in MessagePack may be.
const maxLengthBytes = 5

// Frames cuts what comes into messages, wherever it was cut before. The zero value cuts what is in JSON, as handshakes are, and
// lets messages be of any size.
type Frames struct {
	Encoding Encoding // may be changed between two messages
	MaxBytes int      // of a message; 0 for no limit

	data []byte // what has come and has not been returned
	own  bool   // data is a copy
}

// ErrTooLarge says that a message is larger than the limit.
var ErrTooLarge = errors.New("the message is larger than the limit")

// Feed adds what has come. Before it is called again, Next has to have returned nil; then b is not kept.
func (f *Frames) Feed(b []byte) {
	if len(f.data) == 0 {
		f.data, f.own = b, false
		return
	}
	f.data = append(f.data, b...) // own, because Next has found it to be a part
}

// Next returns the next message, or nil if none is whole. It is valid until the next call of Feed. The error is
// ErrTooLarge, with more to it, or says what is wrong with the length.
func (f *Frames) Next() (frame []byte, err error) {
	cut := f.cutAtSeparator
	if f.Encoding.Binary() {
		cut = f.cutByLength
	}
	frame, rest, whole, err := cut()
	if err != nil {
		return nil, err
	}
	if !whole {
		if !f.own {
			f.data, f.own = bytes.Clone(f.data), true
		}
		return nil, nil
	}
	f.data = rest
	return frame, nil
}

// Empty tells whether nothing is kept of a message that is not whole.
func (f *Frames) Empty() bool { return len(f.data) == 0 }

func (f *Frames) cutAtSeparator() (frame, rest []byte, whole bool, err error) {
	frame, rest, whole = bytes.Cut(f.data, []byte{separator})
	if f.MaxBytes > 0 && len(frame) > f.MaxBytes {
		return nil, nil, false, f.tooLarge()
	}
	return frame, rest, whole, nil
}

func (f *Frames) cutByLength() (frame, rest []byte, whole bool, err error) {
	length := 0
	for i := range min(len(f.data), maxLengthBytes) {
		length |= int(f.data[i]&0x7f) << (7 * i)
		if f.data[i]&0x80 != 0 {
			continue
		}
		switch rest = f.data[i+1:]; {
		case length > 1<<31-1 || f.MaxBytes > 0 && length > f.MaxBytes:
			return nil, nil, false, f.tooLarge()
		case length > len(rest):
			return nil, nil, false, nil
		}
		return rest[:length], rest[length:], true, nil
	}
	if len(f.data) >= maxLengthBytes {
		return nil, nil, false, fmt.Errorf("the length before a message has more than %d bytes", maxLengthBytes)
	}
	return nil, nil, false, nil
}

func (f *Frames) tooLarge() error {
	return fmt.Errorf("%w of %d bytes", ErrTooLarge, f.MaxBytes)
}

// appendLength appends a length as it is before a message in MessagePack.
func appendLength(dst []byte, n int) []byte {
	for ; n >= 0x80; n >>= 7 {
		dst = append(dst, byte(n)|0x80)
	}
	return append(dst, byte(n))
}
