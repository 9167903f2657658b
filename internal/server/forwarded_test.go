package server

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func prefixes(texts ...string) proxies {
	var p []netip.Prefix
	for _, text := range texts {
		p = append(p, netip.MustParsePrefix(text))
	}
	return proxies{addresses: p}
}

func TestTheClientIsWhoTheLastTrustedProxySaw(t *testing.T) {
	type headers = http.Header
	for name, test := range map[string]struct {
		peer    string
		headers headers
		addr    string
		proto   string
	}{
		"no proxy":                     {"203.0.113.9:1234", headers{}, "203.0.113.9:1234", ""},
		"a stranger who claims":        {"203.0.113.9:1234", headers{"X-Forwarded-For": {"1.1.1.1"}, "X-Forwarded-Proto": {"https"}}, "203.0.113.9:1234", ""},
		"a stranger who claims anew":   {"203.0.113.9:1234", headers{"Forwarded": {"for=1.1.1.1;proto=https"}}, "203.0.113.9:1234", ""},
		"a proxy that says nothing":    {"10.0.0.1:9", headers{}, "10.0.0.1:9", ""},
		"one proxy":                    {"10.0.0.1:9", headers{"X-Forwarded-For": {"203.0.113.9"}, "X-Forwarded-Proto": {"https"}}, "203.0.113.9:0", "https"},
		"a client that claims":         {"10.0.0.1:9", headers{"X-Forwarded-For": {"1.1.1.1, 203.0.113.9"}}, "203.0.113.9:0", ""},
		"a client that claims a proxy": {"10.0.0.1:9", headers{"X-Forwarded-For": {"10.0.0.7, 203.0.113.9"}}, "203.0.113.9:0", ""},
		"two proxies":                  {"10.0.0.1:9", headers{"X-Forwarded-For": {"1.1.1.1, 203.0.113.9, 10.0.0.2"}}, "203.0.113.9:0", ""},
		"two proxies, two lines":       {"10.0.0.1:9", headers{"X-Forwarded-For": {"1.1.1.1, 203.0.113.9", "10.0.0.2"}}, "203.0.113.9:0", ""},
		"proxies alone":                {"10.0.0.1:9", headers{"X-Forwarded-For": {"10.0.0.3, 10.0.0.2"}}, "10.0.0.3:0", ""},
		"nonsense":                     {"10.0.0.1:9", headers{"X-Forwarded-For": {"203.0.113.9, nonsense"}}, "10.0.0.1:9", ""},
		"nonsense behind a proxy":      {"10.0.0.1:9", headers{"X-Forwarded-For": {"203.0.113.9, , 10.0.0.2"}}, "10.0.0.2:0", ""},
		"with a port":                  {"10.0.0.1:9", headers{"X-Forwarded-For": {"203.0.113.9:77"}}, "203.0.113.9:77", ""},
		"IPv6":                         {"[fd00::1]:9", headers{"X-Forwarded-For": {"2001:db8::5"}}, "[2001:db8::5]:0", ""},
		"IPv6 in brackets":             {"[fd00::1]:9", headers{"X-Forwarded-For": {"[2001:db8::5]:77"}}, "[2001:db8::5]:77", ""},
		"IPv4 in IPv6":                 {"[::ffff:10.0.0.1]:9", headers{"X-Forwarded-For": {"::ffff:203.0.113.9"}}, "203.0.113.9:0", ""},
		"a zone":                       {"10.0.0.1:9", headers{"X-Forwarded-For": {"fe80::1%eth0"}}, "[fe80::1]:0", ""},
		"the last protocol counts":     {"10.0.0.1:9", headers{"X-Forwarded-For": {"203.0.113.9"}, "X-Forwarded-Proto": {"https, http"}}, "203.0.113.9:0", "http"},
		"Forwarded":                    {"10.0.0.1:9", headers{"Forwarded": {`for=1.1.1.1;proto=http, For="203.0.113.9";Proto=HTTPS;by=10.0.0.1`}}, "203.0.113.9:0", "https"},
		"Forwarded, IPv6":              {"10.0.0.1:9", headers{"Forwarded": {`for="[2001:db8::5]:77"`}}, "[2001:db8::5]:77", ""},
		"Forwarded, hidden":            {"10.0.0.1:9", headers{"Forwarded": {"for=203.0.113.9, for=_hidden"}}, "10.0.0.1:9", ""},
		"Forwarded, without":           {"10.0.0.1:9", headers{"Forwarded": {"for=203.0.113.9, proto=https"}}, "10.0.0.1:9", "https"},
		"Forwarded, not the other":     {"10.0.0.1:9", headers{"Forwarded": {"for=203.0.113.9"}, "X-Forwarded-For": {"1.1.1.1"}, "X-Forwarded-Proto": {"https"}}, "203.0.113.9:0", ""},
		"Forwarded, but the other":     {"10.0.0.1:9", headers{"X-Forwarded-For": {"1.1.1.1"}, "X-Forwarded-Proto": {"https"}}, "10.0.0.1:9", ""},
		"a client's own Forwarded":     {"10.0.0.1:9", headers{"Forwarded": {"for=1.1.1.1;proto=https"}, "X-Forwarded-For": {"203.0.113.9"}}, "203.0.113.9:0", ""},
	} {
		p := prefixes("10.0.0.0/8", "fd00::/8")
		p.forwarded = strings.HasPrefix(name, "Forwarded")
		got := p.origin(netip.MustParseAddrPort(test.peer), test.headers)
		if got.addr.String() != test.addr || got.proto != test.proto {
			t.Errorf("%s: %s %q, want %s %q", name, got.addr, got.proto, test.addr, test.proto)
		}
	}
}

func TestNoClientCanChooseItsAddress(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := prefixes("10.0.0.0/8")
		claim := rapid.StringOf(rapid.RuneFrom([]rune("0123456789.,:[]%abcdef ;=for\""))).Draw(t, "claim")
		honest := "203.0.113.9"
		for _, h := range []http.Header{
			{"X-Forwarded-For": {claim + ", " + honest}},
			{"X-Forwarded-For": {claim, honest, "10.0.0.2"}, "Forwarded": {claim}},
		} {
			if got := p.origin(netip.MustParseAddrPort("10.0.0.1:9"), h); got.addr.Addr().String() != honest {
				t.Fatalf("with %q the client is %s", h, got.addr)
			}
		}
		h := http.Header{"X-Forwarded-For": {claim}, "Forwarded": {claim}}
		if got := p.origin(netip.MustParseAddrPort("203.0.113.9:9"), h); got.addr.Addr().String() != honest || got.proxied {
			t.Fatalf("with %q a stranger is %+v", h, got)
		}
	})
}
