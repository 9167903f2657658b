package websocket

import (
	"bufio"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/websocket/internal/handshake"
	"github.com/holdfast-dev/holdfast/websocket/internal/wire"
)

// guard keeps a test that went wrong from hanging. Nothing is measured by it.
const guard = 2 * time.Minute

// failer is what *testing.T, *testing.B and *rapid.T have in common here.
type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

// peer is the other end of a connection. It writes any bytes and reads frames with code of its own, so that the engine is not
// measured by itself.
type peer struct {
	net.Conn
	t     failer
	br    *bufio.Reader
	masks bool // it is a client
}

func newPeer(t failer, nc net.Conn, masks bool) *peer {
	nc.SetDeadline(time.Now().Add(guard))
	return &peer{Conn: nc, t: t, br: bufio.NewReader(nc), masks: masks}
}

// raw builds a frame, however illegal; the length is written in its shortest form.
func raw(first byte, masked bool, payload string) []byte {
	b := []byte{first}
	mask := byte(0)
	if masked {
		mask = 0x80
	}
	switch n := len(payload); {
	case n < 126:
		b = append(b, mask|byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, mask|126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, mask|127), uint64(n))
	}
	if !masked {
		return append(b, payload...)
	}
	key := [4]byte{0x5a, 0x01, 0xff, 0x80}
	b = append(b, key[:]...)
	for i := range len(payload) {
		b = append(b, payload[i]^key[i%4])
	}
	return b
}

// frame builds a frame as this peer must send it.
func (p *peer) frame(first byte, payload string) []byte { return raw(first, p.masks, payload) }

// send writes frames given by first byte and payload in turn, as one write.
func (p *peer) send(first byte, payload string) {
	p.t.Helper()
	p.write(p.frame(first, payload))
}

func (p *peer) write(b []byte) {
	p.t.Helper()
	if _, err := p.Conn.Write(b); err != nil {
		p.t.Fatalf("peer: write: %v", err)
	}
}

// read returns the next frame, whose masking is checked.
func (p *peer) read() (first byte, payload string, err error) {
	var h [2]byte
	if _, err := io.ReadFull(p.br, h[:]); err != nil {
		return 0, "", err
	}
	n := uint64(h[1] & 0x7f)
	var ext [8]byte
	switch n {
	case 126:
		if _, err := io.ReadFull(p.br, ext[6:]); err != nil {
			return 0, "", err
		}
		n = binary.BigEndian.Uint64(ext[:])
	case 127:
		if _, err := io.ReadFull(p.br, ext[:]); err != nil {
			return 0, "", err
		}
		n = binary.BigEndian.Uint64(ext[:])
	}
	if masked := h[1]&0x80 != 0; masked == p.masks {
		return 0, "", fmt.Errorf("a frame with masked=%v", masked)
	}
	var key [4]byte
	if !p.masks {
		if _, err := io.ReadFull(p.br, key[:]); err != nil {
			return 0, "", err
		}
	}
	body := make([]byte, n)
	if _, err := io.ReadFull(p.br, body); err != nil {
		return 0, "", err
	}
	for i := range body {
		body[i] ^= key[i%4]
	}
	return h[0], string(body), nil
}

// want reads one frame and checks it.
func (p *peer) want(first byte, payload string) {
	p.t.Helper()
	f, got, err := p.read()
	if err != nil {
		p.t.Fatalf("peer: reading, want frame %#x: %v", first, err)
	}
	if f != first || got != payload {
		p.t.Fatalf("peer got frame %#x %.100q of %d bytes, want %#x %.100q of %d", f, got, len(got), first, payload, len(payload))
	}
}

// wantClose reads a close frame with this code, 0 for none, and returns its reason.
func (p *peer) wantClose(code CloseCode) (reason string) {
	p.t.Helper()
	f, got, err := p.read()
	if err != nil || f != 0x88 {
		p.t.Fatalf("peer got frame %#x %.100q, error %v, want a close frame", f, got, err)
	}
	if code == 0 && got == "" {
		return ""
	}
	if len(got) < 2 || CloseCode(binary.BigEndian.Uint16([]byte(got))) != code {
		p.t.Fatalf("peer got close payload %q, want code %v", got, code)
	}
	return got[2:]
}

// wantEOF checks that the transport ends here, in order and not by a reset.
func (p *peer) wantEOF() {
	p.t.Helper()
	if f, got, err := p.read(); !errors.Is(err, io.EOF) {
		p.t.Fatalf("peer got frame %#x %.100q, error %v, want the end of the transport", f, got, err)
	}
}

// closePayload is the payload of a close frame.
func closePayload(code CloseCode, reason string) string {
	return string(binary.BigEndian.AppendUint16(nil, uint16(code))) + reason
}

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

// accepting starts an HTTP server that accepts every request. It returns its address and the connections.
func accepting(t testing.TB, secure bool, o *AcceptOptions) (addr string, conns <-chan *Conn) {
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

// wantEnd checks how a connection ended.
func wantEnd(t failer, err error, want CloseError) *CloseError {
	t.Helper()
	var ce *CloseError
	if !errors.As(err, &ce) {
		t.Fatalf("error %v, want a *CloseError", err)
	}
	if ce.Code != want.Code || ce.Reason != want.Reason || ce.By != want.By || ce.Clean != want.Clean {
		t.Fatalf("ended with code %v, reason %q, by %v, clean %v, error %v; want code %v, reason %q, by %v, clean %v",
			ce.Code, ce.Reason, ce.By, ce.Clean, ce.Err, want.Code, want.Reason, want.By, want.Clean)
	}
	return ce
}

// fillerText is text that repeats only after a while, so that a misplaced part of it is noticed.
var fillerText = sync.OnceValue(func() string {
	b := make([]byte, 9<<20)
	for i := range b {
		b[i] = 'a' + byte((i+i>>8+i>>16)%26)
	}
	return string(b)
})

// filler returns n bytes of text.
func filler(n int) string { return fillerText()[:n] }

// shrink makes the buffers of the sockets small, so that they are soon full.
func shrink(conns ...net.Conn) {
	for _, nc := range conns {
		for wrapper, ok := nc.(interface{ NetConn() net.Conn }); ok; wrapper, ok = nc.(interface{ NetConn() net.Conn }) {
			nc = wrapper.NetConn()
		}
		if tcp, ok := nc.(*net.TCPConn); ok {
			tcp.SetReadBuffer(32 << 10)
			tcp.SetWriteBuffer(32 << 10)
		}
	}
}
