package main

import (
	"log/slog"
	"path/filepath"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/internal/auth"
	"github.com/holdfast-dev/holdfast/internal/config"
	"github.com/holdfast-dev/holdfast/internal/policy"
	"github.com/holdfast-dev/holdfast/internal/server"
)

// canaryInterval is how often a node looks whether its own messages come through: often enough for trouble to be known
// within five seconds.
const canaryInterval = time.Second

// serverConfigOf returns what the configuration asks of every server, in whichever mode. What is kept is in dir.
func serverConfigOf(c *config.Config, rules *policy.Rules, vouched auth.Config, dir string, log *slog.Logger) (server.Config, error) {
	proxies, err := c.Listen.ProxyPrefixes()
	if err != nil {
		return server.Config{}, fail(exitFiles, "listen.proxies: %w", err)
	}
	node, err := c.Cluster.NodeName()
	if err != nil && (c.Cluster.Enabled() || c.Broker.URL != "") { // alone it does not matter
		return server.Config{}, fail(exitFiles, "%w", err)
	}
	logs, err := brokerOf(c, node, dir, log)
	if err != nil {
		return server.Config{}, fail(exitFiles, "%w", err)
	}
	asked, err := hooksOf(c)
	if err != nil {
		return server.Config{}, fail(exitFiles, "%w", err)
	}
	hubs, err := hubsOf(c)
	if err != nil {
		return server.Config{}, fail(exitFiles, "%w", err)
	}
	return server.Config{
		HTTPS:              c.Listen.HTTPS,
		HTTP:               c.Listen.HTTP,
		Metrics:            c.Listen.Metrics,
		MQTT:               server.MQTT{MQTT: c.Listen.MQTT, MQTTS: c.Listen.MQTTS},
		WebSocketOverHTTP2: c.Listen.WebSocketOverH2,
		Front:              server.Front{Proxies: proxies, ProxyProtocol: c.Listen.ProxyProtocol, Forwarded: c.Listen.ProxyHeader == "forwarded"},
		Origins:            c.Listen.Origins,
		Auth:               vouched,
		ClientNames:        strings.TrimPrefix(c.Auth.CertificateName, "none"),
		Sources:            auth.Sources{Cookie: c.Auth.Cookie, Query: c.Auth.AllowQueryToken},
		MaxMessageBytes:    int64(c.Limits.MaxMessage),
		SendQueueBytes:     int(c.Limits.SendQueue),
		Limits:             limitsOf(c.Limits),
		Drain:              c.Limits.Drain,
		Ping:               c.Limits.Ping,
		Pong:               c.Limits.Pong,
		Rules:              rules,
		Hooks:              asked,
		SignalR:            hubs,
		HookQueueBytes:     int64(c.Limits.HookQueue),
		SessionKey:         filepath.Join(dir, "session.key"),
		Broker:             logs,
		Node:               node,
		Endpoints:          c.Cluster.Endpoints,
		Version:            readBuild().Version,
		Canary:             canaryInterval,
		Log:                log,
	}, nil
}
