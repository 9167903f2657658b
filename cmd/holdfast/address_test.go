package main

import (
	"strings"
	"testing"
)

func TestAnAddressIsAHostAndAPortOrNothing(t *testing.T) {
	for in, want := range map[string]struct {
		address, host, shown string
		public               bool
	}{
		"":                {"", "", "localhost", false},
		"localhost:8443":  {"localhost:8443", "localhost", "localhost", false},
		"LocalHost:0":     {"localhost:0", "localhost", "localhost", false},
		"app.localhost:1": {"app.localhost:1", "app.localhost", "app.localhost", false},
		"127.0.0.1:0":     {"127.0.0.1:0", "127.0.0.1", "127.0.0.1", false},
		"127.8.8.8:0":     {"127.8.8.8:0", "127.8.8.8", "127.8.8.8", false},
		"[::1]:65535":     {"[::1]:65535", "::1", "::1", false},
		":8443":           {":8443", "", "localhost", true},
		"0.0.0.0:8443":    {"0.0.0.0:8443", "0.0.0.0", "localhost", true},
		"[::]:8443":       {"[::]:8443", "::", "localhost", true},
		"192.0.2.7:80":    {"192.0.2.7:80", "192.0.2.7", "192.0.2.7", true},
		"box.example:80":  {"box.example:80", "box.example", "box.example", true},
	} {
		var a listenAddress
		if err := a.Set(in); err != nil {
			t.Errorf("Set(%q): %v", in, err)
			continue
		}
		if string(a) != want.address || a.host() != want.host || a.shownHost() != want.shown || a.public() != want.public {
			t.Errorf("Set(%q) = %q: host %q, shown as %q, public %t; want %+v", in, a, a.host(), a.shownHost(), a.public(), want)
		}
	}
}

func TestABadAddressIsRefusedWithAnExample(t *testing.T) {
	for in, want := range map[string]string{
		"8443":             `"8443" is no address; write HOST:PORT, as in localhost:8443 or 127.0.0.1:0`,
		"localhost":        "is no address",
		"::1:8443":         "is no address",
		"localhost:":       "has no usable port",
		"localhost:https":  "has no usable port",
		"localhost:65536":  "has no usable port",
		"localhost:-1":     "has no usable port",
		"https://[::1]:80": "is no address",
	} {
		var a listenAddress
		if err := a.Set(in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Set(%q) = %v; want an error with %q", in, err, want)
		}
	}
}
