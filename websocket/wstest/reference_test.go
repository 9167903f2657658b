package wstest_test

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"unicode/utf8"
)

// flaws are what a reference server does wrongly. Without any it is right, and simple enough to see
// that it is.
type flaws struct {
	acceptsAnyKey, acceptsAnyVersion, acceptsAnyMethod, wrongAccept, acceptsAnyRequest bool
	sameKey, offersBadly, acceptsAnyAnswer                                             bool // of the client

	allowsReservedBits, allowsReservedOpcodes, allowsUnmasked, allowsLongForms bool
	allowsLongControl, allowsFragmentedControl                                 bool
	allowsStrayContinuation, allowsNewMessageInside, forgetsMessageOnPing      bool

	noUTF8, slowUTF8, noPong, emptyPong, answersPongs               bool
	noCloseEcho, anyCloseCode, anyCloseReason, noCloseFrame         bool
	echoesAfterClose, keepsTransport                                bool
	masks, longLengths, cutsEcho, wrongKind, noLimit, waitsForFrame bool

	keepsContext, ignoresWindow, allowsRSV1Anywhere, acceptsBadOffers, silentOnBadDeflate, noInflatedLimit bool
}

// reference is a WebSocket echo server in one goroutine per connection.
type reference struct {
	flaws
	maxMessage int
}

// violation ends a connection with a close code.
type violation int

func (violation) Error() string { return "the peer broke the protocol" }

// errClosed ends a connection after the closing handshake.
var errClosed = errors.New("closed")

// session is one connection of a reference.
type session struct {
	*reference
	r       *bufio.Reader
	w       net.Conn
	client  bool            // the other end is the server
	deflate *deflateSession // nil if not agreed on

	op         byte // of the message that has begun; 0 if none has
	compressed bool
	message    []byte
	unchecked  []byte // the beginning of a character
}

func (s *session) serve() {
	err := s.frames()
	var code violation
	if errors.As(err, &code) && !s.noCloseFrame {
		s.send(0x88, binary.BigEndian.AppendUint16(nil, uint16(code)))
	}
	if s.keepsTransport {
		io.Copy(io.Discard, s.r)
	} else if half, ok := s.w.(*net.TCPConn); ok && err != io.EOF {
		if !s.client || err != errClosed { // RFC 6455 section 7.1.1: the server closes first
			half.CloseWrite()
		}
		io.Copy(io.Discard, s.r)
	}
	s.w.Close()
}

func (s *session) frames() error {
	for {
		if err := s.frame(); err != nil {
			return err
		}
	}
}

// frame reads one frame and does what it asks for.
func (s *session) frame() error {
	var start [2]byte
	if _, err := io.ReadFull(s.r, start[:]); err != nil {
		return io.EOF
	}
	fin, op, control := start[0]&0x80 != 0, start[0]&0x0F, start[0]&0x08 != 0
	if err := s.check(start[0], start[1]); err != nil {
		return err
	}
	length, err := s.length(int(start[1] & 0x7F))
	if err != nil {
		return err
	}
	var key [4]byte
	if start[1]&0x80 != 0 {
		io.ReadFull(s.r, key[:])
	}
	if control {
		payload := make([]byte, length)
		_, err := io.ReadFull(s.r, payload)
		unmask(payload, key, 0)
		if err != nil || op > 0xA {
			return err
		}
		return s.control(op, payload)
	}
	if op > 2 { // allowed by a flaw
		_, err := s.r.Discard(int(length))
		return err
	}
	if op != 0 {
		s.op, s.compressed, s.message, s.unchecked = op, start[0]&0x40 != 0 && s.deflate != nil, nil, nil
	}
	if err := s.payload(length, key); err != nil || !fin {
		return err
	}
	return s.whole()
}

func (s *session) check(first, second byte) error {
	fin, op := first&0x80 != 0, first&0x0F
	reserved := first & 0x70
	if s.deflate != nil && (op == 1 || op == 2 || s.allowsRSV1Anywhere) {
		reserved &^= 0x40
	}
	control := op >= 8
	switch {
	case reserved != 0 && !s.allowsReservedBits,
		(op > 2 && op < 8 || op > 0xA) && !s.allowsReservedOpcodes,
		(second&0x80 == 0) != s.client && !s.allowsUnmasked,
		control && !fin && !s.allowsFragmentedControl,
		control && second&0x7F > 125 && !s.allowsLongControl,
		op == 0 && s.op == 0 && !s.allowsStrayContinuation,
		(op == 1 || op == 2) && s.op != 0 && !s.allowsNewMessageInside:
		return violation(1002)
	}
	return nil
}

