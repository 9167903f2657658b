package h3

import (
	"net"
	"net/http"

	"github.com/quic-go/quic-go/http3"
)

// Handler returns a handler for an http3.Server that calls next, and lets websocket.Accept take the stream of a request over, as it takes
// the connection of an HTTP/1.1 request: then the handler may return, which saves its stack and the request, and the WebSocket can be
// closed by halves. Requests of other versions of HTTP pass through.
func Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s, ok := w.(http3.HTTPStreamer); ok {
			w = &writer{ResponseWriter: w, streamer: s, request: r}
		}
		next.ServeHTTP(w, r)
	})
}

// writer is a ResponseWriter whose stream can be taken over.
type writer struct {
	http.ResponseWriter
	streamer http3.HTTPStreamer
	request  *http.Request
}

// Unwrap lets http.ResponseController reach the methods of quic-go.
func (w *writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Flush keeps the writer an http.Flusher.
func (w *writer) Flush() { http.NewResponseController(w.ResponseWriter).Flush() }

// TakeStream sends the header and returns the stream, which then is the caller's. websocket.Accept
// calls it.
func (w *writer) TakeStream() net.Conn {
	local, _ := w.request.Context().Value(http.LocalAddrContextKey).(net.Addr)
	remote, _ := w.request.Context().Value(http3.RemoteAddrContextKey).(net.Addr)
	return newConn(w.streamer.HTTPStream(), local, remote)
}
