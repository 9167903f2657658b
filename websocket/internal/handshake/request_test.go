package handshake

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

const testKey = "dGhlIHNhbXBsZSBub25jZQ=="

// goodRequest is the opening handshake of RFC 6455 section 1.3, as net/http gives it to a handler.
func goodRequest() *http.Request {
	return &http.Request{
		Method: "GET", Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Host: "server.example.com",
		Header: http.Header{
			"Upgrade":                {"websocket"},
			"Connection":             {"Upgrade"},
			"Sec-Websocket-Key":      {testKey},
			"Origin":                 {"http://example.com"},
			"Sec-Websocket-Protocol": {"chat, superchat"},
			"Sec-Websocket-Version":  {"13"},
		},
	}
}

func TestARequestOfTheRFCIsAccepted(t *testing.T) {
	for name, change := range map[string]func(*http.Request){
		"as it is": func(*http.Request) {},
		"other letter case": func(r *http.Request) {
			r.Header.Set("Upgrade", "WebSocket")
			r.Header.Set("Connection", "UPGRADE")
		},
		"Firefox's Connection header": func(r *http.Request) { r.Header.Set("Connection", "keep-alive, Upgrade") },
		"Connection on two lines":     func(r *http.Request) { r.Header["Connection"] = []string{"keep-alive", "\tupgrade "} },
		"Upgrade in a list":           func(r *http.Request) { r.Header["Upgrade"] = []string{"h2c", "foo/2 , websocket"} },
		"no subprotocol":              func(r *http.Request) { r.Header.Del("Sec-WebSocket-Protocol") },
		"Chrome's extension": func(r *http.Request) {
			r.Header.Set("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits")
		},
		"subprotocols on two lines":    func(r *http.Request) { r.Header["Sec-Websocket-Protocol"] = []string{"a,", " ,b"} },
		"HTTP/1.2":                     func(r *http.Request) { r.ProtoMinor = 2 },
		"whitespace around the key":    func(r *http.Request) { r.Header.Set("Sec-WebSocket-Key", " "+testKey+"\t") },
		"whitespace around version 13": func(r *http.Request) { r.Header.Set("Sec-WebSocket-Version", " 13 ") },
	} {
		t.Run(name, func(t *testing.T) {
			r := goodRequest()
			change(r)
			if key, refusal := CheckRequest(r); key != testKey || refusal != nil {
				t.Errorf("got %q, %v", key, refusal)
			}
		})
	}
}

func TestARequestThatBreaksARuleIsRefusedWithItsReason(t *testing.T) {
	const stripped = "; if a proxy is in between, it must forward the Upgrade and Connection headers"
	set := func(name string, values ...string) func(*http.Request) {
		return func(r *http.Request) {
			if delete(r.Header, http.CanonicalHeaderKey(name)); values != nil {
				r.Header[http.CanonicalHeaderKey(name)] = values
			}
		}
	}
	for _, c := range []struct {
		name   string
		change func(*http.Request)
		want   string
	}{
		{"HTTP/2", func(r *http.Request) { r.ProtoMajor, r.ProtoMinor = 2, 0 }, `400 Bad Request: a WebSocket over HTTP/2 is opened with an extended CONNECT (RFC 8441), not "GET"; this URL speaks WebSocket`},
		{"HTTP/3", func(r *http.Request) { r.ProtoMajor, r.ProtoMinor = 3, 0 }, `400 Bad Request: a WebSocket over HTTP/3 is opened with an extended CONNECT (RFC 8441), not "GET"; this URL speaks WebSocket`},
		{"HTTP/1.0", func(r *http.Request) { r.ProtoMinor = 0 }, "400 Bad Request: WebSocket needs HTTP/1.1 and this request is HTTP/1.0; if a proxy is in between, make it use HTTP/1.1 towards this server"},
		{"POST", func(r *http.Request) { r.Method = "POST" }, `405 Method Not Allowed: a WebSocket is opened with GET, not "POST"`},
		{"no Host", func(r *http.Request) { r.Host = "" }, "400 Bad Request: the request has no Host header"},
		{"a body", func(r *http.Request) { r.ContentLength = 5 }, "400 Bad Request: a WebSocket handshake must not have a body"},
		{"a chunked body", func(r *http.Request) { r.ContentLength, r.TransferEncoding = -1, []string{"chunked"} }, "400 Bad Request: a WebSocket handshake must not have a body"},
		{"a plain GET", func(r *http.Request) { r.Header = http.Header{} }, "426 Upgrade Required: this URL speaks WebSocket; open it with a WebSocket client, such as new WebSocket(url) in a browser"},
		{"Upgrade lost on the way", set("Upgrade"), "426 Upgrade Required: the request has a Sec-WebSocket-Key but no Upgrade header" + stripped},
		{"another Upgrade", set("Upgrade", "h2c"), `426 Upgrade Required: the Upgrade header is "h2c"; this URL speaks websocket only`},
		{"Upgrade with a Kelvin sign", set("Upgrade", "webso\u212aet"), "426 Upgrade Required: the Upgrade header is \"webso\u212aet\"; this URL speaks websocket only"},
		{"no Connection", set("Connection"), `400 Bad Request: the Connection header does not contain "upgrade"` + stripped},
		{"Connection without upgrade", set("Connection", "keep-alive, upgraded"), `400 Bad Request: the Connection header does not contain "upgrade"` + stripped},
		{"no version", set("Sec-WebSocket-Version"), "426 Upgrade Required: the request has no Sec-WebSocket-Version header; this server speaks version 13"},
		{"an old version", set("Sec-WebSocket-Version", "8"), `426 Upgrade Required: Sec-WebSocket-Version "8" is not spoken here; this server speaks version 13`},
		{"013", set("Sec-WebSocket-Version", "013"), `426 Upgrade Required: Sec-WebSocket-Version "013" is not spoken here; this server speaks version 13`},
		{"two versions", set("Sec-WebSocket-Version", "13", "8"), "426 Upgrade Required: the request has 2 Sec-WebSocket-Version headers; it must have one, saying 13"},
		{"no key", set("Sec-WebSocket-Key"), "400 Bad Request: the request has 0 Sec-WebSocket-Key headers; it must have one"},
		{"two keys", set("Sec-WebSocket-Key", testKey, testKey), "400 Bad Request: the request has 2 Sec-WebSocket-Key headers; it must have one"},
		{"a key of 13 bytes", set("Sec-WebSocket-Key", "SGVsbG8sIHdvcmxkIQ=="), `400 Bad Request: Sec-WebSocket-Key "SGVsbG8sIHdvcmxkIQ==" is not 16 bytes in base64`},
		{"an empty subprotocol header", set("Sec-WebSocket-Protocol", " , "), "400 Bad Request: Sec-WebSocket-Protocol is empty; leave it out if there is nothing to offer"},
		{"a subprotocol twice", set("Sec-WebSocket-Protocol", "a, b", "a"), `400 Bad Request: Sec-WebSocket-Protocol names "a" twice`},
		{"a subprotocol with a space", set("Sec-WebSocket-Protocol", "a b"), `400 Bad Request: Sec-WebSocket-Protocol names "a b", which is not a token (RFC 9110 section 5.6.2)`},
		{"a broken extension", set("Sec-WebSocket-Extensions", "a; =1"), `400 Bad Request: Sec-WebSocket-Extensions lacks a parameter name at "=1" (RFC 6455 section 9.1)`},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := goodRequest()
			c.change(r)
			key, refusal := CheckRequest(r)
			if refusal == nil || key != "" {
				t.Fatalf("got key %q and refusal %v", key, refusal)
			}
			checkRefusal(t, refusal)
			if refusal.Error() != c.want {
				t.Errorf("got  %s\nwant %s", refusal, c.want)
			}
		})
	}
}

