package main

import (
	"strings"
	"testing"

	"github.com/holdfast-dev/holdfast/internal/channel"
)

func TestATargetIsAURLOrAChannelOnTheServer(t *testing.T) {
	for _, test := range []struct{ target, server, want string }{
		{"chat/lobby", "https://localhost:8443", "wss://localhost:8443/channels/chat/lobby"},
		{"chat/lobby", "http://localhost:8080", "ws://localhost:8080/channels/chat/lobby"},
		{"chat/lobby", "wss://app.example/", "wss://app.example/channels/chat/lobby"},
		{"chat/lobby", "ws://[::1]:80", "ws://[::1]:80/channels/chat/lobby"},
		{"chat/lobby", "https://app.example/live/", "wss://app.example/live/channels/chat/lobby"},
		{"chat/lobby", "https://app.example/a%2Fb", "wss://app.example/a%2Fb/channels/chat/lobby"},
		{"50% off?/#1 ü", "https://localhost:8443", "wss://localhost:8443/channels/50%25%20off%3F/%231%20%C3%BC"},
		{"localhost:8443/x", "https://localhost:8443", "wss://localhost:8443/channels/localhost:8443/x"},
		{"wss://app.example/socket?token=1", "ignored", "wss://app.example/socket?token=1"},
		{"https://localhost:8443/channels/chat/lobby", "", "wss://localhost:8443/channels/chat/lobby"},
		{"http://localhost:8080/channels/a%20b", "", "ws://localhost:8080/channels/a%20b"},
		{"WS://localhost", "", "ws://localhost"},
	} {
		if got, err := parseTarget(test.target, test.server); err != nil || got.String() != test.want {
			t.Errorf("parseTarget(%q, %q) = %v, %v; want %s", test.target, test.server, got, err, test.want)
		}
	}
}

func TestABadTargetIsWrongUsage(t *testing.T) {
	for _, test := range []struct{ target, server, want string }{
		{"", "https://localhost:8443", "the channel name is empty"},
		{"chat/", "https://localhost:8443", "empty segment"},
		{"chat/#", "https://localhost:8443", "wildcard"},
		{"chat", "localhost:8443", `--server: "localhost:8443" is no WebSocket URL`},
		{"chat", "https://localhost:8443?x=1", "has a query"},
		{"ftp://localhost/x", "", "the scheme is ftp; write ws:// or wss://"},
		{"wss:///x", "", "is no WebSocket URL"},
		{"wss://localhost:port/x", "", "is no WebSocket URL"},
		{"wss://localhost/x#y", "", "has a fragment"},
		{"wss://localhost/x#", "", "has a fragment"},
		{"wss://me:secret@localhost/x", "", "came with a user name"},
	} {
		_, err := parseTarget(test.target, test.server)
		if err == nil || !strings.Contains(err.Error(), test.want) || exitCodeOf(err) != exitUsage {
			t.Errorf("parseTarget(%q, %q): %v, exit code %d; want %q and %d", test.target, test.server, err, exitCodeOf(err), test.want, exitUsage)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("parseTarget(%q) shows the password: %v", test.target, err)
		}
	}
}

func FuzzAChannelIsFoundAgainInItsURL(f *testing.F) {
	for _, s := range []string{"chat/lobby", "a?b", "50%", "ü/#1", "a//b", "..", "x:y@z/;,", `\`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if strings.Contains(s, "://") {
			return // a URL
		}
		u, err := parseTarget(s, defaultServer)
		if err != nil {
			return
		}
		if u.Host != "localhost:8443" || u.RawQuery != "" || u.Fragment != "" {
			t.Fatalf("the channel %q leaks out of the path of %s", s, u)
		}
		escaped, ok := strings.CutPrefix(u.EscapedPath(), "/channels/")
		if name, err := channel.FromPath(escaped); !ok || err != nil || string(name) != s {
			t.Errorf("the channel %q has the URL %s, which names %q, %v", s, u, name, err)
		}
	})
}
