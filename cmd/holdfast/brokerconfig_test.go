package main

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/holdfast-dev/holdfast/internal/config"
)

func TestTheLogIsInTheDataDirectoryOrWithTheNamedNATSServers(t *testing.T) {
	c := new(config.Config)
	if b, err := brokerOf(c, "a", "data", slog.Default()); err != nil || b.Dir != filepath.Join("data", "log") || b.URL != "" || b.Cluster != nil {
		t.Errorf("without broker.url it is in %q, at %q, %v", b.Dir, b.URL, err)
	}
	c.Broker.URL = "nats://host:4222"
	if b, err := brokerOf(c, "a", "data", slog.Default()); err != nil || b.Dir != "" || b.URL != c.Broker.URL {
		t.Errorf("with broker.url it is in %q, at %q, %v", b.Dir, b.URL, err)
	}
}

func TestTheLogOfAClusterIsApartFromThatOfANodeAlone(t *testing.T) {
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte(strings.Repeat("s", 40)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := &config.Config{Cluster: config.Cluster{Name: "prod", Peers: []string{"b:6222"}, Listen: ":6222", SecretFile: file, Replicas: 5}}
	b, err := brokerOf(c, "a", "data", slog.Default())
	if err != nil || b.Dir != filepath.Join("data", "log") || b.ClusterDir != filepath.Join("data", "cluster") || b.Replicas != 5 {
		t.Fatalf("got %+v, %v", b, err)
	}
	if n := b.Cluster; n.Node != "a" || n.Name != "prod" || n.Listen != ":6222" || len(n.Peers) != 1 || len(n.Secret) != 40 {
		t.Errorf("got %+v", n)
	}
	if err := os.WriteFile(file, []byte("short\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := brokerOf(c, "a", "data", slog.Default()); err == nil || !strings.Contains(err.Error(), "has 5 bytes, and needs 32 to 4096; make one with") {
		t.Errorf("a secret that is too short: %v", err)
	}
}
