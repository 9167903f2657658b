package main

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/config"
	"github.com/holdfast-dev/holdfast/internal/engine"
)

const (
	minClusterSecret = 32 // bytes
	maxClusterSecret = 4096
)

// brokerOf keeps the log in the data directory, of this node alone or as one of a cluster, or with the NATS servers that
// the configuration names.
func brokerOf(c *config.Config, node, dir string, log *slog.Logger) (broker.Config, error) {
	b := broker.Config{URL: c.Broker.URL, DuplicateWindow: c.Broker.DedupWindow, SyncInterval: c.Broker.SyncInterval, Log: log}
	if b.URL != "" {
		return b, nil
	}
	b.Dir = filepath.Join(dir, "log")
	if !c.Cluster.Enabled() {
		return b, nil
	}
	secret, err := clusterSecret(&c.Cluster)
	if err != nil {
		return b, err
	}
	b.ClusterDir, b.Replicas = filepath.Join(dir, "cluster"), c.Cluster.Replicas
	b.Cluster = &engine.Cluster{
		Name:        c.Cluster.Name,
		Node:        node,
		Listen:      c.Cluster.Listen,
		Advertise:   c.Cluster.Advertise,
		Peers:       c.Cluster.Peers,
		Secret:      secret,
		Certificate: c.Cluster.Certificate,
		Key:         c.Cluster.Key,
		CA:          c.Cluster.CA,
	}
	return b, nil
}

// clusterSecret returns the secret, without the line's end that a file has behind it.
func clusterSecret(c *config.Cluster) ([]byte, error) {
	if c.SecretFile == "" {
		return []byte(c.Secret), nil
	}
	content, err := os.ReadFile(c.SecretFile)
	if err != nil {
		return nil, fmt.Errorf("cluster.secret_file can't be read: %w", err)
	}
	secret := bytes.TrimSpace(content)
	if n := len(secret); n < minClusterSecret || n > maxClusterSecret {
		return nil, fmt.Errorf("cluster.secret_file: %s has %d bytes, and needs %d to %d; make one with: openssl rand -base64 48", c.SecretFile, n, minClusterSecret, maxClusterSecret)
	}
	return secret, nil
}
