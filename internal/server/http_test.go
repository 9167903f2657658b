package server

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"github.com/holdfast-dev/holdfast/websocket"
	_ "github.com/holdfast-dev/holdfast/websocket/enableh2"
	"github.com/holdfast-dev/holdfast/websocket/h2"
	"github.com/holdfast-dev/holdfast/websocket/h3"
)

// carriers returns a way to connect over each version of HTTP.
func (n *node) carriers() map[string]websocket.Carrier {
	over2, over3 := &h2.Dialer{TLS: n.clientTLS()}, &h3.Dialer{TLS: n.clientTLS()}
	n.t.Cleanup(func() {
		over2.Close()
		over3.Close()
	})
	return map[string]websocket.Carrier{"HTTP/1.1": nil, "HTTP/2": over2, "HTTP/3": over3}
}

// options returns what to dial with over a carrier.
func (n *node) options(c websocket.Carrier, h http.Header) *websocket.DialOptions {
	if c == nil {
		return &websocket.DialOptions{TLS: n.clientTLS(), Header: h}
	}
	return &websocket.DialOptions{Carrier: c, Header: h}
}

func (n *node) dialOver(c websocket.Carrier, path string) *websocket.Conn {
	n.t.Helper()
	conn, err := websocket.Dial(patience(n.t), "wss://localhost:"+n.httpsPort()+path, n.options(c, nil))
	if err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(conn.CloseNow)
	return conn
}

func TestOneChannelIsReachedOverEveryVersionOfHTTP(t *testing.T) {
	n := start(t)
	clients := map[string]*websocket.Conn{}
	for version, carrier := range n.carriers() {
		clients[version] = n.dialOver(carrier, "/channels/chat/lobby")
	}
	for from, sender := range clients {
		if err := sender.Write(patience(t), websocket.Text, []byte("from "+from)); err != nil {
			t.Fatal(err)
		}
		for to, c := range clients {
			if _, got, err := c.Read(patience(t)); err != nil || string(got) != "from "+from {
				t.Fatalf("the client over %s got %q, %v; want the message from %s", to, got, err, from)
			}
		}
	}
}

func TestShutdownClosesWebSocketsOverEveryVersionOfHTTP(t *testing.T) {
	n := start(t)
	ended := map[string]chan error{}
	for version, carrier := range n.carriers() {
		c := n.dialOver(carrier, "/channels/c")
		end := make(chan error, 1)
		ended[version] = end
		go func() {
			_, _, err := c.Read(context.Background())
			end <- err
		}()
	}
	if err := n.Shutdown(patience(t), "server shutting down"); err != nil {
		t.Error(err)
	}
	for version, end := range ended {
		ce, ok := errors.AsType[*websocket.CloseError](<-end)
		if !ok || ce.Code != websocket.CloseGoingAway || ce.Reason != "server shutting down" || !ce.Clean {
			t.Errorf("over %s the connection ended with %v", version, ce)
		}
	}
	if err := <-n.served; err != nil {
		t.Errorf("Serve returned %v", err)
	}
}

func TestWhatIsWrongIsRefusedOverEveryVersionOfHTTP(t *testing.T) {
	n := start(t)
	for version, carrier := range n.carriers() {
		for _, c := range []struct {
			path, origin string
			status       int
		}{
			{"/channels/c", "https://evil.example", http.StatusForbidden},
			{"/channels/chat//lobby", "https://localhost:" + n.httpsPort(), http.StatusBadRequest},
		} {
			_, err := websocket.Dial(patience(t), "wss://localhost:"+n.httpsPort()+c.path, n.options(carrier, http.Header{"Origin": {c.origin}}))
			if he, ok := errors.AsType[*websocket.HandshakeError](err); !ok || he.StatusCode != c.status || he.Reason == "" {
				t.Errorf("over %s %s from %s: %v", version, c.path, c.origin, err)
			}
		}
	}
}

func TestHTTP3IsAnnouncedOverTLSOnly(t *testing.T) {
	n := start(t)
	for url, want := range map[string]string{
		"https://localhost:" + n.httpsPort() + "/": `h3=":` + n.httpsPort() + `"; ma=3600`,
		"http://" + n.HTTPAddr().String() + "/":    "",
	} {
		transport := &http.Transport{TLSClientConfig: n.clientTLS(), DisableKeepAlives: true}
		resp, err := (&http.Client{Transport: transport}).Get(url)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if got := resp.Header.Get("Alt-Svc"); got != want {
			t.Errorf("%s: Alt-Svc %q, want %q", url, got, want)
		}
	}
}

func TestAUDPPortInUseIsSaidAndNothingStaysBound(t *testing.T) {
	var taken *net.UDPConn
	var addr string
	var err error
	for range 20 { // somebody else may have the TCP port of the same number
		if taken, err = net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}); err != nil {
			t.Fatal(err)
		}
		defer taken.Close()
		addr = taken.LocalAddr().String()
		_, err = Listen(patience(t), Config{Rules: noRules(t), HTTPS: addr, Log: quiet})
		if err == nil || strings.Contains(err.Error(), "udp") {
			break
		}
	}
	failed, ok := errors.AsType[*ListenError](err)
	if !ok || failed.Addr != addr || !errors.Is(err, syscall.EADDRINUSE) || !strings.Contains(err.Error(), "udp") {
		t.Fatalf("Listen returned %v", err)
	}
	again, err := net.Listen("tcp4", addr)
	if err != nil {
		t.Fatalf("the TCP port stayed bound: %v", err)
	}
	again.Close()
}
