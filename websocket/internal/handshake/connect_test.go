package handshake

import (
	"net/http"
	"net/url"
	"testing"
)

// connect returns a good extended CONNECT, as net/http gives it for HTTP/2 and quic-go for HTTP/3.
func connect(major int) *http.Request {
	r := &http.Request{Method: http.MethodConnect, Host: "example.com", ProtoMajor: major, Header: http.Header{"Sec-Websocket-Version": {"13"}}}
	if major == 2 {
		r.Proto = "HTTP/2.0"
		r.Header[":protocol"] = []string{"websocket"}
	} else {
		r.Proto = "websocket"
	}
	return r
}

func TestAnExtendedConnectIsToldFromOtherRequests(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*http.Request)
		want   bool
	}{
		{"as it is", func(*http.Request) {}, true},
		{"GET", func(r *http.Request) { r.Method = "GET" }, false},
		{"a plain CONNECT", func(r *http.Request) {
			delete(r.Header, ":protocol")
			r.Proto = "HTTP/3.0"
		}, false},
		{"HTTP/1.1", func(r *http.Request) { r.ProtoMajor = 1 }, false},
	} {
		for _, major := range []int{2, 3} {
			r := connect(major)
			c.change(r)
			if got := IsConnect(r); got != c.want {
				t.Errorf("%s, HTTP/%d: %v", c.name, major, got)
			}
		}
	}
}

func TestAnExtendedConnectThatBreaksARuleIsRefusedWithItsReason(t *testing.T) {
	set := func(name string, values ...string) func(*http.Request) {
		return func(r *http.Request) {
			if delete(r.Header, name); values != nil {
				r.Header[name] = values
			}
		}
	}
	for _, c := range []struct {
		name   string
		change func(*http.Request)
		want   string // "" if it is good
	}{
		{"as it is", func(*http.Request) {}, ""},
		{"a key, which means nothing", set("Sec-Websocket-Key", "x"), ""},
		{"no version", set("Sec-Websocket-Version"), "400 Bad Request: the request has no Sec-WebSocket-Version header; this server speaks version 13"},
		{"another version", set("Sec-Websocket-Version", "8"), `400 Bad Request: Sec-WebSocket-Version "8" is not spoken here; this server speaks version 13`},
		{"no host", func(r *http.Request) { r.Host = "" }, "400 Bad Request: the request has no :authority"},
		{"a length", set("Content-Length", "0"), "400 Bad Request: a WebSocket handshake must not have a Content-Length"},
		{"an empty subprotocol list", set("Sec-Websocket-Protocol", ""), "400 Bad Request: Sec-WebSocket-Protocol is empty; leave it out if there is nothing to offer"},
		{"an empty extension list", set("Sec-Websocket-Extensions", ""), "400 Bad Request: Sec-WebSocket-Extensions is empty; leave it out if there is nothing to offer"},
		{"another protocol", func(r *http.Request) {
			if r.ProtoMajor == 2 {
				r.Header[":protocol"] = []string{"connect-udp"}
			} else {
				r.Proto = "connect-udp"
			}
		}, `501 Not Implemented: the protocol "connect-udp" is not spoken here; this URL speaks websocket only`},
	} {
		for _, major := range []int{2, 3} {
			r := connect(major)
			c.change(r)
			got := ""
			if refusal := CheckConnect(r); refusal != nil {
				got = refusal.Error()
			}
			if got != c.want {
				t.Errorf("%s, HTTP/%d: got  %s\nwant %s", c.name, major, got, c.want)
			}
		}
	}
}

func TestTheRequestOfAnExtendedConnectHasWhatAnUpgradeHas(t *testing.T) {
	u, err := url.Parse("wss://example.com:443/a%20b/ü?q=1")
	if err != nil {
		t.Fatal(err)
	}
	r, err := NewConnect(u, []string{"a", "b"}, http.Header{"origin": {" https://app.example "}, "Host": {"other.example"}}, "x; y=1")
	if err != nil {
		t.Fatal(err)
	}
	if r.Method != "CONNECT" || r.Host != "other.example" || r.URL.Scheme != "https" || r.URL.Host != "example.com:443" || r.URL.RequestURI() != "/a%20b/%C3%BC?q=1" {
		t.Errorf("request %s %s of host %s", r.Method, r.URL, r.Host)
	}
	for name, want := range map[string]string{
		"Origin": "https://app.example", "Sec-Websocket-Version": "13", "Sec-Websocket-Protocol": "a, b", "Sec-Websocket-Extensions": "x; y=1", "Host": "", "Sec-Websocket-Key": "",
	} {
		if got := r.Header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	for name, extra := range map[string]http.Header{"a header of the handshake": {"Sec-WebSocket-Version": {"8"}}, "a pseudo-header": {":path": {"/"}}, "a line break": {"X": {"a\r\nb"}}} {
		if _, err := NewConnect(u, nil, extra); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}
