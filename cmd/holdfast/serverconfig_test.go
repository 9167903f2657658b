package main

import (
	"log/slog"
	"path/filepath"
	"testing"

	"github.com/holdfast-dev/holdfast/internal/config"
)

func TestTheLogIsInTheDataDirectoryOrWithTheNamedNATSServers(t *testing.T) {
	c := new(config.Config)
	if b := brokerOf(c, "data", slog.Default()); b.Dir != filepath.Join("data", "log") || b.URL != "" {
		t.Errorf("without broker.url it is in %q, at %q", b.Dir, b.URL)
	}
	c.Broker.URL = "nats://host:4222"
	if b := brokerOf(c, "data", slog.Default()); b.Dir != "" || b.URL != c.Broker.URL {
		t.Errorf("with broker.url it is in %q, at %q", b.Dir, b.URL)
	}
}
