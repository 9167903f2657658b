package server

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/pires/go-proxyproto"

	"github.com/holdfast-dev/holdfast/websocket"
)

// logged is a log that can be read while it is written.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func (l *logged) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

// headerFor returns a PROXY header of a version that says that the client is 203.0.113.9:77.
func headerFor(t *testing.T, version byte) []byte {
	t.Helper()
	raw, err := proxyproto.HeaderProxyFromAddrs(version, &net.TCPAddr{IP: net.IPv4(203, 0, 113, 9), Port: 77}, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 443}).Format()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// behind dials like a proxy that begins with a header.
func behind(header []byte) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		nc, err := new(net.Dialer).DialContext(ctx, network, addr)
		if err == nil {
			_, err = nc.Write(header)
		}
		return nc, err
	}
}

func TestTheClientOfAConnectionIsWhoItsPROXYHeaderNames(t *testing.T) {
	seen := make(chan string, 1)
	front := Front{Proxies: loopback, ProxyProtocol: true, Challenge: func(w http.ResponseWriter, r *http.Request) bool { return false }}
	n := startFront(t, "127.0.0.1:0", front, quiet)
	n.web.Handler = n.fromClients(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen <- r.RemoteAddr }))
	local, err := (&proxyproto.Header{Version: 2, Command: proxyproto.LOCAL, TransportProtocol: proxyproto.UNSPEC}).Format()
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		header []byte
		want   string
	}{
		"version 1":       {headerFor(t, 1), "203.0.113.9:77"},
		"version 2":       {headerFor(t, 2), "203.0.113.9:77"},
		"a health check":  {local, "127.0.0.1:"},
		"unknown in v1":   {[]byte("PROXY UNKNOWN\r\n"), "127.0.0.1:"},
		"IPv6 in v1":      {[]byte("PROXY TCP6 2001:db8::5 fd00::1 77 443\r\n"), "[2001:db8::5]:77"},
		"addresses of v4": {[]byte("PROXY TCP4 203.0.113.10 10.0.0.1 1 2\r\n"), "203.0.113.10:1"},
	} {
		for _, url := range []string{n.plain(), "https://127.0.0.1:" + n.httpsPort()} {
			transport := &http.Transport{DialContext: behind(test.header), TLSClientConfig: n.clientTLS(), DisableKeepAlives: true}
			resp, err := (&http.Client{Transport: transport}).Get(url)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			resp.Body.Close()
			if got := <-seen; !strings.HasPrefix(got, test.want) {
				t.Errorf("%s at %s: the client is %s, want %s", name, url, got, test.want)
			}
		}
	}
}

func TestAWebSocketBehindAPROXYHeaderWorksAsUsual(t *testing.T) {
	n := startFront(t, "127.0.0.1:0", Front{Proxies: loopback, ProxyProtocol: true}, quiet)
	nc, err := behind(headerFor(t, 2))(patience(t), "tcp", n.HTTPSAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	cfg := n.clientTLS()
	cfg.ServerName = "127.0.0.1"
	conn := tls.Client(nc, cfg)
	io.WriteString(conn, "GET /channels/c HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n\x81\x82\x00\x00\x00\x00hi")
	answer := make([]byte, 0, 1000)
	for !bytes.HasSuffix(answer, []byte("\x81\x02hi")) {
		more := make([]byte, 500)
		k, err := conn.Read(more)
		answer = append(answer, more[:k]...)
		if err != nil {
			t.Fatalf("after %q: %v", answer, err)
		}
	}
	if n.quic.sockets != nil {
		t.Error("there is HTTP/3, for which there is no PROXY header")
	}
}

func TestWhoeverHasNoPROXYHeaderIsCutOffAndToldInTheLog(t *testing.T) {
	for name, test := range map[string]struct {
		proxies proxies
		says    string
		log     string
	}{
		"a stranger":              {prefixes("10.0.0.0/8"), "PROXY TCP4 203.0.113.9 10.0.0.1 77 443\r\n", "add its address to listen.proxies"},
		"a plain request":         {proxies{addresses: loopback}, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "did not begin with a PROXY header"},
		"a TLS handshake":         {proxies{addresses: loopback}, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03aaaaaaaaaa", "did not begin with a PROXY header"},
		"another protocol in it":  {proxies{addresses: loopback}, "PROXY SCTP 203.0.113.9 10.0.0.1 77 443\r\n", "did not begin with a PROXY header"},
		"a line without an end":   {proxies{addresses: loopback}, "PROXY TCP4 " + strings.Repeat("1", 200), "its line is too long"},
		"a line without a return": {proxies{addresses: loopback}, "PROXY TCP4 203.0.113.9 10.0.0.1 77 443\n", "did not begin with a PROXY header"},
		"a bad address":           {proxies{addresses: loopback}, "PROXY TCP4 203.0.113.999 10.0.0.1 77 443\r\n", "did not begin with a PROXY header"},
		"a huge second version":   {proxies{addresses: loopback}, string(proxyproto.SIGV2) + "\x21\x11\xff\xff", "it is too long"},
		"a Unix socket":           {proxies{addresses: loopback}, string(proxyproto.SIGV2) + "\x21\x31\x00\xd8" + strings.Repeat("a", 216), "does not name the client's address"},
	} {
		t.Run(name, func(t *testing.T) {
			log := &logged{}
			n := startFront(t, "", Front{Proxies: test.proxies.addresses, ProxyProtocol: true}, log.logger())
			nc, err := net.Dial("tcp", n.HTTPAddr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer nc.Close()
			io.WriteString(nc, test.says)
			if answer, err := io.ReadAll(nc); len(answer) > 0 || err == nil && !strings.Contains(log.String(), test.log) {
				t.Errorf("answered %q, logged %s", answer, log)
			}
			if !strings.Contains(log.String(), test.log) {
				t.Errorf("logged %s, want %q", log, test.log)
			}
		})
	}
}

func TestAProxyThatSaysNothingHoldsUpNobody(t *testing.T) {
	n := startFront(t, "127.0.0.1:0", Front{Proxies: loopback, ProxyProtocol: true}, quiet)
	for range 50 {
		nc, err := net.Dial("tcp", n.HTTPAddr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
	}
	transport := &http.Transport{DialContext: behind(headerFor(t, 1)), DisableKeepAlives: true}
	resp, err := (&http.Client{Transport: transport}).Get(n.plain() + "/channels/c")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Error(resp.Status)
	}
}

func TestAWebSocketIsDialledWithoutAHeaderInVain(t *testing.T) {
	n := startFront(t, "127.0.0.1:0", Front{Proxies: loopback, ProxyProtocol: true}, quiet)
	_, err := websocket.Dial(patience(t), "ws://"+n.HTTPAddr().String()+"/channels/c", nil)
	if refused, ok := errors.AsType[*websocket.HandshakeError](err); err == nil || ok && refused.StatusCode != 0 {
		t.Errorf("got %v", err)
	}
}
