package main

import (
	"strings"
	"testing"

	"github.com/holdfast-dev/holdfast/internal/channel"
)

func TestATargetIsAURLOrAChannelOnTheServer(t *testing.T) {
	for _, test := range []struct {
		target, server, want string
		channel              channel.Name
	}{
		{"chat/lobby", "https://localhost:8443", "wss://localhost:8443/socket", "chat/lobby"},
		{"chat/lobby", "http://localhost:8080", "ws://localhost:8080/socket", "chat/lobby"},
		{"chat/lobby", "wss://app.example/", "wss://app.example/socket", "chat/lobby"},
		{"chat/lobby", "ws://[::1]:80", "ws://[::1]:80/socket", "chat/lobby"},
		{"chat/lobby", "https://app.example/live/", "wss://app.example/live/socket", "chat/lobby"},
		{"chat/lobby", "https://app.example/a%2Fb", "wss://app.example/a%2Fb/socket", "chat/lobby"},
		{"50% off?/#1 ü", "https://localhost:8443", "wss://localhost:8443/socket", "50% off?/#1 ü"},
		{"localhost:8443/x", "https://localhost:8443", "wss://localhost:8443/socket", "localhost:8443/x"},
		{"wss://app.example/socket?token=1", "ignored", "wss://app.example/socket?token=1", ""},
		{"https://localhost:8443/channels/chat/lobby", "", "wss://localhost:8443/channels/chat/lobby", ""},
		{"http://localhost:8080/channels/a%20b", "", "ws://localhost:8080/channels/a%20b", ""},
		{"WS://localhost", "", "ws://localhost", ""},
	} {
		got, name, err := parseTarget(test.target, test.server)
		if err != nil || got.String() != test.want || name != test.channel {
			t.Errorf("parseTarget(%q, %q) = %v, %q, %v; want %s, %q", test.target, test.server, got, name, err, test.want, test.channel)
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
		_, _, err := parseTarget(test.target, test.server)
		if err == nil || !strings.Contains(err.Error(), test.want) || exitCodeOf(err) != exitUsage {
			t.Errorf("parseTarget(%q, %q): %v, exit code %d; want %q and %d", test.target, test.server, err, exitCodeOf(err), test.want, exitUsage)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("parseTarget(%q) shows the password: %v", test.target, err)
		}
	}
}
