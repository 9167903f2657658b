package handshake

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func parseURL(t *testing.T, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestARequestIsWrittenInFull(t *testing.T) {
	extra := http.Header{"Origin": {"https://a.example"}, "Cookie": {"a=1", " b=2 "}}
	got, err := AppendRequest([]byte("before "), parseURL(t, "wss://a.example:443/channels/chat/lobby?since=4"), "", testKey, []string{"x", "y"}, extra)
	const want = "before GET /channels/chat/lobby?since=4 HTTP/1.1\r\nHost: a.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: x, y\r\n" +
		"Cookie: a=1\r\nCookie: b=2\r\nOrigin: https://a.example\r\n\r\n"
	if string(got) != want || err != nil {
		t.Errorf("got %v\n%s", err, got)
	}
}

func TestTheTargetAndHostComeFromTheURL(t *testing.T) {
	for _, c := range []struct {
		url, host    string
		extra        http.Header
		target, want string
	}{
		{"ws://a.example", "", nil, "/", "a.example"},
		{"ws://a.example?x=1", "", nil, "/?x=1", "a.example"},
		{"ws://a.example:80/a%2fb/", "", nil, "/a%2fb/", "a.example"},
		{"wss://a.example:80//x", "", nil, "//x", "a.example:80"},
		{"https://a.example:443/é?q=é", "", nil, "/%C3%A9?q=%C3%A9", "a.example"},
		{"wss://user:secret@a.example:8443/", "", nil, "/", "a.example:8443"},
		{"ws://[::1]:80/", "", nil, "/", "[::1]"},
		{"ws://[fe80::1%25eth0]:8080/", "", nil, "/", "[fe80::1]:8080"},
		{"ws://a.example/", "b.example:80", nil, "/", "b.example"},
		{"ws://a.example/", "b.example", http.Header{"Host": {"c.example:80"}}, "/", "c.example:80"},
		{"ws://a.example/", "", http.Header{"host": {" c.example "}}, "/", "c.example"},
		{"unix://a.example:80/", "", nil, "/", "a.example:80"},
	} {
		got, err := AppendRequest(nil, parseURL(t, c.url), c.host, testKey, nil, c.extra)
		if want := "GET " + c.target + " HTTP/1.1\r\nHost: " + c.want + "\r\nUpgrade: "; !strings.HasPrefix(string(got), want) || err != nil {
			t.Errorf("%s: %v\n%s", c.url, err, got)
		}
		if n := strings.Count(strings.ToLower(string(got)), "\r\nhost:"); n != 1 {
			t.Errorf("%s: %d Host headers", c.url, n)
		}
	}
}

func TestARequestThatCannotBeSentIsRefused(t *testing.T) {
	good := url.URL{Scheme: "ws", Host: "a.example", Path: "/"}
	var many []string
	for i := range 65 {
		many = append(many, fmt.Sprint("p", i))
	}
	for _, c := range []struct {
		name         string
		url          url.URL
		host, key    string
		subprotocols []string
		extra        http.Header
		want         string
	}{
		{"fragment", url.URL{Scheme: "ws", Host: "a", Fragment: "top"}, "", testKey, nil, nil, `URL has the fragment "top"; a WebSocket URL must have none (RFC 6455 section 3)`},
		{"opaque URL", url.URL{Scheme: "ws", Opaque: "/a"}, "a", testKey, nil, nil, `URL "ws:/a" has no host and path to request`},
		{"relative path", url.URL{Path: "x"}, "a", testKey, nil, nil, `URL "x" has no host and path to request`},
		{"line break in the query", url.URL{Host: "a", RawQuery: "a\r\nb"}, "", testKey, nil, nil, `URL has a space or control character in "/?a\r\nb"; write it percent-encoded`},
		{"space in the query", url.URL{Host: "a", RawQuery: "a b"}, "", testKey, nil, nil, `URL has a space or control character in "/?a b"; write it percent-encoded`},
		{"no host", url.URL{Path: "/"}, "", testKey, nil, nil, "there is no host to name in the Host header"},
		{"line break in the host", good, "a\r\nb", testKey, nil, nil, `host "a\r\nb" has a character that a host cannot have; write international names in their xn-- form`},
		{"international host", good, "bücher.example", testKey, nil, nil, `host "bücher.example" has a character that a host cannot have; write international names in their xn-- form`},
		{"user in the host", good, "u@a", testKey, nil, nil, `host "u@a" has a character that a host cannot have; write international names in their xn-- form`},
		{"two hosts", good, "", testKey, nil, http.Header{"Host": {"a", "b"}}, "2 Host headers are given; one is allowed"},
		{"empty Host", good, "", testKey, nil, http.Header{"Host": {""}}, "there is no host to name in the Host header"},
		{"bad key", good, "", "x\r\n", nil, nil, `key "x\r\n" is not 16 bytes in base64`},
		{"bad subprotocol", good, "", testKey, []string{"a,b"}, nil, `subprotocol list names "a,b", which is not a token (RFC 9110 section 5.6.2)`},
		{"empty subprotocol", good, "", testKey, []string{""}, nil, `subprotocol list names "", which is not a token (RFC 9110 section 5.6.2)`},
		{"subprotocol twice", good, "", testKey, []string{"a", "b", "a"}, nil, `subprotocol list names "a" twice`},
		{"too many subprotocols", good, "", testKey, many, nil, "subprotocol list names more than 64 subprotocols"},
		{"Upgrade", good, "", testKey, nil, http.Header{"Upgrade": {"x"}}, `header "Upgrade" is written by the handshake itself and cannot be set`},
		{"connection", good, "", testKey, nil, http.Header{"connection": {"x"}}, `header "connection" is written by the handshake itself and cannot be set`},
		{"Sec-WebSocket-Protocol", good, "", testKey, nil, http.Header{"Sec-Websocket-Protocol": nil}, `header "Sec-Websocket-Protocol" is written by the handshake itself and cannot be set`},
		{"SEC-WEBSOCKET-FUTURE", good, "", testKey, nil, http.Header{"SEC-WEBSOCKET-FUTURE": {"x"}}, `header "SEC-WEBSOCKET-FUTURE" is written by the handshake itself and cannot be set`},
		{"Content-Length", good, "", testKey, nil, http.Header{"Content-Length": {"1"}}, `header "Content-Length" announces a body, and a WebSocket handshake has none`},
		{"Transfer-Encoding", good, "", testKey, nil, http.Header{"Transfer-Encoding": {"chunked"}}, `header "Transfer-Encoding" announces a body, and a WebSocket handshake has none`},
		{"Trailer", good, "", testKey, nil, http.Header{"trailer": {"x"}}, `header "trailer" announces a body, and a WebSocket handshake has none`},
		{"header name with a line break", good, "", testKey, nil, http.Header{"A\r\nB": {"x"}}, `header name "A\r\nB" is not a token (RFC 9110 section 5.1)`},
		{"empty header name", good, "", testKey, nil, http.Header{"": {"x"}}, `header name "" is not a token (RFC 9110 section 5.1)`},
		{"header value with a line break", good, "", testKey, nil, http.Header{"A": {"x\r\nB: y"}}, `header "A" has a control character in its value "x\r\nB: y"`},
		{"header value with NUL", good, "", testKey, nil, http.Header{"A": {"ok", "\x00"}}, `header "A" has a control character in its value "\x00"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := AppendRequest([]byte("before"), &c.url, c.host, c.key, c.subprotocols, c.extra)
			if string(got) != "before" || err == nil || err.Error() != c.want {
				t.Errorf("got %q, %v\nwant %s", got, err, c.want)
			}
		})
	}
}

func TestWhatTheClientWritesTheServerAccepts(t *testing.T) {
	anyText := rapid.StringMatching("[ -~\t\r\n\x00é]{0,10}")
	token := rapid.StringMatching("[!#$%&'*+.^_`|~0-9A-Za-z-]{1,8}")
	rapid.Check(t, func(t *rapid.T) {
		u := &url.URL{Scheme: "ws", Host: rapid.OneOf(rapid.Just("a.example:8080"), anyText).Draw(t, "host"),
			Path: "/" + rapid.String().Draw(t, "path"), RawQuery: rapid.OneOf(rapid.Just("q=1"), anyText).Draw(t, "query")}
		subprotocols := rapid.SliceOfNDistinct(token, 0, 5, func(s string) string { return s }).Draw(t, "subprotocols")
		extra := http.Header{}
		for range rapid.IntRange(0, 3).Draw(t, "headers") {
			name := "X-" + rapid.OneOf(token, anyText).Draw(t, "name")
			extra[name] = append(extra[name], rapid.OneOf(token, anyText).Draw(t, "value"))
		}
		key := NewKey()
		raw, err := AppendRequest(nil, u, "", key, subprotocols, extra)
		if err != nil {
			checkSentence(t, err.Error())
			return
		}
		rest := bufio.NewReader(strings.NewReader(string(raw) + "frames"))
		r, err := http.ReadRequest(rest)
		if err != nil {
			t.Fatalf("%q: %v", raw, err)
		}
		got, refusal := CheckRequest(r)
		offered, _ := Subprotocols(r.Header)
		if got != key || refusal != nil || !slices.Equal(offered, subprotocols) || r.Host != strings.TrimSuffix(u.Host, ":80") || r.URL.Path != u.Path {
			t.Fatalf("%q: key %q, refusal %v, subprotocols %q", raw, got, refusal, offered)
		}
		if behind, _ := io.ReadAll(rest); string(behind) != "frames" {
			t.Fatalf("%q: %q is left behind the request", raw, behind)
		}
		want := http.Header{}
		for _, name := range slices.Sorted(maps.Keys(extra)) { // the order in which they were written
			for _, value := range extra[name] {
				want.Add(name, trim(value))
			}
		}
		maps.DeleteFunc(r.Header, func(name string, _ []string) bool { return !strings.HasPrefix(name, "X-") })
		if !reflect.DeepEqual(r.Header, want) {
			t.Fatalf("headers %q were read as %q", extra, r.Header)
		}
	})
}