func TestARefusedMethodIsToldWhichIsAllowed(t *testing.T) {
	r := goodRequest()
	r.Method = "PUT"
	if _, refusal := CheckRequest(r); refusal.Header.Get("Allow") != "GET" {
		t.Errorf("headers %v", refusal.Header)
	}
}

func TestWhatThePeerSentIsQuotedAndCut(t *testing.T) {
	r := goodRequest()
	r.Header.Set("Sec-WebSocket-Key", strings.Repeat("\x1b[2Jé", 1000))
	_, refusal := CheckRequest(r)
	checkRefusal(t, refusal)
	if got := quote(strings.Repeat("x", 99) + "é"); got != `"`+strings.Repeat("x", 99)+`"…` {
		t.Errorf("got %s", got)
	}
	if got := quote(strings.Repeat("\x80", 200)); len(got) > 500 {
		t.Errorf("got %s", got)
	}
}

// FuzzCheckRequest sends bytes through net/http's reader, so that the checks see what a server would.
func FuzzCheckRequest(f *testing.F) {
	head := "GET /channels/chat/lobby HTTP/1.1\r\nHost: localhost:8080\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
	f.Add(head + "Sec-WebSocket-Key: " + testKey + "\r\nSec-WebSocket-Version: 13\r\n\r\n")
	f.Add(head + "Sec-WebSocket-Key: " + testKey + "\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: a, b\r\nSec-WebSocket-Protocol: c\r\nOrigin: http://localhost:8080\r\n\r\n")
	f.Add(head + "Sec-WebSocket-Key: " + testKey + "\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Extensions: x; y=\"z\"; w, permessage-deflate\r\n\r\n")
	f.Add(head + "Sec-WebSocket-Key: x\r\nSec-WebSocket-Version: 8\r\n\r\n")
	f.Add("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
	f.Add("POST / HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc")
	f.Fuzz(func(t *testing.T, raw string) {
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(raw)))
		if err != nil {
			return
		}
		key, refusal := CheckRequest(r)
		if refusal != nil {
			checkRefusal(t, refusal)
			return
		}
		if !validKey(key) || r.Method != "GET" || r.Host == "" || r.ProtoMajor != 1 || r.ContentLength != 0 ||
			!strings.Contains(strings.ToLower(fmt.Sprint(r.Header["Upgrade"])), "websocket") ||
			!strings.Contains(strings.ToLower(fmt.Sprint(r.Header["Connection"])), "upgrade") {
			t.Fatalf("accepted %q", raw)
		}
		r.TLS = &tls.ConnectionState{}
		if refusal := CheckOrigin(r, nil); refusal != nil {
			checkRefusal(t, refusal)
		}
	})
}
