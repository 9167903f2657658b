package client

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/holdfast-dev/holdfast/websocket"
)

// socket is a WebSocket as a carrier.
type socket struct {
	*websocket.Conn

	mu        sync.Mutex // guards what follows
	keepalive *websocket.Keepalive
	over      bool
}

// dialSocket opens a WebSocket that speaks the protocol. reached tells whether a connection was made to a server, or
// could be by a proxy that the environment names, which WebSockets do not use.
func dialSocket(ctx context.Context, endpoint string, o *websocket.DialOptions) (s carrier, reached bool, err error) {
	with := *o
	if with.NetDial == nil {
		reached = hasProxy(endpoint)
		with.NetDial = new(net.Dialer).DialContext
	}
	dial := with.NetDial
	with.NetDial = func(ctx context.Context, network, addr string) (net.Conn, error) {
		nc, err := dial(ctx, network, addr)
		reached = reached || err == nil
		return nc, err
	}
	conn, err := websocket.Dial(ctx, endpoint, &with)
	if err != nil {
		return nil, reached || o.Carrier != nil, err
	}
	want := o.Subprotocols[0]
	if got := conn.Subprotocol(); got != want {
		conn.CloseNow()
		return nil, true, &errSubprotocol{endpoint, want, got}
	}
	return &socket{Conn: conn}, true, nil
}

// hasProxy tells whether the environment names a proxy for the server.
func hasProxy(endpoint string) bool {
	u, err := url.Parse(httpURL(endpoint))
	if err != nil {
		return false
	}
	proxy, err := http.ProxyFromEnvironment(&http.Request{URL: u})
	return proxy != nil && err == nil
}

// Watch implements carrier. The server pings, and so hears of the client.
func (s *socket) Watch(ping, pong time.Duration, _ func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over || s.keepalive != nil {
		return
	}
	s.keepalive = websocket.NewKeepalive(ping, pong)
	s.keepalive.Watch(s.Conn)
}

// Serve implements carrier.
func (s *socket) Serve(handle func(typ websocket.MessageType, payload []byte)) error {
	end := s.Conn.Serve(handle)
	s.mu.Lock()
	keepalive := s.keepalive
	s.over = true
	s.mu.Unlock()
	if keepalive != nil {
		keepalive.Close()
	}
	return end
}
