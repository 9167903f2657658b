package server

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/holdfast-dev/holdfast/internal/certs"
	"github.com/holdfast-dev/holdfast/internal/policy"
	"github.com/holdfast-dev/holdfast/websocket"
)

var quiet = slog.New(slog.DiscardHandler)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// node is a running server and what a client needs to trust it.
type node struct {
	t *testing.T
	*Server
	ca     *certs.CA
	served chan error
}

func start(t *testing.T, changes ...func(*Config)) *node {
	t.Helper()
	ca, err := certs.OpenCA(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	cfg := Config{
		Rules:           noRules(t),
		HTTPS:           "localhost:0",
		HTTP:            "127.0.0.1:0",
		TLS:             ca.TLSConfig(),
		Hosts:           []string{"localhost", "*.localhost"},
		MaxMessageBytes: 1 << 20,
		Log:             quiet,
		Metrics:         "127.0.0.1:0",
	}
	for _, change := range changes {
		change(&cfg)
	}
	s, err := Listen(patience(t), cfg)
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

// noRules leave all channels without history.
func noRules(t *testing.T) *policy.Rules {
	everything := policy.Default()
	everything.Access = policy.Open
	rules, err := policy.NewRules(everything)
	if err != nil {
		t.Fatal(err)
	}
	return rules
}

// patience is the longest that anything may take; it is not a timing that is tested.
func patience(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func (n *node) clientTLS() *tls.Config { return &tls.Config{RootCAs: n.ca.Pool()} }

func (n *node) httpsPort() string {
	return strconv.Itoa(n.HTTPSAddr().(*net.TCPAddr).Port)
}

func (n *node) dial(url string) *websocket.Conn {
	n.t.Helper()
	c, err := websocket.Dial(patience(n.t), url, &websocket.DialOptions{TLS: n.clientTLS()})
	if err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(c.CloseNow)
	return c
}

// get returns status and body; host overrides the Host header.
func (n *node) get(url, host string) (int, string) {
	n.t.Helper()
	r, err := http.NewRequestWithContext(patience(n.t), "GET", url, nil)
	if err != nil {
		n.t.Fatal(err)
	}
	r.Host = host
	transport := &http.Transport{TLSClientConfig: n.clientTLS(), DisableKeepAlives: true}
	client := http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(r)
	if err != nil {
		n.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		n.t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func TestOneChannelIsReachedByWssOnBothLoopbackAddressesAndByWs(t *testing.T) {
	n := start(t)
	urls := []string{
		"wss://localhost:" + n.httpsPort() + "/channels/chat/lobby",
		"wss://127.0.0.1:" + n.httpsPort() + "/channels/chat/lobby",
		"ws://" + n.HTTPAddr().String() + "/channels/chat/lobby",
	}
	if len(n.https) == 2 { // the machine has IPv6
		urls = append(urls, "wss://[::1]:"+n.httpsPort()+"/channels/chat/lobby")
	}
	var clients []*websocket.Conn
	for _, url := range urls {
		clients = append(clients, n.dial(url))
	}
	for i, sender := range clients {
		message := "from " + urls[i]
		if err := sender.Write(patience(t), websocket.Text, []byte(message)); err != nil {
			t.Fatal(err)
		}
		for j, c := range clients {
			if _, got, err := c.Read(patience(t)); err != nil || string(got) != message {
				t.Fatalf("%s got %q, %v; want %q", urls[j], got, err, message)
			}
		}
	}
}

func TestABadChannelNameIsRefusedAndNotRedirected(t *testing.T) {
	n := start(t)
	status, body := n.get("http://"+n.HTTPAddr().String()+"/channels/chat//lobby", "")
	if status != http.StatusBadRequest || !strings.Contains(body, "empty segment") {
		t.Errorf("answered %d %q", status, body)
	}
}

func TestTheChatIsServedAtTheRoot(t *testing.T) {
	n := start(t)
	status, body := n.get("https://localhost:"+n.httpsPort()+"/", "")
	if status != http.StatusOK || !strings.Contains(body, "<title>") {
		t.Errorf("answered %d %.100q", status, body)
	}
}

func TestPagesAreServedOverHTTP2WhicheverListenerComesFirst(t *testing.T) {
	for range 5 { // the listeners start in no fixed order
		n := start(t)
		transport := &http.Transport{TLSClientConfig: n.clientTLS(), ForceAttemptHTTP2: true}
		resp, err := (&http.Client{Transport: transport}).Get("https://localhost:" + n.httpsPort() + "/")
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		transport.CloseIdleConnections()
		if resp.ProtoMajor != 2 {
			t.Errorf("answered over %s", resp.Proto)
		}
	}
}

func TestAForeignHostNameIsRefused(t *testing.T) {
	n := start(t)
	for host, want := range map[string]int{
		"localhost":                http.StatusOK,
		"LOCALHOST:1":              http.StatusOK,
		"app.localhost":            http.StatusOK,
		"127.0.0.1:8080":           http.StatusOK,
		"[::1]:8080":               http.StatusOK,
		"[::1]":                    http.StatusOK,
		"192.168.1.7":              http.StatusOK,
		"evil.example":             http.StatusMisdirectedRequest,
		"localhost.evil.example":   http.StatusMisdirectedRequest,
		".localhost":               http.StatusMisdirectedRequest,
		"127.0.0.1.evil.example:1": http.StatusMisdirectedRequest,
	} {
		if status, _ := n.get("http://"+n.HTTPAddr().String()+"/channels/c", host); status != want {
			t.Errorf("Host %s: answered %d, want %d", host, status, want)
		}
	}
}

func TestShutdownClosesEveryWebSocketWithItsReason(t *testing.T) {
	n := start(t)
	c := n.dial("wss://localhost:" + n.httpsPort() + "/channels/c")
	ended := make(chan error, 1)
	go func() {
		_, _, err := c.Read(context.Background())
		ended <- err
	}()
	if err := n.Shutdown(patience(t), "server shutting down"); err != nil {
		t.Error(err)
	}
	end, ok := errors.AsType[*websocket.CloseError](<-ended)
	if !ok || end.Code != websocket.CloseGoingAway || end.Reason != "server shutting down" || !end.Clean {
		t.Errorf("the client's connection ended with %v", end)
	}
	if err := <-n.served; err != nil {
		t.Errorf("Serve returned %v", err)
	}
}

func TestShutdownDoesNotWaitForAStuckRequest(t *testing.T) {
	n := start(t)
	nc, err := net.Dial("tcp", n.HTTPAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	// A POST whose body never comes, but whose header has been answered with 100 (Continue).
	io.WriteString(nc, "POST /channels/c HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
	if _, err := io.ReadAtLeast(nc, make([]byte, 100), len("HTTP/1.1 100")); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := n.Shutdown(ctx, "server shutting down"); !errors.Is(err, context.Canceled) {
		t.Errorf("Shutdown returned %v", err)
	}
	if _, err := io.ReadAll(nc); err != nil && !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the request's connection: %v", err)
	}
}
