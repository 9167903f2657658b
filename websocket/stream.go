package websocket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/holdfast-dev/holdfast/websocket/internal/duplex"
	"github.com/holdfast-dev/holdfast/websocket/internal/handshake"
)

// acceptStream answers an extended CONNECT with 200 (RFC 8441 section 5) and returns the stream as a
// connection. The error is a *HandshakeError.
func acceptStream(w http.ResponseWriter, r *http.Request, subprotocol, extension string) (net.Conn, error) {
	control := http.NewResponseController(w)
	// The server's timeouts are for requests, and this one is no longer one.
	for _, clear := range []func(time.Time) error{control.SetReadDeadline, control.SetWriteDeadline} {
		if err := clear(time.Time{}); err != nil {
			return nil, refuse(w, &handshake.Refusal{
				Status: http.StatusInternalServerError,
				Reason: fmt.Sprintf("the stream can't be taken over from this http.ResponseWriter: %v; middleware must implement Unwrap", err),
			})
		}
	}
	h := w.Header()
	for name := range notForUpgrade {
		delete(h, name)
	}
	if subprotocol != "" {
		h.Set("Sec-WebSocket-Protocol", subprotocol)
	}
	if extension != "" {
		h.Set("Sec-WebSocket-Extensions", extension)
	}
	w.WriteHeader(http.StatusOK)
	if t := streamTaker(w); t != nil {
		return t.TakeStream(), nil
	}
	if err := control.Flush(); err != nil {
		return nil, &HandshakeError{Reason: err.Error()}
	}
	local, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if local == nil {
		local = address("")
	}
	s := &serverStream{w: w, control: control, body: r.Body, handler: r.Context()}
	return handlerConn{duplex.New(s, local, address(r.RemoteAddr))}, nil
}

// handlerConn is a stream that ends when the HTTP handler returns.
type handlerConn struct{ *duplex.Conn }

// taker is a ResponseWriter whose stream can be taken over, so that it outlives the handler. Package h3 has one.
type taker interface{ TakeStream() net.Conn }

// streamTaker looks for a taker the way http.ResponseController looks for its methods.
func streamTaker(w http.ResponseWriter) taker {
	for {
		switch t := w.(type) {
		case taker:
			return t
		case interface{ Unwrap() http.ResponseWriter }:
			w = t.Unwrap()
		default:
			return nil
		}
	}
}

// serverStream is the stream of a request that an HTTP server has handed to its handler, and that
// ends when the handler returns.
type serverStream struct {
	w       http.ResponseWriter
	control *http.ResponseController
	body    io.ReadCloser
	handler context.Context // done when the handler has returned, or the stream is lost
}

func (s *serverStream) Read(p []byte) (int, error) { return s.body.Read(p) }

var (
	errHandlerReturned = errors.New("the HTTP handler has returned, which ends the stream: over HTTP/2 and HTTP/3 it must stay, by Conn.Run for example")
	errNotByHalves     = errors.New("an HTTP handler can't end its answer before it returns")
)

// Write sends p as it is, in a DATA frame for each 4 KiB or more.
func (s *serverStream) Write(p []byte) (n int, err error) {
	defer catchReturned(&err)
	if s.handler.Err() != nil {
		return 0, net.ErrClosed
	}
	if n, err = s.w.Write(p); err != nil {
		return n, err
	}
	return n, s.control.Flush()
}

// catchReturned makes an error of the panic that net/http answers with when a stream is used
// although its handler has returned. Without it one careless handler would end the process.
func catchReturned(err *error) {
	if recover() != nil {
		*err = errHandlerReturned
	}
}

func (s *serverStream) CloseWrite() error { return errNotByHalves }

// Close makes what waits return. The server ends the stream when the handler has returned.
func (s *serverStream) Close(reset bool) (err error) {
	defer catchReturned(&err)
	defer s.body.Close()
	if reset && s.handler.Err() == nil {
		return s.control.SetWriteDeadline(time.Unix(1, 0))
	}
	return nil
}

// address is the address of a peer as an HTTP server tells it.
type address string

func (address) Network() string  { return "tcp" }
func (a address) String() string { return string(a) }

// Run calls f, which uses the connection, where that is right: over HTTP/1.1 on a goroutine of its own, so that the HTTP handler may
// return at once and its stack and request are let go; over HTTP/2 and HTTP/3 on the caller's, so that the handler does not return, which
// would end the stream. Call it from the handler that called Accept, as the last thing.
//
// When f returns, the connection ends, as by CloseNow if it has not been closed.
func (c *Conn) Run(f func()) {
	if _, bound := c.nc.(handlerConn); !bound {
		go c.run(f)
		return
	}
	c.run(f)
}

func (c *Conn) run(f func()) {
	defer func() {
		if !c.over() {
			c.CloseNow()
			<-c.Done()
		}
	}()
	f()
}

// Handler returns an HTTP handler that accepts WebSockets, over any version of HTTP, and calls serve
// for each of them. When serve returns, the connection ends.
func Handler(o *AcceptOptions, serve func(*Conn)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := Accept(w, r, o)
		if err != nil {
			return // answered with the reason
		}
		c.Run(func() { serve(c) })
	})
}
