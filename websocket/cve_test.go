package websocket

import (
	"bytes"
	"compress/flate"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/holdfast-dev/holdfast/websocket/internal/wire"
)

// vulnerabilities are those that WebSocket implementations have had, by their class: what went wrong there, what happens
// here, and a test that it does.
var vulnerabilities = []struct {
	ids  string
	did  string
	here string
	test func(t *testing.T)
}{
	{
		ids:  "CVE-2020-27813 (gorilla/websocket)",
		did:  "lengths of frames were added up in a signed integer, which overflowed and switched the limit off",
		here: "a length is compared, unsigned, with what the limit leaves before it is added: 1009 at the header",
		test: refuses(rule{"", func(masked bool) []byte {
			return append(frames(0x02, "x")(masked), header(0x80, 127, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)(masked)...)
		}, 1009, "1000"}),
	},
	{
		ids:  "CVE-2026-27889 (nats-server), CVE-2026-1528 (undici), CVE-2020-13935 (Tomcat)",
		did:  "a 64-bit length with its top bit set became negative: a panic, a crash, an endless loop",
		here: "1002: the top bit must be 0 (RFC 6455 section 5.2)",
		test: refuses(rule{"", header(0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 1), 1002, "top bit"}),
	},
	{
		ids:  "GHSA-8r68-gvr4-jh7j (nats-server)",
		did:  "memory was taken by the length that a frame declared, or buffered without a bound",
		here: "memory grows with the bytes that arrive, whatever is declared",
		test: declaredLengthsCostNothing,
	},
	{
		ids:  "GHSA-qrvq-68c2-7grw (nats-server), CVE-2026-1526 (undici), CVE-2018-1000518 (websockets for Python)",
		did:  "a small compressed message was inflated without a bound",
		here: "inflating stops at MaxMessageBytes: 1009",
		test: bombsAreRefused,
	},
	{
		ids:  "CVE-2026-29035 (CivetWeb)",
		did:  "inflating wrote behind the end of its buffer",
		here: "a message of exactly the limit arrives whole, one byte more is refused",
		test: inflatedMessagesAroundTheLimit,
	},
	{
		ids:  "CVE-2026-48779 (ws)",
		did:  "each of many tiny fragments was kept as an object of its own: memory many times the limit",
		here: "fragments are put together as they come; MaxFragments bounds their number: 1008",
		test: refusesWith(Limits{MaxFragments: 10, MaxMessageBytes: ruleLimit},
			rule{"", frames(0x02, "x", 0x00, "x", 0x00, "x", 0x00, "x", 0x00, "x", 0x00, "x", 0x00, "x", 0x00, "x", 0x00, "x", 0x00, "x", 0x00, "x"), 1008, "MaxFragments"}),
	},
	{
		ids:  "CVE-2014-0193 (Netty)",
		did:  "continuation frames without an end were collected without a bound",
		here: "a message is bounded over all its frames: 1009",
		test: refuses(rule{"", frames(0x02, strings.Repeat("x", 500), 0x00, strings.Repeat("x", 500), 0x00, "x"), 1009, "1000"}),
	},
	{
		ids:  "CVE-2026-47073 (hackney)",
		did:  "a client buffered the handshake's answer, a frame and a message without bounds",
		here: "the answer is bounded by 64 KiB, frames and messages as on a server",
		test: clientsAreBoundedToo,
	},
	{
		ids:  "CVE-2023-43669 (tungstenite)",
		did:  "a long handshake was parsed again from its beginning with each packet",
		here: "it is parsed once as it comes, and given up at 64 KiB",
		test: clientsAreBoundedToo,
	},
	{
		ids:  "CVE-2024-37890 (ws)",
		did:  "with more headers than the HTTP server keeps, Upgrade was missing where it was relied on: a crash",
		here: "net/http bounds the bytes of a header; each that is there is checked: a refusal, or a proper handshake",
		test: manyHeaders,
	},
	{
		ids:  "CVE-2021-32640 (ws), CVE-2020-7663 (websocket-extensions)",
		did:  "a regular expression took exponential time on Sec-WebSocket-Protocol or -Extensions",
		here: "both are read byte by byte, once",
		test: hostileLists,
	},
	{
		ids:  "ws 3.3.1 (prototype names)",
		did:  "an extension named like a property of every object was looked up and called",
		here: "an extension that is not known is not agreed on",
		test: unknownExtensions,
	},
	{
		ids:  "CVE-2026-2229 (undici)",
		did:  "the window bits in the server's answer were used unchecked",
		here: "an answer that was not offered, or is no number of 8 to 15, fails Dial",
		test: windowBits,
	},
	{
		ids:  "ws 8.20.1 (close)",
		did:  "a close frame carried memory that had not been written",
		here: "a close frame has the code and the reason, even from a buffer that was used before",
		test: closeFramesCarryNothingElse,
	},
	{
		ids:  "nats-server #4811, uWebSockets #1650",
		did:  "slices of one buffer overlapped: messages overwrote one another, or bytes behind them",
		here: "a payload ends where its capacity does, so appending to it changes nothing else",
		test: payloadsDoNotOverlap,
	},
	{
		ids:  "CVE-2026-34403 (nginx-ui), CVE-2026-44985 (dozzle), Teleport #67616",
		did:  "any page could open a WebSocket with the visitor's cookies, or one of http where https was meant",
		here: "another origin, scheme and port included, is refused with 403 unless it is allowed",
		test: foreignOrigins,
	},
	{
		ids:  "CVE-2019-9512 (ping floods, of HTTP/2 but the same in kind)",
		did:  "answers to control frames gathered without a bound while the peer did not read",
		here: "one pong waits at most, and MaxControlRate ends the flood: 1008",
		test: refusesWith(Limits{MaxControlRate: 1}, rule{"", func(masked bool) []byte { return bytes.Repeat(raw(0x8A, masked, ""), 21) }, 1008, "MaxControlRate"}),
	},
}

