// Package h3 carries WebSockets over HTTP/3 (RFC 9220), by quic-go. Programs that do not import it do not depend on that.
//
// As a client:
//
//	dialer := &h3.Dialer{}
//	defer dialer.Close()
//	conn, err := websocket.Dial(ctx, "wss://example.com/echo", &websocket.DialOptions{Carrier: dialer})
//
// As a server, websocket.Accept takes the requests of quic-go's http3.Server as they come; with Handler around the server's handler
// they cost less:
//
//	srv := &http3.Server{Handler: h3.Handler(mux), TLSConfig: http3.ConfigureTLSConfig(cfg)}
package h3

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
)

const keepAlive = 20 * time.Second // between packets on a silent connection: less than QUIC's idle timeout of 30 s

// Dialer opens WebSockets as streams of QUIC connections, one to each server. The zero value is ready. Its methods may be called from any
// goroutine; the fields are not to be changed after the first call. It implements websocket.Carrier.
type Dialer struct {
	// TLS is for the connections. Nil means the system's roots and the URL's host name.
	TLS *tls.Config

	mu     sync.Mutex // guards what follows
	socket *quic.Transport
	client *http3.Transport
	conns  map[string]*shared // by host and port
	closed bool
}

// shared is a connection, or one that is being made.
type shared struct {
	ready chan struct{} // closed when what follows is set
	quic  *quic.Conn
	http  *http3.ClientConn
	err   error
}

var errClosed = errors.New("h3: the Dialer has been closed")

// Close closes all connections and so drops the WebSockets on them; Close those first. Afterwards the Dialer can't connect any more.
func (d *Dialer) Close() error {
	d.mu.Lock()
	socket, conns := d.socket, d.conns
	d.socket, d.conns, d.closed = nil, nil, true
	d.mu.Unlock()
	if socket == nil {
		return nil
	}
	for _, s := range conns {
		select {
		case <-s.ready:
			if s.err == nil {
				s.http.CloseWithError(quic.ApplicationErrorCode(http3.ErrCodeNoError), "")
			}
		default: // ends with the socket
		}
	}
	return errors.Join(socket.Close(), socket.Conn.Close())
}

// conn returns the connection to addr, which it makes unless there is one. If it is being made for somebody else whose ctx ends, it is
// made again.
func (d *Dialer) conn(ctx context.Context, addr string) (*shared, error) {
	for {
		s, mine, err := d.find(addr)
		if err != nil {
			return nil, err
		}
		if mine {
			s.quic, s.http, s.err = d.connect(ctx, addr)
			close(s.ready)
			return s, s.err
		}
		select {
		case <-s.ready:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
		if s.err == nil {
			return s, nil
		}
		if !errors.Is(s.err, context.Canceled) && !errors.Is(s.err, context.DeadlineExceeded) {
			return nil, s.err
		}
	}
}

// find returns the connection to addr, or a new one that is for the caller to make.
func (d *Dialer) find(addr string) (s *shared, mine bool, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return nil, false, errClosed
	}
	if d.socket == nil {
		udp, err := net.ListenUDP("udp", nil)
		if err != nil {
			return nil, false, err
		}
		d.socket, d.client, d.conns = &quic.Transport{Conn: udp}, &http3.Transport{DisableCompression: true}, map[string]*shared{}
	}
	if s := d.conns[addr]; s != nil && s.usable() {
		return s, false, nil
	}
	s = &shared{ready: make(chan struct{})}
	d.conns[addr] = s
	return s, true, nil
}

// usable tells whether s is being made or alive.
func (s *shared) usable() bool {
	select {
	case <-s.ready:
		return s.err == nil && s.quic.Context().Err() == nil
	default:
		return true
	}
}

// connect makes a connection and waits for the server's settings.
func (d *Dialer) connect(ctx context.Context, addr string) (*quic.Conn, *http3.ClientConn, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, nil, err
	}
	to, err := resolve(ctx, addr)
	if err != nil {
		return nil, nil, err
	}
	cfg := &tls.Config{}
	if d.TLS != nil {
		cfg = d.TLS.Clone()
	}
	if cfg.ServerName == "" {
		cfg.ServerName = host
	}
	cfg.NextProtos = []string{http3.NextProtoH3}
	d.mu.Lock()
	socket := d.socket
	d.mu.Unlock()
	if socket == nil {
		return nil, nil, errClosed
	}
	qc, err := socket.Dial(ctx, to, cfg, &quic.Config{KeepAlivePeriod: keepAlive})
	if err != nil {
		return nil, nil, err
	}
	hc := d.client.NewClientConn(qc)
	select {
	case <-hc.ReceivedSettings():
	case <-qc.Context().Done():
		return nil, nil, context.Cause(qc.Context())
	case <-ctx.Done():
		hc.CloseWithError(quic.ApplicationErrorCode(http3.ErrCodeRequestCanceled), "")
		return nil, nil, context.Cause(ctx)
	}
	if !hc.Settings().EnableExtendedConnect {
		hc.CloseWithError(quic.ApplicationErrorCode(http3.ErrCodeNoError), "")
		return nil, nil, fmt.Errorf("the server %s speaks HTTP/3 but does not offer WebSocket over it (RFC 9220); connect over HTTP/1.1", addr)
	}
	return qc, hc, nil
}

// resolve returns the first address of a host that has several.
func resolve(ctx context.Context, addr string) (net.Addr, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	number, err := net.DefaultResolver.LookupPort(ctx, "udp", port)
	if err != nil {
		return nil, err
	}
	ips, err := net.DefaultResolver.LookupIPAddr(ctx, host)
	if err != nil {
		return nil, err
	}
	return &net.UDPAddr{IP: ips[0].IP, Port: number, Zone: ips[0].Zone}, nil
}
