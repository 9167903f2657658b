package handshake

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func originRequest(host string, secure bool, origins ...string) *http.Request {
	r := &http.Request{Host: host, Header: http.Header{}}
	if origins != nil {
		r.Header["Origin"] = origins
	}
	if secure {
		r.TLS = &tls.ConnectionState{}
	}
	return r
}

func TestTheSameOriginIsAllowedAndAForeignOneIsNot(t *testing.T) {
	const plain, secure = false, true
	for _, c := range []struct {
		origin, host string
		tls          bool
		want         bool
	}{
		{"https://a.example", "a.example", secure, true},
		{"https://a.example", "a.example:443", secure, true},
		{"https://a.example:443", "a.example", secure, true},
		{"HTTPS://A.Example", "a.eXample", secure, true},
		{"https://a.example:8443", "a.example:8443", secure, true},
		{"https://[::1]:8443", "[::1]:8443", secure, true},
		{"https://[::1]", "[::1]:443", secure, true},
		{"https://[FE80::1]", "[fe80::1]", secure, true},
		{"https://127.0.0.1", "127.0.0.1", secure, true},
		{"https://bücher.example", "bücher.example", secure, true},
		{"https://xn--bcher-kva.example", "xn--bcher-kva.example", secure, true},
		{"http://a.example", "a.example", plain, true},
		{"http://a.example:80", "a.example", plain, true},
		{"https://a.example", "a.example", plain, true}, // a proxy in front ended TLS
		{"https://a.example", "a.example:443", plain, true},
		{"http://localhost:8080", "localhost:8080", plain, true},

		{"http://a.example", "a.example", secure, false}, // a page that anyone on the way could have changed
		{"http://a.example:443", "a.example:443", secure, false},
		{"https://a.example:8443", "a.example", secure, false},
		{"https://a.example", "a.example:8443", secure, false},
		{"https://a.example", "a.example:80", plain, false},
		{"http://a.example", "a.example:443", plain, false},
		{"https://b.example", "a.example", secure, false},
		{"https://a.example.evil", "a.example", secure, false},
		{"https://a.example.", "a.example", secure, false},
		{"https://evil-a.example", "a.example", secure, false},
		{"https://sub.a.example", "a.example", secure, false},
		{"https://a.example@evil", "a.example", secure, false},
		{"https://a.example:443@evil", "a.example", secure, false},
		{"https://evil#a.example", "a.example", secure, false},
		{"https://a.example/", "a.example", secure, false},
		{"https://a.example https://evil", "a.example", secure, false},
		{"https://a.example, https://evil", "a.example", secure, false},
		{"https://a.example\x00", "a.example", secure, false},
		{"https://\xff.example", "\xfe.example", secure, false},
		{"https://a.example:", "a.example", secure, false},
		{"https://a.example:0443", "a.example", secure, false},
		{"https://a.example:99999", "a.example:99999", secure, false},
		{"https://", "", secure, false},
		{"https://[", "[", secure, false},
		{"https://[::1", "[::1", secure, false},
		{"https://[]", "[]", secure, false},
		{"https://[fe80::1%eth0]", "[fe80::1%eth0]", secure, false},
		{"https://[127.0.0.1]", "[127.0.0.1]", secure, false},
		{"https://[::1]x", "[::1]x", secure, false},
		{"https://[a.example]", "[a.example]", secure, false},
		{"ftp://a.example", "a.example", secure, false},
		{"file://", "", plain, false},
		{"://a.example", "a.example", secure, false},
		{"a.example", "a.example", secure, false},
		{"null", "null", secure, false},
		{"", "", secure, false},
		{"https://a.example", "", secure, false},
		{"https://a.example", "a.example/x", secure, false},
	} {
		refusal := CheckOrigin(originRequest(c.host, c.tls, c.origin), nil)
		if (refusal == nil) != c.want {
			t.Errorf("origin %q to host %q, TLS %v: %v", c.origin, c.host, c.tls, refusal)
		}
		if refusal != nil {
			checkRefusal(t, refusal)
			if refusal.Status != http.StatusForbidden {
				t.Errorf("status %d", refusal.Status)
			}
		}
	}
}

func TestOnlyOneOriginMayBeGiven(t *testing.T) {
	if refusal := CheckOrigin(originRequest("a.example", true), nil); refusal != nil {
		t.Errorf("without Origin, so not a browser: %v", refusal)
	}
	refusal := CheckOrigin(originRequest("a.example", true, "https://a.example", "https://a.example"), []string{"*"})
	if refusal == nil || refusal.Error() != "403 Forbidden: the request has 2 Origin headers; it may have one" {
		t.Errorf("got %v", refusal)
	}
}

