package websocket

import (
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/holdfast-dev/holdfast/websocket/internal/wire"
)

// transports are the kinds of connection that the engine treats differently.
var transports = []string{"tcp", "tls", "tls on a socket", "pipe"}

var roles = []wire.Role{wire.Server, wire.Client}

func roleName(r wire.Role) string {
	if r == wire.Client {
		return "client"
	}
	return "server"
}

// testTLS holds the certificate of httptest for both sides.
var testTLS = sync.OnceValues(func() (server, client *tls.Config) {
	srv := httptest.NewTLSServer(http.NotFoundHandler())
	defer srv.Close()
	client = srv.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
	client.ServerName = "example.com"
	return srv.TLS.Clone(), client
})

// ends returns the two ends of a new transport.
func ends(t failer, kind string, role wire.Role) (ours, theirs net.Conn) {
	t.Helper()
	if kind == "pipe" {
		return net.Pipe()
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("listen: %v", err)
	}
	defer ln.Close()
	dialled, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatalf("dial: %v", err)
	}
	accepted, err := ln.Accept()
	if err != nil {
		t.Fatalf("accept: %v", err)
	}
	if kind == "tls" || kind == "tls on a socket" {
		if kind != "tls" { // as a Listener and Dial do it
			accepted, dialled = direct(accepted), direct(dialled)
		}
		serverConfig, clientConfig := testTLS()
		server, client := tls.Server(accepted, serverConfig), tls.Client(dialled, clientConfig)
		done := make(chan error, 1)
		go func() { done <- server.Handshake() }()
		if err := errors.Join(client.Handshake(), <-done); err != nil {
			t.Fatalf("TLS: %v", err)
		}
		accepted, dialled = server, client
	}
	if role == wire.Server {
		return accepted, dialled
	}
	return dialled, accepted
}

// connected returns a connection in the given role, after the handshake, and its peer. Both are closed with the test.
func connected(t testing.TB, kind string, role wire.Role, l Limits) (*Conn, *peer) {
	t.Helper()
	ours, theirs := ends(t, kind, role)
	c := newConn(ours, role, l, "", nil)
	p := newPeer(t, theirs, role == wire.Server)
	t.Cleanup(func() {
		c.CloseNow()
		p.Close()
		<-c.Done()
	})
	return c, p
}

// onAllTransports runs a test for each kind of transport and each role.
func onAllTransports(t *testing.T, test func(t *testing.T, kind string, role wire.Role)) {
	for _, kind := range transports {
		for _, role := range roles {
			t.Run(kind+" "+roleName(role), func(t *testing.T) { test(t, kind, role) })
		}
	}
}

// shrink makes the buffers of the sockets small, so that they are soon full.
func shrink(conns ...net.Conn) {
	for _, nc := range conns {
		for {
			outer, ok := nc.(interface{ NetConn() net.Conn })
			if !ok {
				break
			}
			nc = outer.NetConn()
		}
		if tcp, ok := nc.(*net.TCPConn); ok {
			tcp.SetReadBuffer(32 << 10)
			tcp.SetWriteBuffer(32 << 10)
		}
	}
}
