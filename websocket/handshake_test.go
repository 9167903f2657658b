package websocket

import (
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/holdfast-dev/holdfast/websocket/internal/handshake"
)

// accepting starts an HTTP server that accepts every request. It returns its address and the connections.
func accepting(t testing.TB, secure bool, o *AcceptOptions) (addr string, conns <-chan *Conn) {
	t.Helper()
	return acceptingOn(t, func(l net.Listener) net.Listener { return l }, secure, o)
}

// acceptingOn is accepting with a listener of ours around the server's.
func acceptingOn(t testing.TB, wrap func(net.Listener) net.Listener, secure bool, o *AcceptOptions) (addr string, conns <-chan *Conn) {
	t.Helper()
	accepted := make(chan *Conn, 1)
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := Accept(w, r, o)
		if err != nil {
			t.Errorf("Accept: %v", err)
			close(accepted)
			return
		}
		accepted <- c
	}))
	srv.Config.ErrorLog = log.New(io.Discard, "", 0) // of handshakes that fail on purpose
	srv.Listener = wrap(srv.Listener)
	if secure {
		srv.StartTLS()
	} else {
		srv.Start()
	}
	t.Cleanup(srv.Close)
	return srv.Listener.Addr().String(), accepted
}

const (
	sampleKey    = "dGhlIHNhbXBsZSBub25jZQ==" // of RFC 6455 section 1.3
	sampleAccept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
)

// request is an opening handshake; the extra lines end with CRLF each.
func request(extra string) string {
	return "GET / HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Key: " + sampleKey + "\r\nSec-WebSocket-Version: 13\r\n" + extra + "\r\n"
}

// dialRaw sends a handshake, with bytes right behind it, and returns the peer and the answer's header.
func dialRaw(t testing.TB, addr string, secure bool, extra string, early []byte) (*peer, http.Header) {
	t.Helper()
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	if secure {
		_, config := testTLS()
		nc = tls.Client(nc, config)
	}
	t.Cleanup(func() { nc.Close() })
	p := newPeer(t, nc, true)
	p.write(append([]byte(request(extra)), early...))
	resp, err := http.ReadResponse(p.br, nil)
	if err != nil {
		t.Fatalf("handshake: %v", err)
	}
	if resp.StatusCode != http.StatusSwitchingProtocols {
		body, _ := io.ReadAll(resp.Body)
		t.Fatalf("handshake: %s: %s", resp.Status, body)
	}
	return p, resp.Header
}

// rawServer accepts one connection on loopback and answers the handshake with answer, in which ACCEPT stands for the right
// Sec-WebSocket-Accept; run continues from there. It returns the URL to dial.
func rawServer(t testing.TB, answer string, run func(p *peer)) (url string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		nc, err := ln.Accept()
		if err != nil {
			return
		}
		defer nc.Close()
		p := newPeer(t, nc, false)
		r, err := http.ReadRequest(p.br)
		if err != nil {
			return
		}
		p.Conn.Write([]byte(strings.ReplaceAll(answer, "ACCEPT", handshake.AcceptKey(r.Header.Get("Sec-WebSocket-Key")))))
		if run != nil {
			run(p)
		}
	})
	t.Cleanup(func() {
		ln.Close()
		wg.Wait()
	})
	return "ws://" + ln.Addr().String() + "/"
}

// upgraded is a proper answer to a handshake.
const upgraded = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ACCEPT\r\n\r\n"
