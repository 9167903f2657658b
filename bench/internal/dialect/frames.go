//go:build linux

package dialect

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// The opcodes of RFC 6455 section 5.2.
const (
	opContinuation = 0x0
	opText         = 0x1
	opBinary       = 0x2
	opClose        = 0x8
	opPing         = 0x9
	opPong         = 0xa
)

// maskKey masks every frame sent. It is not zero, which a server could take for "nothing to do".
const maskKey = 0x37fa213d

// appendFrame appends a whole masked frame.
func appendFrame(dst []byte, opcode byte, payload []byte) []byte {
	const fin, masked = 0x80, 0x80
	switch size := len(payload); {
	case size <= 125:
		dst = append(dst, fin|opcode, masked|byte(size))
	case size < 1<<16:
		dst = binary.BigEndian.AppendUint16(append(dst, fin|opcode, masked|126), uint16(size))
	default:
		dst = binary.BigEndian.AppendUint64(append(dst, fin|opcode, masked|127), uint64(size))
	}
	dst = binary.BigEndian.AppendUint32(dst, maskKey)
	for i, b := range payload {
		dst = append(dst, b^byte(uint32(maskKey)>>(24-8*(i%4))))
	}
	return dst
}

// frames cuts what a WebSocket server sends into pieces of frames. The zero value begins a stream.
type frames struct {
	header  [10]byte
	have    int // bytes of the header that have come
	current piece
	left    int // bytes of the payload that have not come
}

// piece is what has come of one frame's payload.
type piece struct {
	opcode      byte
	fin         bool
	size        int // bytes of the whole payload
	payload     []byte
	first, last bool // the frame's
}

// maxFrame bounds the payload of a frame.
const maxFrame = 1 << 30

// next takes the next piece from b, and returns what is left of b. There is none, and nothing is
// left, if b ends in a header.
func (f *frames) next(b []byte) (p piece, rest []byte, ok bool, err error) {
	first := f.left == 0 // between frames, or in a header
	if first {
		if b, ok = f.takeHeader(b); !ok {
			return piece{}, nil, false, nil
		}
		if f.header[0]&0x70 != 0 || f.header[1]&0x80 != 0 || f.left < 0 || f.left > maxFrame {
			return piece{}, nil, false, fmt.Errorf("the server sent a frame that begins with % x; it has reserved bits, or is masked, or too long", f.header[:2])
		}
	} else if len(b) == 0 {
		return piece{}, nil, false, nil
	}
	n := min(f.left, len(b))
	f.left -= n
	p = f.current
	p.payload, p.first, p.last = b[:n], first, f.left == 0
	return p, b[n:], true, nil
}

// takeHeader takes bytes of b until a header is complete, and returns what is left of b.
func (f *frames) takeHeader(b []byte) (rest []byte, ok bool) {
	need := 2
	if f.have >= need {
		need = f.headerBytes()
	}
	for f.have < need {
		n := copy(f.header[f.have:need], b)
		if f.have, b = f.have+n, b[n:]; f.have < need {
			return nil, false
		}
		need = f.headerBytes()
	}
	switch f.left = int(f.header[1] & 0x7f); f.left {
	case 126:
		f.left = int(binary.BigEndian.Uint16(f.header[2:]))
	case 127:
		f.left = int(binary.BigEndian.Uint64(f.header[2:]))
	}
	f.current = piece{opcode: f.header[0] & 0x0f, fin: f.header[0]&0x80 != 0, size: f.left}
	f.have = 0
	return b, true
}

// headerBytes returns how long the header is whose first two bytes have come.
func (f *frames) headerBytes() int {
	switch f.header[1] & 0x7f {
	case 126:
		return 4
	case 127:
		return 10
	}
	return 2
}

// control collects control frames, which a server may send between any others.
type control struct{ payload []byte }

// take takes a piece of a frame that is not data, and appends the answer, if there is one, to
// answer. The error is what a close frame says, or that the frame should not be there.
func (c *control) take(p piece, answer []byte) ([]byte, error) {
	if p.opcode < opClose || p.opcode > opPong || p.size > 125 {
		return answer, fmt.Errorf("the server sent a frame with opcode %d and %d bytes", p.opcode, p.size)
	}
	c.payload = append(c.payload, p.payload...)
	if !p.last {
		return answer, nil
	}
	payload := c.payload
	c.payload = c.payload[:0]
	switch p.opcode {
	case opPing:
		return appendFrame(answer, opPong, payload), nil
	case opClose:
		if len(payload) < 2 {
			return answer, errors.New("the server closed a WebSocket")
		}
		return answer, fmt.Errorf("the server closed a WebSocket: %d %s", binary.BigEndian.Uint16(payload), payload[2:])
	}
	return answer, nil
}

// upgrade does the opening handshake of WebSocket for a path, and returns what came behind the
// answer. The key's hash is taken on trust.
func upgrade(rw io.ReadWriter, host, path string) (rest []byte, err error) {
	request := "GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
	if _, err := rw.Write([]byte(request)); err != nil {
		return nil, err
	}
	head, rest, err := readHead(rw)
	if err != nil {
		return nil, err
	}
	if status, _, _ := bytes.Cut(head, []byte("\r\n")); !bytes.HasPrefix(status, []byte("HTTP/1.1 101 ")) {
		return nil, fmt.Errorf("the server answered %q", status)
	}
	return rest, nil
}

// readHead reads the head of an answer, and returns what came behind it too.
func readHead(r io.Reader) (head, rest []byte, err error) {
	var answer []byte
	chunk := make([]byte, 1<<10)
	for {
		n, err := r.Read(chunk)
		if err != nil {
			return nil, nil, err
		}
		answer = append(answer, chunk[:n]...)
		if head, rest, ok := bytes.Cut(answer, []byte("\r\n\r\n")); ok {
			return head, rest, nil
		}
		if len(answer) > 16<<10 {
			return nil, nil, errors.New("the answer has no end")
		}
	}
}
