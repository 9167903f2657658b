package server

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"
	"github.com/pires/go-proxyproto"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/certs/certstest"
	"github.com/holdfast-dev/holdfast/internal/health"
	"github.com/holdfast-dev/holdfast/internal/policy"
	"github.com/holdfast-dev/holdfast/internal/session"
	"github.com/holdfast-dev/holdfast/websocket"
)

// watched is a change to a configuration that has the node look after itself, often.
func watched(c *Config) { c.Canary = 50 * time.Millisecond }

// readiness asks the node at one of its addresses.
func (n *node) readiness(base string) (int, health.Report) {
	n.t.Helper()
	status, body := n.get(base+health.ReadyPath, "")
	var r health.Report
	if err := json.Unmarshal([]byte(body), &r); err != nil {
		n.t.Fatalf("%s: %v", body, err)
	}
	return status, r
}

// waitUntil waits for a status, and returns how long that took.
func (n *node) waitUntil(want health.Status) (health.Report, time.Duration) {
	n.t.Helper()
	began, ctx := time.Now(), patience(n.t)
	for {
		r := n.canary.ready.Report()
		if r.Status == want {
			return r, time.Since(began)
		}
		select {
		case <-ctx.Done():
			n.t.Fatalf("the node is not %s but %+v", want, r)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// keepingIn is a change that has channels below kept/ keep messages.
func keepingIn(t *testing.T, c broker.Config) func(*Config) {
	kept, rest := policy.Default(), policy.Default()
	kept.Channels, kept.History.Count, kept.Slow, kept.Access = "kept/#", 1000, policy.SlowCatchUp, policy.Open
	rest.Access = policy.Open
	rules, err := policy.NewRules(kept, rest)
	if err != nil {
		t.Fatal(err)
	}
	return func(cfg *Config) { cfg.Rules, cfg.Broker = rules, c }
}

// awaitFlights waits until the canary has come back from the log so many times more.
func (n *node) awaitFlights(more uint64) {
	n.t.Helper()
	flights := func() uint64 {
		var m dto.Metric
		if err := n.canary.flown.seconds.WithLabelValues(checkLog).(prometheus.Histogram).Write(&m); err != nil {
			n.t.Fatal(err)
		}
		return m.GetHistogram().GetSampleCount()
	}
	until, ctx := flights()+more, patience(n.t)
	for flights() < until {
		select {
		case <-ctx.Done():
			n.t.Fatal("the canary does not fly")
		case <-time.After(time.Millisecond):
		}
	}
}

func checksOf(r health.Report) (names []string) {
	for _, c := range r.Checks {
		names = append(names, c.Name)
	}
	return names
}

func TestANodeIsReadyWhenItsOwnMessageHasComeThroughListenerHubAndLog(t *testing.T) {
	n := start(t, watched, keepingIn(t, broker.Config{Dir: t.TempDir(), SyncInterval: time.Hour}))
	r, _ := n.waitUntil(health.Ready)
	if got, want := strings.Join(checksOf(r), " "), "listener certificate hub log"; got != want {
		t.Errorf("checked %s, want %s", got, want)
	}
	for _, base := range []string{"https://localhost:" + n.httpsPort(), "http://" + n.HTTPAddr().String(), "http://" + n.MetricsAddr().String()} {
		if status, r := n.readiness(base); status != 200 || r.Status != health.Ready {
			t.Errorf("%s: %d %+v", base, status, r)
		}
		if status, body := n.get(base+health.AlivePath, ""); status != 200 || body != "{\"status\":\"alive\"}\n" {
			t.Errorf("%s: alive %d %s", base, status, body)
		}
	}
	_, metrics := n.get("http://"+n.MetricsAddr().String()+"/metrics", "")
	for _, has := range []string{"holdfast_ready 1", `holdfast_canary_seconds_count{check="log"}`, `holdfast_canary_seconds_count{check="hub"}`, "holdfast_connections 0"} {
		if !strings.Contains(metrics, has) {
			t.Errorf("the metrics have no %s", has)
		}
	}
}

func TestTheCanaryIsSeenByNobodyAndCountedNowhere(t *testing.T) {
	n := start(t, watched, keepingIn(t, broker.Config{Dir: t.TempDir(), SyncInterval: time.Hour}), func(c *Config) {
		c.Limits.Handshakes.PerSecond, c.Limits.Handshakes.Burst = 0.001, 2
		c.Limits.Connections = 2
	})
	n.waitUntil(health.Ready)
	ws := n.dial("ws://" + n.HTTPAddr().String() + "/socket")
	if err := ws.Write(patience(t), websocket.Text, []byte(`[{"id":1,"connect":{}},{"id":2,"subscribe":{"pattern":"#","sub":1}}]`)); err != nil {
		t.Fatal(err)
	}
	for heard := ""; !strings.Contains(heard, `"live"`); {
		_, got, err := ws.Read(patience(t))
		if err != nil {
			t.Fatal(err)
		}
		heard += string(got)
	}
	n.awaitFlights(10)
	if counts := n.store.channels.Counts(); n.clients.Count() != 1 || counts.Published != 0 || counts.Delivered != 0 || counts.Channels != 0 {
		t.Errorf("%d clients, %+v", n.clients.Count(), counts)
	}
	if err := ws.Write(patience(t), websocket.Text, []byte(`{"id":3,"publish":{"channel":"a","data":"mine"}}`)); err != nil {
		t.Fatal(err)
	}
	if _, got, err := ws.Read(patience(t)); err != nil || !strings.Contains(string(got), "mine") && !strings.Contains(string(got), `"id":3`) {
		t.Errorf("heard %s %v", got, err)
	}
	if !n.canary.ready.Ready() {
		t.Errorf("the canary is held to limits: %+v", n.canary.ready.Report())
	}
}

// soon is within what time trouble has to be found. A loaded machine gets more.
const soon = 5 * time.Second

// troubled waits until the node is not ready, and checks what is said of it at its addresses.
func (n *node) troubled(check, part string) {
	n.t.Helper()
	r, took := n.waitUntil(health.NotReady)
	if !strings.HasPrefix(r.Reason, check+": ") || !strings.Contains(r.Reason, part) {
		n.t.Errorf("the reason is %q; want one of %s with %q", r.Reason, check, part)
	}
	n.t.Logf("found within %s: %s", took.Round(time.Millisecond), r.Reason)
	if took > soon {
		n.t.Logf("that is late")
	}
	if n.metrics.listeners == nil {
		return
	}
	base := "http://" + n.MetricsAddr().String()
	if status, r := n.readiness(base); status != http.StatusServiceUnavailable || r.Status != health.NotReady || strings.Contains(r.Reason, "127.0.0.1") {
		n.t.Errorf("%d %+v", status, r)
	}
	if status, _ := n.get(base+health.AlivePath, ""); status != 200 {
		n.t.Errorf("it is dead: %d", status)
	}
}

func TestALogThatHasNoRoomMakesTheNodeNotReady(t *testing.T) {
	n := start(t, watched, keepingIn(t, broker.Config{Dir: t.TempDir(), SyncInterval: time.Hour, MaxStoreBytes: 64 << 10}))
	n.waitUntil(health.Ready)
	var full error
	for i := 0; full == nil && i < 1000; i++ {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		full = n.store.publish(ctx, "kept/a", bytes.Repeat([]byte("x"), 4<<10))
		cancel()
	}
	if !errors.Is(full, broker.ErrFull) {
		t.Fatalf("the log is not full: %v", full)
	}
	n.troubled(checkLog, "no room")
}

func TestALogThatIsNotThereMakesTheNodeNotReadyUntilItComesBack(t *testing.T) {
	options := &natsserver.Options{
		Host: "127.0.0.1", Port: natsserver.RANDOM_PORT, NoSigs: true, NoLog: true,
		JetStream: true, StoreDir: t.TempDir(), SyncInterval: time.Hour, MaxPayload: 2 << 20,
	}
	run := func() *natsserver.Server {
		t.Helper()
		s, err := natsserver.NewServer(options)
		if err != nil {
			t.Fatal(err)
		}
		s.Start()
		if !s.ReadyForConnections(20 * time.Second) {
			t.Fatal("the NATS server does not start")
		}
		return s
	}
	end := func(s *natsserver.Server) {
		s.Shutdown()
		s.WaitForShutdown()
	}
	first := run()
	options.Port = first.Addr().(*net.TCPAddr).Port
	n := start(t, watched, keepingIn(t, broker.Config{URL: first.ClientURL()}))
	n.waitUntil(health.Ready)
	end(first)
	n.troubled(checkLog, "")
	second := run()
	t.Cleanup(func() { end(second) })
	_, took := n.waitUntil(health.Ready)
	t.Logf("ready again after %s", took.Round(time.Millisecond))
}

func TestARoomThatNobodyGetsIntoMakesTheNodeNotReady(t *testing.T) {
	n := start(t, watched)
	n.waitUntil(health.Ready)
	ws := n.dial("ws://" + n.HTTPAddr().String() + "/channels/a")
	defer ws.CloseNow()
	if err := ws.Write(patience(t), websocket.Text, []byte("hello")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := ws.Read(patience(t)); err != nil { // then the client is counted
		t.Fatal(err)
	}
	stuck, freed := make(chan struct{}), make(chan struct{})
	go n.clients.End(func(*session.Client) bool { // which holds the lock
		close(stuck)
		<-freed
		return false
	}, 1000, "")
	<-stuck
	r, took := n.waitUntil(health.NotReady)
	close(freed)
	if r.Reason != "hub: what was published did not come back within 1.75 s" {
		t.Errorf("the reason is %q", r.Reason)
	}
	t.Logf("found within %s", took.Round(time.Millisecond))
	n.waitUntil(health.Ready)
}

func TestAListenerThatTakesNobodyMakesTheNodeNotReady(t *testing.T) {
	n := start(t, watched, func(c *Config) { c.HTTPS, c.HTTP = "", "127.0.0.1:0" })
	n.waitUntil(health.Ready)
	closeAll(n.http)
	if r, _ := n.waitUntil(health.NotReady); r.Reason != "listener: connection refused" {
		t.Errorf("the reason is %q", r.Reason)
	}
}

func TestTheCanaryComesThroughAnyFront(t *testing.T) {
	authority := certstest.New(t)
	cert := authority.Issue(certstest.Names("localhost"))
	demanding := &tls.Config{Certificates: []tls.Certificate{*cert}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: authority.Pool()}
	for name, change := range map[string]func(*Config){
		"plain":                        func(c *Config) { c.HTTPS = "" },
		"behind a proxy that ends TLS": func(c *Config) { c.HTTPS, c.SecureOnly, c.Proxies = "", true, nil },
		"certificates of clients":      func(c *Config) { c.TLS = demanding },
		"certificates of some": func(c *Config) {
			c.TLS = &tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return demanding, nil }}
		},
		"PROXY protocol":                   func(c *Config) { c.ProxyProtocol = true },
		"every address":                    func(c *Config) { c.HTTPS = ":0" },
		"over TLS only, at another's name": func(c *Config) { c.SecureOnly, c.Hosts = true, []string{"other.example"} },
	} {
		t.Run(name, func(t *testing.T) {
			n := start(t, watched, change)
			n.waitUntil(health.Ready)
		})
	}
}

func TestNobodyElseGetsPastAPROXYHeaderOrACertificate(t *testing.T) {
	n := start(t, watched, func(c *Config) { c.ProxyProtocol = true })
	n.waitUntil(health.Ready)
	forged := (&proxyproto.Header{Version: 2, Command: proxyproto.LOCAL, TransportProtocol: proxyproto.UNSPEC})
	for _, key := range []string{"", "wrong", strings.Repeat("A", 52)} {
		if err := forged.SetTLVs([]proxyproto.TLV{{Type: canaryTLV, Value: []byte(key)}}); err != nil {
			t.Fatal(err)
		}
		raw, err := forged.Format()
		if err != nil {
			t.Fatal(err)
		}
		nc, err := behind(raw)(patience(t), "tcp", n.HTTPAddr().String())
		if err != nil {
			t.Fatal(err)
		}
		if k, err := nc.Read(make([]byte, 1)); err == nil {
			t.Errorf("with the key %q: read %d bytes", key, k)
		}
		nc.Close()
	}
	m := start(t, watched)
	m.waitUntil(health.Ready)
	if status, _ := m.get("http://"+m.HTTPAddr().String()+canaryPath, ""); status != http.StatusNotFound {
		t.Errorf("the canary's place answers %d", status)
	}
}

func TestACertificateThatHasEndedIsSaid(t *testing.T) {
	authority := certstest.New(t)
	ended := authority.Issue(func(c *x509.Certificate) {
		c.DNSNames, c.NotBefore, c.NotAfter = []string{"localhost"}, time.Now().Add(-2*time.Hour), time.Now().Add(-time.Hour)
	})
	n := start(t, watched, func(c *Config) { c.TLS = &tls.Config{Certificates: []tls.Certificate{*ended}} })
	r, _ := n.waitUntil(health.Ready) // there is nowhere else to go
	for _, c := range r.Checks {
		if c.Name == checkCertificate && (c.OK || !strings.HasPrefix(c.Reason, "it has ended on ")) {
			t.Errorf("%+v", c)
		}
	}
}

func TestANodeThatStopsIsNotReady(t *testing.T) {
	n := start(t, watched)
	n.waitUntil(health.Ready)
	if err := n.Shutdown(patience(t), "test over"); err != nil {
		t.Error(err)
	}
	if r := n.canary.ready.Report(); r.Status != health.Draining || r.Reason != "the server stops" {
		t.Errorf("%+v", r)
	}
}
