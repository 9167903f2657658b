package proxies

import (
	"context"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"
)

// Upgrades says what a proxy does to a WebSocket handshake over HTTP/1.1.
type Upgrades int

// What proxies do.
const (
	Pass   Upgrades = iota // what it should
	Strip                  // pass a plain GET on, as a proxy does that knows nothing of it
	Refuse                 // answer 400
)

// Habits are what a proxy does to what goes through it. The zero value is a good proxy.
type Habits struct {
	Upgrades Upgrades
	Buffers  bool          // hold each answer back until it has ended
	Idle     time.Duration // cut connections on which nothing has come or gone for so long; 0 for never
	// FailEvery has the n-th request of each n answered with 502: by turns instead of being passed on, and after it has
	// been passed on and answered; 0 for none. A WebSocket handshake is not passed on.
	FailEvery int
}

// Proxy is an HTTP proxy in front of one server or several, on a port of loopback. Its methods may be called from any goroutine.
type Proxy struct {
	addr    string
	server  http.Server
	back    *http.Transport
	forward httputil.ReverseProxy

	mu       sync.Mutex // guards what follows
	habits   Habits
	targets  []*url.URL // to which requests go by turns
	passed   int
	requests int
	failures int
	opened   []string
	conns    map[*conn]bool // from clients
}

// Start runs a proxy until the end of the test. target is the server's http URL; its TLS is not verified.
func Start(t testing.TB, target string, habits Habits) *Proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return StartOn(t, listener, new(net.Dialer).DialContext, target, habits)
}

// Balance runs a proxy as Start does, in front of several servers: each request goes to the next of them, whoever sent it.
func Balance(t testing.TB, targets []string, habits Habits) *Proxy {
	t.Helper()
	p := Start(t, targets[0], habits)
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, target := range targets[1:] {
		to, err := url.Parse(target)
		if err != nil {
			t.Fatal(err)
		}
		p.targets = append(p.targets, to)
	}
	return p
}

// next returns where the next request goes.
func (p *Proxy) next() *url.URL {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.passed++
	return p.targets[p.passed%len(p.targets)]
}

// StartOn is Start with a listener for clients and a way to the server of the test's own, such as a Memory.
func StartOn(t testing.TB, listener net.Listener, dial func(ctx context.Context, network, addr string) (net.Conn, error), target string, habits Habits) *Proxy {
	t.Helper()
	to, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{addr: listener.Addr().String(), back: newBack(dial), habits: habits, targets: []*url.URL{to}, conns: map[*conn]bool{}}
	quiet := log.New(t.Output(), "", 0)
	p.forward = httputil.ReverseProxy{
		Transport:      p.back,
		FlushInterval:  -1,
		ModifyResponse: p.answered,
		ErrorLog:       quiet,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(p.next())
			r.Out.Host = r.In.Host // that the page is from
		},
	}
	p.server = http.Server{Handler: http.HandlerFunc(p.pass), ErrorLog: quiet}
	var serving sync.WaitGroup
	serving.Go(func() { p.server.Serve(watched{listener, p}) }) // until it is closed
	t.Cleanup(func() {
		p.server.Close()
		p.Cut()
		serving.Wait()
		p.back.CloseIdleConnections()
	})
	return p
}

// Addr returns where the proxy listens, as host:port.
func (p *Proxy) Addr() string { return p.addr }

// Be changes the habits. Connections that are there stay.
func (p *Proxy) Be(h Habits) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.habits = h
}

// Cut breaks all connections with clients off.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		c.Conn.Close() // it may be closed already
	}
}

// Opened returns what has been opened through the proxy so far, in order: "websocket", "stream" (an answer of
// server-sent events) or "polls" (the opening request of a connection that is polled).
func (p *Proxy) Opened() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.opened)
}
