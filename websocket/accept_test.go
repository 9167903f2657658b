package websocket

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/holdfast-dev/holdfast/websocket/internal/wire"
)

// answer lets handler answer a handshake with these changes ("-Name" removes a header) and returns the answer.
func answer(t *testing.T, handler http.HandlerFunc, change func(r *http.Request)) *http.Response {
	t.Helper()
	srv := httptest.NewServer(handler)
	defer srv.Close()
	r, err := http.NewRequest(http.MethodGet, srv.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header = http.Header{
		"Upgrade": {"websocket"}, "Connection": {"Upgrade"}, "Sec-Websocket-Key": {sampleKey}, "Sec-Websocket-Version": {"13"},
	}
	change(r)
	nc, err := net.Dial("tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	if err := r.Write(nc); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(nc), r)
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(resp.Body)
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp
}

func TestAHandshakeThatIsNotOneIsRefusedWithItsReason(t *testing.T) {
	set := func(name string, values ...string) func(*http.Request) {
		return func(r *http.Request) { r.Header[http.CanonicalHeaderKey(name)] = values }
	}
	for _, c := range []struct {
		name   string
		change func(*http.Request)
		status int
		says   string
		header string // "Name: value" of the answer
	}{
		{"no Upgrade", set("Upgrade"), 426, "Upgrade", "Sec-WebSocket-Version: 13"},
		{"another Upgrade", set("Upgrade", "h2c"), 426, "h2c", "Upgrade: websocket"},
		{"no Connection", set("Connection", "keep-alive"), 400, "Connection", ""},
		{"another method", func(r *http.Request) { r.Method = http.MethodPut }, 405, "PUT", "Allow: GET"},
		{"an old version", set("Sec-WebSocket-Version", "8"), 426, "8", "Sec-WebSocket-Version: 13"},
		{"no key", set("Sec-WebSocket-Key"), 400, "Sec-WebSocket-Key", ""},
		{"two keys", set("Sec-WebSocket-Key", sampleKey, sampleKey), 400, "Sec-WebSocket-Key", ""},
		{"a short key", set("Sec-WebSocket-Key", "c2hvcnQ="), 400, "16 bytes", ""},
		{"a foreign origin", set("Origin", "https://evil.example"), 403, "https://evil.example", ""},
		{"a broken subprotocol", set("Sec-WebSocket-Protocol", "a b"), 400, "token", ""},
		{"a broken extension", set("Sec-WebSocket-Extensions", "=;"), 400, "Sec-WebSocket-Extensions", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var err error
			resp := answer(t, func(w http.ResponseWriter, r *http.Request) {
				var conn *Conn
				if conn, err = Accept(w, r, nil); conn != nil {
					t.Error("there is a connection")
				}
			}, c.change)
			body, _ := io.ReadAll(resp.Body)
			if resp.StatusCode != c.status || !strings.Contains(string(body), c.says) {
				t.Errorf("answered %s: %s; want %d and %q", resp.Status, body, c.status, c.says)
			}
			if name, value, ok := strings.Cut(c.header, ": "); ok && resp.Header.Get(name) != value {
				t.Errorf("header %s is %q, want %q", name, resp.Header.Get(name), value)
			}
			var he *HandshakeError
			if !errors.As(err, &he) || he.StatusCode != c.status || he.Reason != strings.TrimSpace(string(body)) {
				t.Errorf("Accept returned %v, the client was told %d %s", err, resp.StatusCode, body)
			}
		})
	}
}

func TestAProperHandshakeIsAnsweredAsTheRFCSays(t *testing.T) {
	addr, conns := accepting(t, false, &AcceptOptions{
		Origins:      []string{"https://*.app.example"},
		Subprotocols: []string{"v2", "v1"},
	})
	p, header := dialRaw(t, addr, false, "Origin: https://www.app.example\r\nSec-WebSocket-Protocol: v1, v2\r\n"+
		"Sec-WebSocket-Extensions: permessage-deflate\r\n", nil)
	c := <-conns
	defer c.CloseNow()
	for name, want := range map[string]string{
		"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Accept": sampleAccept,
		"Sec-WebSocket-Protocol": "v2", "Sec-WebSocket-Extensions": "",
	} {
		if got := header.Values(name); strings.Join(got, "|") != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if c.Subprotocol() != "v2" {
		t.Errorf("subprotocol %q", c.Subprotocol())
	}
	if c.RemoteAddr().String() != p.Conn.LocalAddr().String() || c.LocalAddr().String() != addr {
		t.Errorf("from %v to %v", c.RemoteAddr(), c.LocalAddr())
	}
}

func TestWithoutACommonSubprotocolThereIsNone(t *testing.T) {
	addr, conns := accepting(t, false, &AcceptOptions{Subprotocols: []string{"v2"}})
	_, header := dialRaw(t, addr, false, "Sec-WebSocket-Protocol: v1\r\n", nil)
	c := <-conns
	defer c.CloseNow()
	if got := header.Values("Sec-WebSocket-Protocol"); got != nil || c.Subprotocol() != "" {
		t.Errorf("agreed on %q and %q", got, c.Subprotocol())
	}
}

func TestHeadersOfTheResponseWriterGoOutWithTheUpgrade(t *testing.T) {
	conns := make(chan *Conn, 1)
	resp := answer(t, func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Add("Set-Cookie", "a=1")
		h.Add("Set-Cookie", "b=2")
		h.Set("X-Trace", "one\r\nX-Smuggled: by value")
		h["X-Bad\r\nX-Smuggled"] = []string{"by name"}
		h["sec-websocket-accept"] = []string{"forged"}
		h["CONNECTION"] = []string{"close"}
		h.Set("Sec-WebSocket-Protocol", "forged")
		h.Set("Sec-WebSocket-Extensions", "forged")
		h.Set("Content-Length", "5")
		h.Set("Transfer-Encoding", "chunked")
		c, err := Accept(w, r, nil)
		if err != nil {
			t.Error(err)
		}
		conns <- c
	}, func(*http.Request) {})
	(<-conns).CloseNow()
	if resp.StatusCode != http.StatusSwitchingProtocols {
		t.Fatal(resp.Status)
	}
	want := http.Header{
		"Upgrade": {"websocket"}, "Connection": {"Upgrade"}, "Sec-Websocket-Accept": {sampleAccept},
		"Set-Cookie": {"a=1", "b=2"}, "X-Trace": {"one  X-Smuggled: by value"},
	}
	for name := range want {
		if !slices.Equal(resp.Header[name], want[name]) {
			t.Errorf("%s: %q, want %q", name, resp.Header[name], want[name])
		}
	}
	for name := range resp.Header {
		if want[name] == nil {
			t.Errorf("%s: %q came along", name, resp.Header[name])
		}
	}
}

func TestAResponseWriterThatCannotBeTakenOverIsNamedAsTheCause(t *testing.T) {
	r := httptest.NewRequest(http.MethodGet, "http://example.com/", nil)
	r.Header = http.Header{
		"Upgrade": {"websocket"}, "Connection": {"Upgrade"}, "Sec-Websocket-Key": {sampleKey}, "Sec-Websocket-Version": {"13"},
	}
	w := httptest.NewRecorder()
	_, err := Accept(w, r, nil)
	var he *HandshakeError
	if !errors.As(err, &he) || he.StatusCode != 500 || w.Code != 500 || !strings.Contains(w.Body.String(), "Unwrap") {
		t.Errorf("Accept returned %v, answered %d %s", err, w.Code, w.Body)
	}
}

// wrapped is what a middleware puts around a ResponseWriter.
type wrapped struct{ http.ResponseWriter }

func (w wrapped) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func TestAWrappedResponseWriterIsUnwrapped(t *testing.T) {
	conns := make(chan *Conn, 1)
	resp := answer(t, func(w http.ResponseWriter, r *http.Request) {
		c, err := Accept(wrapped{w}, r, nil)
		if err != nil {
			t.Error(err)
		}
		conns <- c
	}, func(*http.Request) {})
	(<-conns).CloseNow()
	if resp.StatusCode != http.StatusSwitchingProtocols {
		t.Error(resp.Status)
	}
}

// hijackable is a ResponseWriter whose connection is nc.
type hijackable struct {
	http.ResponseWriter
	nc net.Conn
	br *bufio.Reader
}

func (h hijackable) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return h.nc, bufio.NewReadWriter(h.br, bufio.NewWriter(h.nc)), nil
}