func TestAPatternAllowsWhatItSays(t *testing.T) {
	for _, c := range []struct {
		pattern string
		allows  []string
		refuses []string
	}{
		{"*", []string{"https://evil", "http://evil:99", "null", "file://", "", "nonsense"}, nil},
		{"null", []string{"null"}, []string{"", "NULL", "https://null"}},
		{"https://app.example",
			[]string{"https://app.example", "https://APP.example", "https://app.example:443"},
			[]string{"http://app.example", "https://app.example:444", "https://x.app.example", "https://appxexample", "https://app.example.evil", "null"}},
		{"HTTPS://App.Example:443", []string{"https://app.example"}, []string{"https://app.example:80"}},
		{"https://*.app.example",
			[]string{"https://x.app.example", "https://x.y.app.example", "https://x.app.example:443"},
			[]string{"https://app.example", "https://.app.example", "https://xapp.example", "https://app.example.evil", "http://x.app.example",
				"https://x.app.example:8443", "https://evil/.app.example", "https://evil#.app.example", "https://evil:1@x.app.example", "https://x..app.example"}},
		{"http://localhost:*",
			[]string{"http://localhost", "http://localhost:80", "http://localhost:5173"},
			[]string{"https://localhost:5173", "http://localhost.evil:5173", "http://localhost:x", "http://localhost:1@evil", "http://x.localhost:1"}},
		{"http://*.localhost:*", []string{"http://x.localhost:1"}, []string{"http://localhost:1"}},
		{"http://[::1]:*", []string{"http://[::1]:3000"}, []string{"http://[::2]:3000"}},
		{"chrome-extension://abcdefghijklmnop", []string{"chrome-extension://abcdefghijklmnop"}, []string{"chrome-extension://other", "https://abcdefghijklmnop"}},
		{"https://*", nil, []string{"https://evil", "https://*"}}, // not a pattern, so it matches nothing
		{"https://app.example/", nil, []string{"https://app.example", "https://app.example/"}},
	} {
		for _, origins := range []struct {
			list []string
			want bool
		}{{c.allows, true}, {c.refuses, false}} {
			for _, o := range origins.list {
				refusal := CheckOrigin(originRequest("server.example", true, o), []string{"https://other.example", c.pattern})
				if (refusal == nil) != origins.want {
					t.Errorf("pattern %s, origin %q: %v", c.pattern, o, refusal)
				}
			}
		}
	}
}

func TestARefusedOriginIsToldWhatIsAllowed(t *testing.T) {
	long := make([]string, 100)
	for i := range long {
		long[i] = fmt.Sprintf("https://%d.app.example", i)
	}
	for _, c := range []struct {
		origin  string
		allowed []string
		want    string
	}{
		{"https://evil.example", nil, `403 Forbidden: origin "https://evil.example" is not allowed (allowed: the same origin)`},
		{"https://evil.example", []string{"https://app.example", "null"}, `403 Forbidden: origin "https://evil.example" is not allowed (allowed: the same origin, https://app.example, null)`},
		{"\x1b[31m\nhttps://evil", nil, `403 Forbidden: origin "\x1b[31m\nhttps://evil" is not allowed (allowed: the same origin)`},
		{strings.Repeat("x", 5000), nil, `403 Forbidden: origin "` + strings.Repeat("x", 100) + `"… is not allowed (allowed: the same origin)`},
	} {
		refusal := CheckOrigin(originRequest("server.example", true, c.origin), c.allowed)
		if refusal == nil || refusal.Error() != c.want {
			t.Errorf("got  %v\nwant %s", refusal, c.want)
		}
	}
	refusal := CheckOrigin(originRequest("server.example", true, "https://evil"), long)
	checkRefusal(t, refusal)
	if !strings.HasSuffix(refusal.Reason, "https://11.app.example and 88 more)") {
		t.Errorf("got %s", refusal.Reason)
	}
}

