// Package h2 connects WebSockets over HTTP/2 (RFC 8441). It is apart from package websocket because the client of net/http can't send an
// extended CONNECT, so that this one needs golang.org/x/net/http2. Servers need nothing of it: websocket.Accept speaks HTTP/2.
//
//	dialer := &h2.Dialer{}
//	defer dialer.Close()
//	conn, err := websocket.Dial(ctx, "wss://example.com/echo", &websocket.DialOptions{Carrier: dialer})
package h2

//lint:file-ignore SA1019 the suggested net/http.Transport refuses the pseudo-header :protocol, which an extended CONNECT needs

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/http2"
)

const (
	idleTimeout = 30 * time.Second // until a connection without WebSockets is closed
	pingAfter   = 30 * time.Second // of silence on a connection, whose end is then checked for
)

// Dialer opens WebSockets as streams of HTTP/2 connections: one connection to each server, and another when the server allows no more
// streams on it. The zero value is ready. Its methods may be called from any goroutine; the fields are not to be changed after the first
// call. It implements websocket.Carrier, for wss only.
//
// A WebSocket costs two goroutines here, and a buffer as large as the frames that the server accepts, at most 512 KiB: for very many
// WebSockets to one server, HTTP/1.1 is smaller.
type Dialer struct {
	// TLS is for the connections. Nil means the system's roots and the URL's host name.
	TLS *tls.Config
	// NetDial makes the transport below TLS; nil means a TCP connection.
	NetDial func(ctx context.Context, network, addr string) (net.Conn, error)

	once      sync.Once
	transport *http2.Transport

	mu     sync.Mutex             // guards what follows
	conns  map[*tls.Conn]struct{} // all that were made and not closed
	closed bool
}

var (
	errClosed    = errors.New("h2: the Dialer has been closed")
	errNotSpoken = errors.New("the server does not speak HTTP/2; connect over HTTP/1.1")
)

// Close closes all connections and so drops the WebSockets on them; Close those first. Afterwards the
// Dialer can't connect any more.
func (d *Dialer) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	for c := range d.conns {
		c.NetConn().Close() // at once: the TLS alert could block
	}
	d.conns = nil
	return nil
}

func (d *Dialer) init() {
	d.transport = &http2.Transport{
		DialTLSContext:     d.dial,
		DisableCompression: true, // of HTTP bodies
		IdleConnTimeout:    idleTimeout,
		ReadIdleTimeout:    pingAfter,
	}
}

// dial makes one connection to be shared.
func (d *Dialer) dial(ctx context.Context, network, addr string, _ *tls.Config) (net.Conn, error) {
	dial := d.NetDial
	if dial == nil {
		dial = (&net.Dialer{}).DialContext
	}
	nc, err := dial(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	cfg := &tls.Config{}
	if d.TLS != nil {
		cfg = d.TLS.Clone()
	}
	if cfg.ServerName == "" {
		cfg.ServerName, _, _ = net.SplitHostPort(addr) // which http2 has put together
	}
	cfg.NextProtos = []string{http2.NextProtoTLS}
	tc := tls.Client(nc, cfg)
	if err := tc.HandshakeContext(ctx); err != nil {
		nc.Close()
		if strings.Contains(err.Error(), "no application protocol") { // the alert, which has no other name
			return nil, errNotSpoken
		}
		return nil, err
	}
	if tc.ConnectionState().NegotiatedProtocol != http2.NextProtoTLS {
		nc.Close()
		return nil, errNotSpoken
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		nc.Close()
		return nil, errClosed
	}
	if d.conns == nil {
		d.conns = make(map[*tls.Conn]struct{})
	}
	d.conns[tc] = struct{}{}
	return &tracked{Conn: tc, d: d}, nil
}

// tracked is a connection that its Dialer knows of until it is closed.
type tracked struct {
	*tls.Conn
	d *Dialer
}

func (t *tracked) Close() error {
	t.d.mu.Lock()
	delete(t.d.conns, t.Conn)
	t.d.mu.Unlock()
	return t.Conn.Close()
}

func (d *Dialer) roundTrip(r *http.Request) (*http.Response, error) {
	d.once.Do(d.init)
	d.mu.Lock()
	closed := d.closed
	d.mu.Unlock()
	if closed {
		return nil, errClosed
	}
	return d.transport.RoundTrip(r)
}