func TestWhatOthersWereVulnerableToIsHarmlessHere(t *testing.T) {
	for _, v := range vulnerabilities {
		t.Run(v.ids, func(t *testing.T) {
			t.Logf("there: %s; here: %s", v.did, v.here)
			v.test(t)
		})
	}
}

func refuses(r rule) func(*testing.T) { return refusesWith(ruleLimits, r) }

// refusesWith checks that a server and a client end the connection as r says.
func refusesWith(l Limits, r rule) func(*testing.T) {
	return func(t *testing.T) {
		for _, role := range roles {
			l.CloseTimeout = ruleLimits.CloseTimeout
			c, p := connected(t, "tcp", role, l)
			served := make(chan error, 1)
			go func() { served <- c.Serve(func(MessageType, []byte) {}) }()
			breakRule(t, p, r)
			if err := <-served; CloseCodeOf(err) != r.code {
				t.Errorf("Serve: %v", err)
			}
		}
	}
}

func declaredLengthsCostNothing(t *testing.T) {
	for _, role := range roles {
		c, p := connected(t, "pipe", role, Limits{MaxMessageBytes: 1 << 40})
		ctx, cancel := context.WithCancel(t.Context())
		read := make(chan error, 1)
		go func() {
			_, _, err := c.Read(ctx)
			read <- err
		}()
		p.write(header(0x82, 127, 0, 0, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff)(p.masks)) // 1 TiB less one byte
		p.write(make([]byte, 1000))
		p.write(make([]byte, 1)) // the pipe has no buffer: the 1000 bytes have been read
		cancel()
		if err := <-read; err != context.Canceled {
			t.Fatalf("Read: %v", err)
		}
		if n := cap(c.in.message); n > 4<<10 {
			t.Errorf("%d bytes are held for 1001 that came", n)
		}
	}
}

