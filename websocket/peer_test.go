package websocket

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// guard keeps a test that went wrong from hanging. Nothing is measured by it.
const guard = 2 * time.Minute

// failer is what *testing.T, *testing.B and *rapid.T have in common here.
type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

// peer is the other end of a connection. It writes any bytes and reads frames with code of its own, so that the engine is not
// measured by itself.
type peer struct {
	net.Conn
	t     failer
	br    *bufio.Reader
	masks bool // it is a client
}

func newPeer(t failer, nc net.Conn, masks bool) *peer {
	nc.SetDeadline(time.Now().Add(guard))
	return &peer{Conn: nc, t: t, br: bufio.NewReader(nc), masks: masks}
}

// raw builds a frame, however illegal; the length is written in its shortest form.
func raw(first byte, masked bool, payload string) []byte {
	b := []byte{first}
	mask := byte(0)
	if masked {
		mask = 0x80
	}
	switch n := len(payload); {
	case n < 126:
		b = append(b, mask|byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, mask|126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, mask|127), uint64(n))
	}
	if !masked {
		return append(b, payload...)
	}
	key := [4]byte{0x5a, 0x01, 0xff, 0x80}
	b = append(b, key[:]...)
	for i := range len(payload) {
		b = append(b, payload[i]^key[i%4])
	}
	return b
}

// frame builds a frame as this peer must send it.
func (p *peer) frame(first byte, payload string) []byte { return raw(first, p.masks, payload) }

// send writes frames given by first byte and payload in turn, as one write.
func (p *peer) send(first byte, payload string) {
	p.t.Helper()
	p.write(p.frame(first, payload))
}

func (p *peer) write(b []byte) {
	p.t.Helper()
	if _, err := p.Conn.Write(b); err != nil {
		p.t.Fatalf("peer: write: %v", err)
	}
}

// read returns the next frame, whose masking is checked.
func (p *peer) read() (first byte, payload string, err error) {
	var h [2]byte
	if _, err := io.ReadFull(p.br, h[:]); err != nil {
		return 0, "", err
	}
	n := uint64(h[1] & 0x7f)
	var ext [8]byte
	switch n {
	case 126:
		if _, err := io.ReadFull(p.br, ext[6:]); err != nil {
			return 0, "", err
		}
		n = binary.BigEndian.Uint64(ext[:])
	case 127:
		if _, err := io.ReadFull(p.br, ext[:]); err != nil {
			return 0, "", err
		}
		n = binary.BigEndian.Uint64(ext[:])
	}
	if masked := h[1]&0x80 != 0; masked == p.masks {
		return 0, "", fmt.Errorf("a frame with masked=%v", masked)
	}
	var key [4]byte
	if !p.masks {
		if _, err := io.ReadFull(p.br, key[:]); err != nil {
			return 0, "", err
		}
	}
	body := make([]byte, n)
	if _, err := io.ReadFull(p.br, body); err != nil {
		return 0, "", err
	}
	for i := range body {
		body[i] ^= key[i%4]
	}
	return h[0], string(body), nil
}

// want reads one frame and checks it.
func (p *peer) want(first byte, payload string) {
	p.t.Helper()
	f, got, err := p.read()
	if err != nil {
		p.t.Fatalf("peer: reading, want frame %#x: %v", first, err)
	}
	if f != first || got != payload {
		p.t.Fatalf("peer got frame %#x %.100q of %d bytes, want %#x %.100q of %d", f, got, len(got), first, payload, len(payload))
	}
}

// wantClose reads a close frame with this code, 0 for none, and returns its reason.
func (p *peer) wantClose(code CloseCode) (reason string) {
	p.t.Helper()
	f, got, err := p.read()
	if err != nil || f != 0x88 {
		p.t.Fatalf("peer got frame %#x %.100q, error %v, want a close frame", f, got, err)
	}
	if code == 0 && got == "" {
		return ""
	}
	if len(got) < 2 || CloseCode(binary.BigEndian.Uint16([]byte(got))) != code {
		p.t.Fatalf("peer got close payload %q, want code %v", got, code)
	}
	return got[2:]
}

// wantEOF checks that the transport ends here, in order and not by a reset.
func (p *peer) wantEOF() {
	p.t.Helper()
	if f, got, err := p.read(); !errors.Is(err, io.EOF) {
		p.t.Fatalf("peer got frame %#x %.100q, error %v, want the end of the transport", f, got, err)
	}
}

// closePayload is the payload of a close frame.
func closePayload(code CloseCode, reason string) string {
	return string(binary.BigEndian.AppendUint16(nil, uint16(code))) + reason
}

// wantEnd checks how a connection ended.
func wantEnd(t failer, err error, want CloseError) *CloseError {
	t.Helper()
	var ce *CloseError
	if !errors.As(err, &ce) {
		t.Fatalf("error %v, want a *CloseError", err)
	}
	if ce.Code != want.Code || ce.Reason != want.Reason || ce.By != want.By || ce.Clean != want.Clean {
		t.Fatalf("ended with code %v, reason %q, by %v, clean %v, error %v; want code %v, reason %q, by %v, clean %v",
			ce.Code, ce.Reason, ce.By, ce.Clean, ce.Err, want.Code, want.Reason, want.By, want.Clean)
	}
	return ce
}

// fillerText is text that repeats only after a while, so that a misplaced part of it is noticed.
var fillerText = sync.OnceValue(func() string {
	b := make([]byte, 9<<20)
	for i := range b {
		b[i] = 'a' + byte((i+i>>8+i>>16)%26)
	}
	return string(b)
})

// filler returns n bytes of text.
func filler(n int) string { return fillerText()[:n] }