func TestAWrongPatternIsExplained(t *testing.T) {
	for _, p := range []string{"*", "null", "https://app.example", "https://*.app.example", "http://localhost:*", "http://127.0.0.1:8080", "https://[::1]", "https://*.app.example:8443", "capacitor://localhost", "https://bücher.example"} {
		if err := ValidateOriginPattern(p); err != nil {
			t.Errorf("%s: %v", p, err)
		}
	}
	const (
		form = "it must have the form scheme://host or scheme://host:port"
		star = `"*" may only stand for subdomains, as in https://*.app.example, for the port, as in http://localhost:*, or alone`
		host = "its host is empty or has a character that a host cannot have; it must not have a path or a trailing slash"
		port = "its port is not a number from 1 to 65535"
	)
	for p, want := range map[string]string{
		"":                           form,
		"app.example":                form,
		"NULL":                       form,
		"http//app.example":          form,
		"1http://app.example":        form,
		"ht tp://app.example":        form,
		"*://app.example":            star,
		"https://*":                  star,
		"https://*app.example":       star,
		"https://a.*.example":        star,
		"https://*.*.example":        star,
		"https://app.example:80*":    star,
		"https://app.example:*:*":    star,
		"https://":                   host,
		"https://*.":                 host,
		"https://*..example":         host,
		"https://app..example":       host,
		"https://app.example/":       host,
		"https://app.example/chat":   host,
		"https://app.example?x":      host,
		"https://user@app.example":   host,
		"https://app.example, null":  host,
		"https://:8080":              host,
		"https://app.example:":       port,
		"https://app.example:0":      port,
		"https://app.example:65536":  port,
		"https://app.example:1a":     port,
		"https://app.example:123456": port,
		"https://u:p@app.example":    port,
		"https://[::1]8080":          port,
		"https://[::1":               "its IPv6 address is not of the form [::1]",
		"https://[app.example]":      "its IPv6 address is not of the form [::1]",
		"https://*.[::1]":            "an IP address has no subdomains",
		"https://app.example:80:*":   `it has a port in front of ":*"`,
		"http://app.example:80:*":    `it has a port in front of ":*"`,
	} {
		err := ValidateOriginPattern(p)
		if err == nil || err.Error() != fmt.Sprintf("origin pattern %q: %s", p, want) {
			t.Errorf("%q: got %v, want %s", p, err, want)
		}
	}
}

// mayEnter decides about an origin independently of the code under test, with net/url and for three fixed patterns.
var fixedPatterns = []string{"https://app.example", "https://*.wild.example", "http://localhost:*"}

func mayEnter(value, host string, secure bool) bool {
	u, err := url.Parse(value)
	if err != nil || u.User != nil || u.Path != "" || u.RawQuery != "" || u.Fragment != "" || u.Opaque != "" {
		return false
	}
	ports := map[string]string{"http": "80", "https": "443"}
	withPort := func(u *url.URL) string {
		port := u.Port()
		if port == "" {
			port = ports[u.Scheme]
		}
		return toLower(u.Hostname()) + " " + port
	}
	here, err := url.Parse(u.Scheme + "://" + host)
	if err == nil && here.Path == "" && withPort(here) == withPort(u) && (u.Scheme == "https" || u.Scheme == "http" && !secure) {
		return true
	}
	name := toLower(u.Hostname())
	switch u.Scheme {
	case "https":
		return (name == "app.example" || strings.HasSuffix(name, ".wild.example")) && withPort(u) == name+" 443"
	case "http":
		return name == "localhost"
	}
	return false
}

func TestNoForeignHostIsEverAllowed(t *testing.T) {
	part := rapid.SampledFrom([]string{"http", "https", "://", "app.example", ".wild.example", "localhost", "evil", "self.example", ".", ":", "*",
		"@", "/", "#", "?", "\\", " ", ",", "[", "]", "::1", "443", "80", "8080", "\x00", "%2e", "é", "\xff", "null", "//"})
	anyOrigin := rapid.OneOf(
		rapid.Map(rapid.SliceOfN(part, 0, 8), func(p []string) string { return strings.Join(p, "") }),
		rapid.Map(rapid.SliceOfN(part, 1, 5), func(p []string) string { return "https://" + strings.Join(p, "") }))
	rapid.Check(t, func(t *rapid.T) {
		value := anyOrigin.Draw(t, "origin")
		host := rapid.SampledFrom([]string{"self.example", "self.example:8080", "self.example:443", "[::1]:8080", "localhost"}).Draw(t, "host")
		secure := rapid.Bool().Draw(t, "TLS")
		if CheckOrigin(originRequest(host, secure, value), fixedPatterns) == nil && !mayEnter(trim(value), host, secure) {
			t.Fatalf("origin %q may talk to %q", value, host)
		}
	})
}

func FuzzOrigin(f *testing.F) {
	f.Add("https://app.example", "self.example", true, "https://app.example")
	f.Add("https://a.wild.example:443", "self.example:443", true, "https://*.app.example:8443")
	f.Add("http://[::1]:8080", "[::1]:8080", false, "http://[::1]:*")
	f.Add("null", "", false, "null")
	f.Fuzz(func(t *testing.T, value, host string, secure bool, pattern string) {
		r := originRequest(host, secure, value)
		refusal := CheckOrigin(r, fixedPatterns)
		if refusal == nil && !mayEnter(trim(value), host, secure) {
			t.Fatalf("origin %q may talk to %q", value, host)
		}
		if refusal != nil {
			checkRefusal(t, refusal)
			if mayWithPattern := CheckOrigin(r, []string{pattern}) == nil; mayWithPattern && ValidateOriginPattern(pattern) != nil {
				t.Fatalf("origin %q matches %q, which is not a pattern", value, pattern)
			}
		}
		if err := ValidateOriginPattern(pattern); err != nil {
			checkSentence(t, err.Error())
		}
	})
}
