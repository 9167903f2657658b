package websocket

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/holdfast-dev/holdfast/websocket/internal/handshake"
	"github.com/holdfast-dev/holdfast/websocket/internal/wire"
)

// AcceptOptions says what Accept allows. The zero value is a good start: same origin only, no
// subprotocol, default limits.
type AcceptOptions struct {
	Limits

	// Origins are the web origins whose pages may connect, besides the server's own:
	// "https://app.example", "https://*.app.example", "http://localhost:*" or "*". Requests
	// without an Origin header do not come from a browser's page and are not concerned.
	Origins []string

	// Subprotocols are those the server speaks, the preferred one first. The first of them that
	// the client offers is agreed on; if there is none, the connection has no subprotocol.
	Subprotocols []string

	// Compression, if not nil, agrees to permessage-deflate with clients that offer it.
	Compression *Compression
}

// handshakeTimeout bounds the writing of the answer to a handshake, and by default a whole Dial.
const handshakeTimeout = 10 * time.Second

// notForUpgrade are the headers of w that an upgrade sets itself or that describe a body.
var notForUpgrade = map[string]bool{
	"Connection": true, "Upgrade": true, "Content-Length": true, "Content-Type": true, "Transfer-Encoding": true,
	"Sec-Websocket-Accept": true, "Sec-Websocket-Protocol": true, "Sec-Websocket-Extensions": true,
}

// IsHandshake tells whether r asks for a WebSocket and is for Accept to answer: by an Upgrade header in HTTP/1.1, or by an extended
// CONNECT in HTTP/2 (RFC 8441) and HTTP/3 (RFC 9220). Nothing else about it has been checked.
func IsHandshake(r *http.Request) bool {
	return r.Header.Get("Upgrade") != "" || handshake.IsConnect(r)
}

// Accept answers a WebSocket handshake, of HTTP/1.1 (RFC 6455 section 4.2), HTTP/2 (RFC 8441) or
// HTTP/3 (RFC 9220), and takes over the request's connection or stream. Headers set on w before are
// sent with the answer. A request that is not a proper handshake, or comes from an origin that is
// not allowed, is answered with its reason and an HTTP error status, and the error is a
// *HandshakeError.
//
// After Accept neither w nor r.Body may be used. Call Conn.Run next, or use Handler: over HTTP/2 and
// HTTP/3 the HTTP handler must not return before the connection is over, and Run sees to that. A
// handler for HTTP/1.1 alone may return at once and leave the Conn to another goroutine.
//
// Over HTTP/2 and HTTP/3 the method of the request is CONNECT: a pattern of http.ServeMux for it
// must not name GET. Whether a server offers WebSocket over HTTP/2 is another matter; see
// CheckHTTP2. Such a server should have an http.HTTP2Config.WriteByteTimeout: when a client takes no
// bytes at all, Limits.WriteTimeout alone can't end a stream.
func Accept(w http.ResponseWriter, r *http.Request, o *AcceptOptions) (*Conn, error) {
	if o == nil {
		o = &AcceptOptions{}
	}
	var (
		key     string
		refusal *handshake.Refusal
		stream  = handshake.IsConnect(r)
	)
	if stream {
		refusal = handshake.CheckConnect(r)
	} else {
		key, refusal = handshake.CheckRequest(r)
	}
	if refusal == nil {
		refusal = handshake.CheckOrigin(r, o.Origins)
	}
	if refusal != nil {
		return nil, refuse(w, refusal)
	}
	offered, err := handshake.Subprotocols(r.Header)
	if err != nil {
		return nil, refuse(w, &handshake.Refusal{Status: http.StatusBadRequest, Reason: err.Error()})
	}
	subprotocol := handshake.SelectSubprotocol(offered, o.Subprotocols)
	params, extension := acceptCompression(o.Compression, r.Header)

	var (
		nc    net.Conn
		early []byte
	)
	if stream {
		nc, err = acceptStream(w, r, subprotocol, extension)
	} else {
		nc, early, err = acceptUpgrade(w, key, subprotocol, extension)
	}
	if err != nil {
		return nil, err
	}
	c := newConn(nc, wire.Server, o.Limits, subprotocol, early)
	if extension != "" {
		c.agreeOnCompression(o.Compression, params)
	}
	return c, nil
}

// acceptUpgrade takes over a connection of HTTP/1.1. The error is a *HandshakeError.
func acceptUpgrade(w http.ResponseWriter, key, subprotocol, extension string) (net.Conn, []byte, error) {
	nc, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return nil, nil, refuse(w, &handshake.Refusal{
			Status: http.StatusInternalServerError,
			Reason: fmt.Sprintf("the connection can't be taken over from this http.ResponseWriter: %v; middleware must implement Unwrap", err),
		})
	}
	early, err := answerUpgrade(nc, rw, w.Header(), key, subprotocol, extension)
	if err != nil {
		nc.Close()
		return nil, nil, &HandshakeError{Reason: err.Error()}
	}
	return nc, early, nil
}

// answerUpgrade writes the 101 response and returns what the client has already sent behind its
// request.
func answerUpgrade(nc net.Conn, rw *bufio.ReadWriter, extra http.Header, key, subprotocol, extension string) ([]byte, error) {
	if err := nc.SetDeadline(time.Now().Add(handshakeTimeout)); err != nil {
		return nil, err
	}
	rw.WriteString("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ")
	rw.WriteString(handshake.AcceptKey(key))
	if subprotocol != "" {
		rw.WriteString("\r\nSec-WebSocket-Protocol: ")
		rw.WriteString(subprotocol)
	}
	if extension != "" {
		rw.WriteString("\r\nSec-WebSocket-Extensions: ")
		rw.WriteString(extension)
	}
	rw.WriteString("\r\n")
	for name, values := range extra {
		if notForUpgrade[http.CanonicalHeaderKey(name)] {
			continue
		}
		if err := (http.Header{name: values}).Write(rw); err != nil { // keeps names and values on their line
			return nil, err
		}
	}
	rw.WriteString("\r\n")
	if err := rw.Flush(); err != nil { // reports the errors of the writes before it
		return nil, err
	}
	if err := nc.SetDeadline(time.Time{}); err != nil {
		return nil, err
	}
	return earlyBytes(rw.Reader)
}

// earlyBytes returns a copy of what r has buffered, so that r itself can be let go.
func earlyBytes(r *bufio.Reader) ([]byte, error) {
	n := r.Buffered()
	if n == 0 {
		return nil, nil
	}
	if n > readBufferBytes {
		return nil, errors.New("too much was sent right behind the handshake")
	}
	b, err := r.Peek(n)
	if err != nil {
		return nil, err
	}
	return append([]byte(nil), b...), nil
}

// refuse answers a request that is not upgraded.
func refuse(w http.ResponseWriter, refusal *handshake.Refusal) error {
	for k, v := range refusal.Header {
		w.Header()[k] = v
	}
	http.Error(w, refusal.Reason, refusal.Status)
	return &HandshakeError{StatusCode: refusal.Status, Reason: refusal.Reason}
}