// deflated is a message compressed as permessage-deflate does, by other code than ours.
func deflated(t *testing.T, message []byte) string {
	t.Helper()
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestCompression)
	if err == nil {
		_, err = w.Write(message)
	}
	if err := errors.Join(err, w.Flush()); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(b.String(), "\x00\x00\xff\xff")
}

// offerCompression is a header line for dialRaw.
const offerCompression = "Sec-WebSocket-Extensions: permessage-deflate\r\n"

func bombsAreRefused(t *testing.T) {
	bomb := deflated(t, make([]byte, 50<<20))
	addr, conns := accepting(t, false, &AcceptOptions{Compression: &Compression{}, Limits: Limits{MaxMessageBytes: 1 << 20}})
	for _, text := range []byte{0, 1} {
		p, _ := dialRaw(t, addr, false, offerCompression, nil)
		c := <-conns
		served := make(chan error, 1)
		go func() { served <- c.Serve(func(MessageType, []byte) { t.Error("a bomb was delivered") }) }()
		p.send(0xC2-text, bomb)
		p.wantClose(CloseMessageTooBig)
		p.Close()
		if err := <-served; CloseCodeOf(err) != CloseMessageTooBig {
			t.Errorf("Serve: %v", err)
		}
	}
}

func inflatedMessagesAroundTheLimit(t *testing.T) {
	const limit = 10_000
	addr, conns := accepting(t, false, &AcceptOptions{Compression: &Compression{NoContextTakeover: true}, Limits: Limits{MaxMessageBytes: limit}})
	p, _ := dialRaw(t, addr, false, offerCompression, nil)
	c := <-conns
	for _, n := range []int{0, 1, 257, 258, 259, 4095, 4096, 4097, 8192, limit - 1, limit} {
		go p.send(0xC1, deflated(t, []byte(filler(n))))
		wantMessage(t, c, Text, filler(n))
	}
	go func() {
		p.send(0xC1, deflated(t, []byte(filler(limit+1))))
		p.wantClose(CloseMessageTooBig)
		p.Close()
	}()
	if _, _, err := c.Read(t.Context()); CloseCodeOf(err) != CloseMessageTooBig {
		t.Errorf("one byte more: %v", err)
	}
}

func clientsAreBoundedToo(t *testing.T) {
	url := rawServer(t, "HTTP/1.1 101 Switching Protocols\r\n", func(p *peer) {
		for i := 0; ; i++ {
			if _, err := fmt.Fprintf(p.Conn, "X-Header-%d: %s\r\n", i, filler(100)); err != nil {
				return
			}
		}
	})
	_, err := Dial(t.Context(), url, nil)
	if _, ok := errors.AsType[*HandshakeError](err); !ok {
		t.Errorf("an endless header: %v", err)
	}
	refuses(rule{"", frames(0x82, strings.Repeat("x", ruleLimit+1)), 1009, "1000"})(t)
}

// handshakeWith sends a handshake with more header lines and returns the status of the answer, and its header.
func handshakeWith(t *testing.T, extra string) (status int, h http.Header) {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c, err := Accept(w, r, &AcceptOptions{Subprotocols: []string{"chat"}, Compression: &Compression{}}); err == nil {
			c.CloseNow()
		}
	}))
	defer srv.Close()
	nc, err := net.Dial("tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	p := newPeer(t, nc, true)
	go io.WriteString(nc, request(extra)) // the server may stop to read before all of it is sent
	resp, err := http.ReadResponse(p.br, nil)
	if err != nil {
		t.Fatalf("handshake: %v", err)
	}
	return resp.StatusCode, resp.Header
}

func manyHeaders(t *testing.T) {
	if status, _ := handshakeWith(t, strings.Repeat("X: y\r\n", 5000)); status != http.StatusSwitchingProtocols {
		t.Errorf("5,000 headers: status %d", status)
	}
	if status, _ := handshakeWith(t, strings.Repeat("X: y\r\n", 500_000)); status != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("500,000 headers: status %d", status)
	}
}

