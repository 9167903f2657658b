// Package inprocess starts several nodes of Holdfast in one process, for tests of what crosses them.
package inprocess

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"testing"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/server"
)

// patience is how long a node may take to start or to stop.
const patience = 30 * time.Second

// NATS starts a NATS server that lasts until the end of the test, and returns its URL.
func NATS(t testing.TB) string {
	t.Helper()
	s, err := natsserver.NewServer(&natsserver.Options{
		Host: "127.0.0.1", Port: natsserver.RANDOM_PORT, NoSigs: true, NoLog: true,
		JetStream: true, StoreDir: t.TempDir(), SyncInterval: time.Hour, MaxPayload: 2 << 20,
	})
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
	return s.ClientURL()
}

// Start starts so many nodes that share a NATS server, on ports of loopback, until the end of the test. configure says what each
// serves besides. They know each other when it returns.
func Start(t testing.TB, count int, configure func(*server.Config)) []*server.Server {
	t.Helper()
	at := NATS(t)
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))
	all := make([]*server.Server, count)
	for i := range all {
		c := server.Config{
			HTTP: "127.0.0.1:0", MaxMessageBytes: 1 << 20, Log: log, Node: fmt.Sprint("node-", i),
			Broker: broker.Config{URL: at, Log: log},
		}
		configure(&c)
		all[i] = start(t, c)
	}
	return all
}

func start(t testing.TB, c server.Config) *server.Server {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), patience)
	defer cancel()
	s, err := server.Listen(ctx, c)
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve() }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := s.Shutdown(ctx, "the test is over"); err != nil {
			t.Error(err)
		}
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return s
}
