package hostile

import (
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
)

// helloOf returns the first record that a client sends with a configuration: its ClientHello.
func helloOf(t *testing.T, c *tls.Config) []byte {
	t.Helper()
	near, far := net.Pipe()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		tls.Client(near, c).Handshake() // fails, as nobody answers
	}()
	header := make([]byte, 5)
	if _, err := io.ReadFull(far, header); err != nil {
		t.Fatal(err)
	}
	body := make([]byte, binary.BigEndian.Uint16(header[3:]))
	if _, err := io.ReadFull(far, body); err != nil {
		t.Fatal(err)
	}
	far.Close()
	<-ended
	return append(header, body...)
}

// record returns a TLS record.
func record(kind byte, body []byte) []byte {
	return append([]byte{kind, 3, 1, byte(len(body) >> 8), byte(len(body))}, body...)
}

// message returns a handshake message, of any stated length.
func message(kind byte, length int, body []byte) []byte {
	return append([]byte{kind, byte(length >> 16), byte(length >> 8), byte(length)}, body...)
}

// oldHello returns a ClientHello without extensions, as before TLS 1.3, of a version and with suites and compressions.
func oldHello(version uint16, suites []uint16, compressions ...byte) []byte {
	var b []byte
	b = binary.BigEndian.AppendUint16(b, version)
	b = append(b, bytes.Repeat([]byte{7}, 32)...)
	b = append(b, 0) // no session
	b = binary.BigEndian.AppendUint16(b, uint16(2*len(suites)))
	for _, s := range suites {
		b = binary.BigEndian.AppendUint16(b, s)
	}
	b = append(b, byte(len(compressions)))
	b = append(b, compressions...)
	return record(22, message(1, len(b), b))
}

// alerts are the names of TLS's alerts that are seen here (RFC 8446 section 6).
var alerts = map[byte]string{
	10: "unexpected_message", 22: "record_overflow", 40: "handshake_failure", 42: "bad_certificate", 47: "illegal_parameter", 50: "decode_error",
	70: "protocol_version", 80: "internal_error", 86: "inappropriate_fallback", 109: "missing_extension", 116: "certificate_required", 120: "no_application_protocol",
}

// inWords returns what an answer to a ClientHello is: "closed", an alert, a text in the clear, or the beginning of a handshake.
func inWords(answer []byte) string {
	switch {
	case len(answer) == 0:
		return "closed"
	case len(answer) >= 7 && answer[0] == 21:
		level := map[byte]string{1: "warning", 2: "fatal"}[answer[5]]
		return fmt.Sprintf("%s %s", level, alerts[answer[6]])
	case len(answer) >= 6 && answer[0] == 22:
		return "hello"
	}
	text, _, _ := strings.Cut(string(answer), "\r\n")
	return text
}
