package signalr

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/holdfast-dev/holdfast/internal/cluster"
)

// startNodes starts two nodes that know of each other.
func startNodes(t *testing.T, config Config) (one, two *edge) {
	t.Helper()
	s, err := natsserver.NewServer(&natsserver.Options{Host: "127.0.0.1", Port: natsserver.RANDOM_PORT, NoSigs: true, NoLog: true})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() {
		s.Shutdown()
		s.WaitForShutdown()
	})
	if !s.ReadyForConnections(patience) {
		t.Fatal("the NATS server does not start")
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), patience)
	t.Cleanup(cancel)
	connect := func(_ context.Context, _ string, options ...nats.Option) (*nats.Conn, error) {
		return nats.Connect(s.ClientURL(), options...)
	}
	config.Key = []byte("the key that all nodes have in common")
	node := func(name string) *edge {
		c, err := cluster.New(ctx, cluster.Node{ID: cluster.NewID(), Name: name}, connect, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.Close)
		config.Cluster = c
		e := start(t, config)
		if err := c.Start(ctx); err != nil {
			t.Fatal(err)
		}
		return e
	}
	one, two = node("one"), node("two")
	for end := time.Now().Add(patience); len(one.config.Cluster.Nodes()) < 2; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the nodes do not see each other")
		}
	}
	return one, two
}

func TestAClientThatGoesWhileItsConnectionIsLookedForLeavesNothingAtItsHome(t *testing.T) {
	one, two := startNodes(t, Config{ReconnectTimeout: 10 * time.Millisecond, HandshakeTimeout: 10 * time.Millisecond})
	for range 20 {
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		r := httptest.NewRequest(http.MethodGet, "/signalr?id="+one.negotiated(""), nil).WithContext(gone)
		two.ServeHTTP(httptest.NewRecorder(), r)
	}
	at := one.hubs["/signalr"]
	last, _ := one.issue(at, false)
	if node, err := two.where(t.Context(), &last, false); node != "" || err != nil { // the questions before have come
		t.Fatal(node, err)
	}
	for end := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		one.abroad.mu.Lock()
		n := len(one.abroad.nodes)
		one.abroad.mu.Unlock()
		if n == 0 {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%d connections are known to be elsewhere", n)
		}
	}
}
