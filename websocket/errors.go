package websocket

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// Side tells who ended a connection.
type Side uint8

const (
	Local   Side = iota // this endpoint, by Close, CloseNow or a limit that the peer broke
	Remote              // the peer, with a close frame
	Network             // neither: the transport broke, or the peer went without a close frame
)

// CloseError says how a connection ended. Read, Write, Ping and Serve return it, always the same
// one, once the connection is over. Use errors.As, or CloseCodeOf for the code alone.
type CloseError struct {
	// Code is what the close frame said. CloseNoStatus: a close frame without a code.
	// CloseAbnormal: no close frame came.
	Code CloseCode
	// Reason is the sentence in the close frame, at most 123 bytes of UTF-8, often empty.
	Reason string
	// By is who began to close.
	By Side
	// Clean tells that both close frames were exchanged (RFC 6455 section 7.1.4).
	Clean bool
	// Err is the transport's error, if one ended the connection.
	Err error
}

func (e *CloseError) Error() string {
	var b strings.Builder
	switch e.By {
	case Local:
		b.WriteString("websocket: closed here with ")
	case Remote:
		b.WriteString("websocket: closed by the peer with ")
	default:
		b.WriteString("websocket: connection lost with ")
	}
	b.WriteString(e.Code.String())
	if e.Reason != "" {
		fmt.Fprintf(&b, ": %q", e.Reason)
	}
	if e.Err != nil {
		fmt.Fprintf(&b, ": %v", e.Err)
	}
	return b.String()
}

// Unwrap returns the transport's error, or nil.
func (e *CloseError) Unwrap() error { return e.Err }

// CloseCodeOf returns the close code that err carries, or 0 if err does not tell of a closed connection.
func CloseCodeOf(err error) CloseCode {
	if ce, ok := errors.AsType[*CloseError](err); ok {
		return ce.Code
	}
	return 0
}

// HandshakeError is an opening handshake that failed: Accept returns it after it has answered the
// request, Dial returns it when the server's answer is not an upgrade.
type HandshakeError struct {
	// StatusCode is the HTTP status that was sent or received; 0 if none was.
	StatusCode int
	// Reason is one sentence. From Dial it is the beginning of the answer's body where that is text.
	Reason string
	// Header is the answer's header as Dial received it; nil from Accept.
	Header http.Header
}

func (e *HandshakeError) Error() string {
	if e.StatusCode == 0 {
		return "websocket: handshake failed: " + e.Reason
	}
	return fmt.Sprintf("websocket: handshake failed: %d %s: %s", e.StatusCode, http.StatusText(e.StatusCode), e.Reason)
}

var (
	// ErrNotUTF8 is returned when a text message to be sent is not valid UTF-8 (RFC 6455 section 5.6).
	ErrNotUTF8 = errors.New("websocket: a text message must be valid UTF-8; send it as Binary")
	// ErrCloseCode is returned by Close for a code that may not be sent (RFC 6455 section 7.4) or a
	// reason that is not UTF-8 or longer than 123 bytes.
	ErrCloseCode = errors.New("websocket: close code must be 1000-1003, 1007-1014 or 3000-4999 and the reason at most 123 bytes of UTF-8")
)