func TestAcceptClosesATransportThatFailsUnderTheAnswer(t *testing.T) {
	r, _ := http.ReadRequest(bufio.NewReader(strings.NewReader(request(""))))
	for name, prepare := range map[string]func(ours, theirs net.Conn) *bufio.Reader{
		"closed by the peer": func(ours, theirs net.Conn) *bufio.Reader {
			theirs.Close()
			return bufio.NewReader(ours)
		},
		"with more behind the handshake than is ever needed": func(ours, theirs net.Conn) *bufio.Reader {
			go io.Copy(io.Discard, theirs)
			br := bufio.NewReaderSize(strings.NewReader(filler(40<<10)), 64<<10)
			br.Peek(40 << 10)
			return br
		},
	} {
		t.Run(name, func(t *testing.T) {
			ours, theirs := ends(t, "pipe", wire.Server)
			defer theirs.Close()
			br := prepare(ours, theirs)
			_, err := Accept(hijackable{httptest.NewRecorder(), ours, br}, r, nil)
			var he *HandshakeError
			if !errors.As(err, &he) || he.StatusCode != 0 || he.Reason == "" {
				t.Errorf("Accept: %v", err)
			}
			if _, err := ours.Write([]byte("x")); !errors.Is(err, io.ErrClosedPipe) {
				t.Errorf("the transport was left open: %v", err)
			}
		})
	}
}

func TestTheOriginRuleAppliesToPlainRequestsToo(t *testing.T) {
	r := httptest.NewRequest(http.MethodPost, "http://example.com/", nil)
	r.Header.Set("Origin", "https://app.example")
	if err := CheckOrigin(r, []string{"https://app.example"}); err != nil {
		t.Error(err)
	}
	err := CheckOrigin(r, []string{"https://other.example"})
	if err == nil || !strings.Contains(err.Error(), `"https://app.example" is not allowed`) || !strings.Contains(err.Error(), "https://other.example") {
		t.Errorf("CheckOrigin: %v", err)
	}
	if err := CheckOriginPattern("https://*.app.example"); err != nil {
		t.Error(err)
	}
	if err := CheckOriginPattern("app.example/path"); err == nil {
		t.Error("a pattern that matches nothing is taken")
	}
}
