package main

import (
	"net/url"
	"strings"

	"github.com/holdfast-dev/holdfast/internal/channel"
)

// parseTarget returns what s names: a URL if it is one, and no channel; else the channel s, and the URL of
// /socket on server. An http URL becomes a ws one and https becomes wss: a channel has the same URL in both.
func parseTarget(s, server string) (*url.URL, channel.Name, error) {
	if strings.Contains(s, "://") {
		u, err := parseURL(s)
		return u, "", err
	}
	name, err := channel.Parse(s)
	if err != nil {
		return nil, "", fail(exitUsage, "%w", err)
	}
	base, err := parseURL(server)
	if err != nil {
		return nil, "", fail(exitUsage, "--server: %w", err)
	}
	if base.RawQuery != "" {
		return nil, "", fail(exitUsage, "--server: %q has a query; give the server alone, as in https://localhost:8443", server)
	}
	socket, err := base.Parse(strings.TrimSuffix(base.EscapedPath(), "/") + "/socket")
	return socket, name, err
}

// parseURL checks that s is the URL of a WebSocket server, and returns it with the scheme ws or wss.
func parseURL(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil || !strings.Contains(s, "://") || u.Hostname() == "" {
		return nil, fail(exitUsage, "%q is no WebSocket URL; write ws:// or wss://, the host and the path, as in wss://localhost:8443/channels/chat/lobby", s)
	}
	switch u.Scheme {
	case "ws", "wss":
	case "http":
		u.Scheme = "ws"
	case "https":
		u.Scheme = "wss"
	default:
		return nil, fail(exitUsage, "%q is no WebSocket URL: the scheme is %s; write ws:// or wss://", s, u.Scheme)
	}
	if u.User != nil {
		u.User = nil
		return nil, fail(exitUsage, "the URL %s came with a user name, which WebSocket URLs don't have; send credentials with --header 'Authorization: …'", u)
	}
	if u.Fragment != "" || strings.HasSuffix(s, "#") {
		return nil, fail(exitUsage, `%q has a fragment (what follows "#"), which WebSocket URLs don't have (RFC 6455 section 3); remove it, or write "#" as %%23`, s)
	}
	return u, nil
}

// hostPort returns the address that u's server listens on.
func hostPort(u *url.URL) string {
	if u.Port() != "" {
		return u.Host
	}
	if u.Scheme == "wss" {
		return u.Host + ":443"
	}
	return u.Host + ":80"
}