// length reads the rest of a length and checks it.
func (s *session) length(short int) (uint64, error) {
	length, least := uint64(short), uint64(0)
	if short >= 126 {
		field := make([]byte, 2)
		if least = 126; short == 127 {
			field, least = make([]byte, 8), 1<<16
		}
		if _, err := io.ReadFull(s.r, field); err != nil {
			return 0, io.EOF
		}
		length = binary.BigEndian.Uint64(append(make([]byte, 8-len(field)), field...))
	}
	switch {
	case length < least && !s.allowsLongForms, length>>63 != 0:
		return 0, violation(1002)
	case length > uint64(s.maxMessage-len(s.message)) && !s.noLimit:
		return 0, violation(1009)
	}
	return length, nil
}

// payload reads a data frame as it comes.
func (s *session) payload(length uint64, key [4]byte) error {
	for at := 0; length > 0; {
		if _, err := s.r.Peek(1); err != nil {
			return io.EOF
		}
		piece := make([]byte, min(length, uint64(s.r.Buffered())))
		if s.waitsForFrame {
			piece = make([]byte, length)
		}
		io.ReadFull(s.r, piece)
		unmask(piece, key, at)
		at += len(piece)
		length -= uint64(len(piece))
		s.message = append(s.message, piece...)
		if s.op == 1 && !s.compressed && !s.noUTF8 && !s.slowUTF8 && !s.checkText(piece) {
			return violation(1007)
		}
	}
	return nil
}

// checkText checks text as it comes, up to a character that is not complete.
func (s *session) checkText(piece []byte) bool {
	s.unchecked = append(s.unchecked, piece...)
	for len(s.unchecked) > 0 && utf8.FullRune(s.unchecked) {
		r, size := utf8.DecodeRune(s.unchecked)
		if r == utf8.RuneError && size == 1 {
			return false
		}
		s.unchecked = s.unchecked[size:]
	}
	return true
}

// whole echoes the message that has ended.
func (s *session) whole() error {
	op, message := s.op, s.message
	s.op, s.message = 0, nil
	if op == 0 { // a stray continuation, allowed by a flaw
		op = 2
	}
	if s.compressed {
		var err error
		if message, err = s.deflate.inflate(message, s.maxMessage); errors.Is(err, errTooLarge) && !s.noInflatedLimit {
			return violation(1009)
		} else if err != nil && s.silentOnBadDeflate {
			return nil
		} else if err != nil {
			return violation(1007)
		}
	}
	if op == 1 && !s.noUTF8 && !utf8.Valid(message) {
		return violation(1007)
	}
	if s.cutsEcho && len(message) > 65535 {
		message = message[:65535]
	}
	if s.wrongKind {
		op = 3 - op
	}
	if s.deflate != nil && s.compressed {
		return s.send(0xC0|op, s.deflate.compress(message))
	}
	return s.send(0x80|op, message)
}

func (s *session) control(op byte, payload []byte) error {
	switch {
	case op == 8:
		return s.close(payload)
	case op == 10 && !s.answersPongs, op == 9 && s.noPong:
		return nil
	case s.emptyPong:
		payload = nil
	}
	if s.forgetsMessageOnPing {
		s.message = nil
	}
	return s.send(0x8A, payload)
}

// close answers a close frame.
func (s *session) close(payload []byte) error {
	if len(payload) == 1 {
		return violation(1002)
	}
	if len(payload) >= 2 {
		code := int(binary.BigEndian.Uint16(payload))
		right := code >= 1000 && code <= 1014 && (code < 1004 || code > 1006) || code >= 3000 && code <= 4999
		switch {
		case !right && s.anyCloseCode:
			payload = nil
		case !right:
			return violation(1002)
		case !utf8.Valid(payload[2:]) && s.anyCloseReason:
			payload = payload[:2]
		case !utf8.Valid(payload[2:]):
			return violation(1007)
		case s.noCloseEcho:
			payload = []byte{0x03, 0xE8}
		}
	}
	s.send(0x88, payload)
	if s.echoesAfterClose {
		return nil
	}
	return errClosed
}

// send writes a frame.
func (s *session) send(first byte, payload []byte) error {
	b, mask := []byte{first}, byte(0)
	if s.masks != s.client {
		mask = 0x80
	}
	switch n := len(payload); {
	case n > 65535 || s.longLengths:
		b = binary.BigEndian.AppendUint64(append(b, mask|127), uint64(n))
	case n > 125:
		b = binary.BigEndian.AppendUint16(append(b, mask|126), uint16(n))
	default:
		b = append(b, mask|byte(n))
	}
	if mask != 0 {
		b = append(b, 0, 0, 0, 0)
	}
	_, err := s.w.Write(append(b, payload...))
	return err
}

func unmask(p []byte, key [4]byte, at int) {
	for i := range p {
		p[i] ^= key[(at+i)%4]
	}
}