func hostileLists(t *testing.T) {
	for list, want := range map[string]int{
		"Sec-WebSocket-Protocol: " + strings.Repeat(" ", 500_000) + "x":                              101,
		"Sec-WebSocket-Protocol: " + strings.Repeat("a,", 200_000) + "x y":                           400,
		"Sec-WebSocket-Extensions: " + `a; b="` + strings.Repeat(`\"`, 200_000):                      400,
		"Sec-WebSocket-Extensions: " + strings.Repeat("permessage-deflate; a; b; c, ", 20_000) + "x": 400,
	} {
		if status, _ := handshakeWith(t, list+"\r\n"); status != want {
			t.Errorf("%.60q…: status %d, want %d", list, status, want)
		}
	}
}

func unknownExtensions(t *testing.T) {
	for _, name := range []string{"constructor", "__proto__", "toString", "hasOwnProperty", "permessage-bzip2"} {
		status, h := handshakeWith(t, "Sec-WebSocket-Extensions: "+name+"\r\n")
		if status != http.StatusSwitchingProtocols || len(h["Sec-Websocket-Extensions"]) > 0 {
			t.Errorf("%s: status %d, extensions %q", name, status, h["Sec-Websocket-Extensions"])
		}
	}
}

func windowBits(t *testing.T) {
	for _, bits := range []string{"7", "16", "99", "-8", "08", "8.0", "1e1", "", `"x"`, "4294967304"} {
		for _, name := range []string{"server_max_window_bits", "client_max_window_bits"} {
			answer := strings.TrimSuffix(upgraded, "\r\n") + "Sec-WebSocket-Extensions: permessage-deflate; " + name + "=" + bits + "\r\n\r\n"
			_, err := Dial(t.Context(), rawServer(t, answer, nil), &DialOptions{Compression: &Compression{}})
			if _, ok := errors.AsType[*HandshakeError](err); !ok {
				t.Errorf("%s=%s: %v", name, bits, err)
			}
		}
	}
}

func closeFramesCarryNothingElse(t *testing.T) {
	c, p := connected(t, "tcp", wire.Server, Limits{})
	for range 20 { // buffers with secrets go back to the pool
		if err := c.Write(t.Context(), Text, []byte(strings.Repeat("secret", 1000))); err != nil {
			t.Fatal(err)
		}
		p.want(0x81, strings.Repeat("secret", 1000))
	}
	if err := c.Expel(CloseNormal, "bye"); err != nil {
		t.Fatal(err)
	}
	p.want(0x88, closePayload(CloseNormal, "bye"))
}

func payloadsDoNotOverlap(t *testing.T) {
	c, p := connected(t, "tcp", wire.Server, Limits{})
	go func() {
		p.write(bytes.Join([][]byte{p.frame(0x81, "one"), p.frame(0x89, "ping"), p.frame(0x81, "two"), p.frame(0x01, "th"), p.frame(0x80, "ree")}, nil))
		p.want(0x8A, "ping")
		p.Close()
	}()
	var got []string
	c.ServeBatch(func(batch []Message) {
		for _, m := range batch {
			got = append(got, string(m.Payload))
			_ = append(m.Payload, strings.Repeat("!", 50)...)
		}
	})
	if s := strings.Join(got, " "); s != "one two three" {
		t.Errorf("got %q", s)
	}
}

func foreignOrigins(t *testing.T) {
	for origin, want := range map[string]int{
		"http://example.com":        101, // the server's own, as request says
		"https://example.com":       101, // a proxy in front may have ended TLS
		"http://example.com:8080":   403,
		"https://example.com.evil":  403,
		"https://evil.example":      403,
		"null":                      403,
		"http://sub.example.com":    403,
		"https://example.com@evil/": 403,
	} {
		if status, _ := handshakeWith(t, "Origin: "+origin+"\r\n"); status != want {
			t.Errorf("origin %s: status %d, want %d", origin, status, want)
		}
	}
}
