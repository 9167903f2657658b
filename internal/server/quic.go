package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"

	"github.com/holdfast-dev/holdfast/websocket/h3"
)

const (
	quicKeepAlive = 20 * time.Second // between packets on a connection with a silent WebSocket: less than QUIC's idle timeout of 30 s
	quicGrace     = time.Second      // for clients to leave when nothing of theirs is running any more
	altSvcMaxAge  = time.Hour        // how long a client may remember that there is HTTP/3
)

// quicServer is the part of a Server that speaks HTTP/3. Without sockets it does nothing.
type quicServer struct {
	sockets []*net.UDPConn
	http    http3.Server
}

// init prepares serving with cfg.
func (q *quicServer) init(cfg Config, handler http.Handler) {
	if len(q.sockets) == 0 {
		return
	}
	q.http.Handler = h3.Handler(handler)
	q.http.TLSConfig = http3.ConfigureTLSConfig(cfg.TLS)
	q.http.QUICConfig = &quic.Config{MaxIncomingStreams: maxStreams, KeepAlivePeriod: quicKeepAlive}
	q.http.MaxHeaderBytes = maxHeaderBytes
	q.http.IdleTimeout = idleTimeout
	q.http.Logger = cfg.Log
}

// serve takes connections on one of the sockets until shutdown or close, and then returns
// http.ErrServerClosed. The socket stays open for the connections that there are.
func (q *quicServer) serve(c *net.UDPConn) error { return q.http.Serve(c) }

// shutdown takes no more requests and waits until the connections are over. Those that stay when
// closed is closed, which tells that every WebSocket is over, get a moment to leave.
func (q *quicServer) shutdown(ctx context.Context, closed <-chan struct{}) {
	if len(q.sockets) == 0 {
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-closed:
		case <-ctx.Done():
			return
		}
		select {
		case <-time.After(quicGrace):
			cancel()
		case <-ctx.Done():
		}
	}()
	if err := q.http.Shutdown(ctx); err != nil && !errors.Is(err, context.Canceled) {
		q.http.Logger.Debug("HTTP/3 did not end in good order", "error", err)
	}
	closeAll(q.sockets)
}

// close ends everything at once.
func (q *quicServer) close() {
	q.http.Close()
	closeAll(q.sockets)
}

// announceHTTP3 tells clients that came over TCP and TLS that they could use HTTP/3 (RFC 7838, RFC 9114 section 3.1.1).
func (s *Server) announceHTTP3(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if addr, ok := s.HTTPSAddr().(*net.TCPAddr); ok && len(s.quic.sockets) > 0 && r.TLS != nil && r.ProtoMajor < 3 {
			w.Header().Set("Alt-Svc", fmt.Sprintf(`h3=":%d"; ma=%d`, addr.Port, int(altSvcMaxAge.Seconds())))
		}
		next.ServeHTTP(w, r)
	})
}
