package server

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/internal/certs"
	"github.com/holdfast-dev/holdfast/websocket"
)

// loopback are the proxies of these tests.
var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}

// startFront starts a server with what is special about its front; https is where it listens for that, "" for nowhere.
func startFront(t *testing.T, https string, front Front, log *slog.Logger) *node {
	t.Helper()
	ca, err := certs.OpenCA(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s, err := Listen(patience(t), Config{
		Rules: noRules(t), HTTPS: https, HTTP: "127.0.0.1:0", TLS: ca.TLSConfig(), Front: front, NoChat: true, MaxMessageBytes: 1 << 20, Log: log,
	})
	if err != nil {
		t.Fatal(err)
	}
	n := &node{t: t, Server: s, ca: ca, served: make(chan error, 1)}
	go func() { n.served <- s.Serve() }()
	t.Cleanup(func() {
		if err := s.Shutdown(patience(t), "test over"); err != nil {
			t.Error(err)
		}
	})
	return n
}

// ask makes a request with headers and returns the answer, its body read.
func (n *node) ask(method, url string, h http.Header) (*http.Response, string) {
	n.t.Helper()
	r, err := http.NewRequestWithContext(patience(n.t), method, url, nil)
	if err != nil {
		n.t.Fatal(err)
	}
	for k, v := range h {
		r.Header[k] = v
	}
	transport := &http.Transport{TLSClientConfig: n.clientTLS(), DisableKeepAlives: true}
	resp, err := transport.RoundTrip(r)
	if err != nil {
		n.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		n.t.Fatal(err)
	}
	return resp, string(body)
}

func (n *node) plain() string { return "http://" + n.HTTPAddr().String() }

func TestPlainRequestsAreRedirectedAndPlainWebSocketsToldWhere(t *testing.T) {
	n := startFront(t, "127.0.0.1:0", Front{SecureOnly: true, HSTS: time.Hour}, quiet)
	secure := "127.0.0.1:" + n.httpsPort()
	for _, method := range []string{"GET", "POST"} {
		resp, body := n.ask(method, n.plain()+"/channels/a%2Fb?last=1", nil)
		if want := "https://" + secure + "/channels/a%2Fb?last=1"; resp.StatusCode != http.StatusPermanentRedirect || resp.Header.Get("Location") != want || !strings.Contains(body, want) {
			t.Errorf("%s: %s to %s: %s", method, resp.Status, resp.Header.Get("Location"), body)
		}
		if resp.Header.Get("Strict-Transport-Security") != "" {
			t.Error("HSTS is sent in the clear, where it means nothing (RFC 6797 section 7.2)")
		}
	}
	_, err := websocket.Dial(patience(t), "ws://"+n.HTTPAddr().String()+"/channels/c", nil)
	refused, ok := errors.AsType[*websocket.HandshakeError](err)
	if !ok || refused.StatusCode != http.StatusUpgradeRequired || !strings.Contains(refused.Reason, "connect to wss://"+secure+"/channels/c") {
		t.Errorf("a WebSocket got %v", err)
	}
	n.dial("wss://" + secure + "/channels/c")
	resp, body := n.ask("GET", "https://"+secure+"/channels/c", nil)
	if got := resp.Header.Get("Strict-Transport-Security"); resp.StatusCode != http.StatusOK || got != "max-age=3600" {
		t.Errorf("over TLS: %s, HSTS %q: %s", resp.Status, got, body)
	}
	if resp, body := n.ask("GET", "https://"+secure+"/", nil); resp.StatusCode != http.StatusNotFound || !strings.Contains(body, "below /channels/") {
		t.Errorf("the chat that is left out: %s %s", resp.Status, body)
	}
}

func TestAHostThatIsNoneIsNotRedirectedTo(t *testing.T) {
	n := startFront(t, "127.0.0.1:0", Front{SecureOnly: true}, quiet)
	for _, host := range []string{"", "a@b", "a b", `a\b`} {
		nc, err := net.Dial("tcp", n.HTTPAddr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
		io.WriteString(nc, "GET / HTTP/1.1\r\nHost: "+host+"\r\nConnection: close\r\n\r\n")
		answer, err := io.ReadAll(nc)
		if err != nil || strings.Contains(string(answer), "Location") {
			t.Errorf("Host %q: %s, %v", host, answer, err)
		}
	}
}

func TestAnAuthoritysQuestionIsAnsweredInTheClear(t *testing.T) {
	n := startFront(t, "127.0.0.1:0", Front{SecureOnly: true, Challenge: func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != "/.well-known/acme-challenge/x" {
			return false
		}
		io.WriteString(w, "ours")
		return true
	}}, quiet)
	if resp, body := n.ask("GET", n.plain()+"/.well-known/acme-challenge/x", nil); resp.StatusCode != http.StatusOK || body != "ours" {
		t.Errorf("%s %s", resp.Status, body)
	}
	if resp, _ := n.ask("GET", n.plain()+"/.well-known/acme-challenge/y", nil); resp.StatusCode != http.StatusPermanentRedirect {
		t.Errorf("another: %s", resp.Status)
	}
}

func TestBehindAProxyThatEndsTLSOnlyWhatCameByHTTPSIsServed(t *testing.T) {
	n := startFront(t, "", Front{SecureOnly: true, HSTS: time.Hour, Proxies: loopback}, quiet)
	for proto, want := range map[string]int{"": http.StatusOK, "https": http.StatusOK, "HTTPS": http.StatusOK, "http": http.StatusPermanentRedirect, "ftp": http.StatusPermanentRedirect} {
		h := http.Header{"X-Forwarded-For": {"203.0.113.9"}}
		if proto != "" {
			h.Set("X-Forwarded-Proto", proto)
		}
		resp, body := n.ask("GET", n.plain()+"/channels/c", h)
		if resp.StatusCode != want || want != http.StatusOK && resp.Header.Get("Location") != "https://127.0.0.1/channels/c" {
			t.Errorf("proto %q: %s to %s: %s", proto, resp.Status, resp.Header.Get("Location"), body)
		}
		if want == http.StatusOK && resp.Header.Get("Strict-Transport-Security") != "max-age=3600" {
			t.Errorf("proto %q: no HSTS", proto)
		}
	}
}

func TestWithoutHTTPSAStrangerIsToldThatThereIsAProxy(t *testing.T) {
	n := startFront(t, "", Front{SecureOnly: true, Proxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}, quiet)
	resp, body := n.ask("GET", n.plain()+"/channels/c", http.Header{"X-Forwarded-Proto": {"https"}})
	if resp.StatusCode != http.StatusForbidden || !strings.Contains(body, "listen.proxies") || !strings.Contains(body, "(ref ") {
		t.Errorf("%s %s", resp.Status, body)
	}
}

func TestWithHTTPSAProxyMustSayThatTheClientCameByIt(t *testing.T) {
	n := startFront(t, "127.0.0.1:0", Front{SecureOnly: true, Proxies: loopback}, quiet)
	if resp, _ := n.ask("GET", n.plain()+"/channels/c", nil); resp.StatusCode != http.StatusPermanentRedirect {
		t.Errorf("a proxy that says nothing: %s", resp.Status)
	}
	if resp, _ := n.ask("GET", n.plain()+"/channels/c", http.Header{"X-Forwarded-Proto": {"https"}}); resp.StatusCode != http.StatusOK {
		t.Errorf("a proxy that says https: %s", resp.Status)
	}
}
