package websocket

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestDialChecksTheServersAnswer(t *testing.T) {
	head := func(status string, headers ...string) string {
		return "HTTP/1.1 " + status + "\r\n" + strings.Join(append(headers, "", ""), "\r\n")
	}
	const up, conn, accept = "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Accept: ACCEPT"
	for _, c := range []struct {
		name, answer string
		status       int
		says         string
	}{
		{"wrong accept", head("101 x", up, conn, "Sec-WebSocket-Accept: "+sampleAccept), 101, "does not answer the key"},
		{"no accept", head("101 x", up, conn), 101, "Sec-WebSocket-Accept"},
		{"two accepts", head("101 x", up, conn, accept, accept), 101, "2 Sec-WebSocket-Accept"},
		{"no upgrade", head("101 x", conn, accept), 101, "Upgrade"},
		{"another upgrade", head("101 x", "Upgrade: h2c", conn, accept), 101, "h2c"},
		{"no connection", head("101 x", up, accept), 101, "Connection"},
		{"an extension", head("101 x", up, conn, accept, "Sec-WebSocket-Extensions: permessage-deflate"), 101, "permessage-deflate"},
		{"a subprotocol not asked for", head("101 x", up, conn, accept, "Sec-WebSocket-Protocol: v3"), 101, "v3"},
		{"two subprotocols", head("101 x", up, conn, accept, "Sec-WebSocket-Protocol: v1", "Sec-WebSocket-Protocol: v1"), 101, "Protocol"},
		{"200", head("200 OK", "Content-Length: 0"), 200, "did not upgrade"},
		{"a page", head("200 OK", "Content-Type: text/html", "Content-Length: 6") + "<html>", 200, "did not upgrade"},
		{"a reason", head("403 Forbidden", "Content-Type: text/plain", "Content-Length: 12") + "keep\nout\xff!\n\n", 403, "keep out\uFFFD!"},
		{"an empty reason", head("403 Forbidden", "Content-Type: text/plain", "Content-Length: 0"), 403, "did not upgrade"},
		{"a redirect", head("302 Found", "Location: http://elsewhere.example/", "Content-Length: 0"), 302, "http://elsewhere.example/"},
		{"garbage", "SSH-2.0-OpenSSH_9.2\r\n\r\n", 0, "as HTTP"},
		{"nothing", "", 0, "as HTTP"},
		{"half an answer", "HTTP/1.1 101 x\r\nUpgrade: webs", 0, "as HTTP"},
		{"an endless header", "HTTP/1.1 101 x\r\nX: " + strings.Repeat("x", maxResponseHeaderBytes), 0, "as HTTP"},
	} {
		t.Run(c.name, func(t *testing.T) {
			conn, err := Dial(t.Context(), rawServer(t, c.answer, nil), &DialOptions{Subprotocols: []string{"v1", "v2"}})
			if conn != nil {
				t.Error("there is a connection")
			}
			var he *HandshakeError
			if !errors.As(err, &he) || he.StatusCode != c.status || !strings.Contains(he.Reason, c.says) {
				t.Fatalf("Dial: %v; want status %d and %q", err, c.status, c.says)
			}
			if (he.StatusCode != 0) != (he.Header != nil) {
				t.Errorf("status %d with header %v", he.StatusCode, he.Header)
			}
			if strings.ContainsAny(err.Error(), "\r\n") {
				t.Errorf("the error is not one line: %q", err)
			}
		})
	}
}

func TestDialReadsOnlyTheBeginningOfARefusal(t *testing.T) {
	url := rawServer(t, "HTTP/1.1 503 Busy\r\nContent-Type: text/plain\r\n\r\n"+strings.Repeat("busy ", 10_000), nil)
	_, err := Dial(t.Context(), url, nil)
	var he *HandshakeError
	if !errors.As(err, &he) || he.StatusCode != 503 || len(he.Reason) > maxReasonBytes || !strings.HasPrefix(he.Reason, "busy") {
		t.Errorf("Dial: %.200v", err)
	}
}

func TestDialRefusesWhatIsNoWebSocketURL(t *testing.T) {
	for url, says := range map[string]string{
		"http://example.com/":         "wss:// or ws://",
		"example.com":                 "wss:// or ws://",
		"":                            "wss:// or ws://",
		"ws:///path":                  "no host",
		"ws://:80/":                   "no host",
		"ws://example.com/#part":      "#fragment",
		"ws://example.com/#":          "#fragment",
		"ws://user:secret@host.local": "user name",
		"ws://exa mple.com/":          "invalid",
		"ws://example.com:port/":      "invalid",
	} {
		_, err := Dial(t.Context(), url, &DialOptions{NetDial: func(context.Context, string, string) (net.Conn, error) {
			t.Errorf("%s was dialled", url)
			return nil, io.EOF
		}})
		if err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "secret") {
			t.Errorf("Dial(%q): %v, want %q", url, err, says)
		}
	}
}

func TestDialRefusesHeadersThatAreNotItsCallers(t *testing.T) {
	url := rawServer(t, upgraded, nil)
	for name, o := range map[string]*DialOptions{
		"of the handshake":     {Header: http.Header{"Sec-Websocket-Key": {"x"}}},
		"with two lines":       {Header: http.Header{"X": {"a\r\nY: b"}}},
		"a subprotocol of two": {Subprotocols: []string{"a b"}},
	} {
		if _, err := Dial(t.Context(), url, o); err == nil || !strings.HasPrefix(err.Error(), "websocket: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDialSendsWhatItsOptionsSay(t *testing.T) {
	got := make(chan *http.Request, 1)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got <- r
		c, err := Accept(w, r, &AcceptOptions{Origins: []string{"*"}, Subprotocols: []string{"b"}})
		if err != nil {
			t.Error(err)
			return
		}
		c.CloseNow()
	}))
	defer srv.Close()
	c, err := Dial(t.Context(), "ws"+strings.TrimPrefix(srv.URL, "http")+"/a%20path?q=1", &DialOptions{
		Header:       http.Header{"Authorization": {"Bearer x"}, "Origin": {"https://app.example"}, "Host": {"other.example"}},
		Subprotocols: []string{"a", "b"},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	r := <-got
	if r.Host != "other.example" || r.RequestURI != "/a%20path?q=1" || r.Header.Get("Authorization") != "Bearer x" ||
		r.Header.Get("Origin") != "https://app.example" || c.Subprotocol() != "b" {
		t.Errorf("request %s %s %v, subprotocol %q", r.Host, r.RequestURI, r.Header, c.Subprotocol())
	}
}

func TestDialChecksTheServersCertificate(t *testing.T) {
	addr, conns := accepting(t, true, nil)
	_, trusting := testTLS()
	trusting = trusting.Clone()
	trusting.NextProtos = []string{"h2"} // which Dial must not offer
	c, err := Dial(t.Context(), "wss://"+addr, &DialOptions{TLS: trusting})
	if err != nil {
		t.Fatal(err)
	}
	server := <-conns
	go c.Write(context.Background(), Text, []byte("over TLS"))
	wantMessage(t, server, Text, "over TLS")
	server.CloseNow()
	c.CloseNow()

	for name, config := range map[string]*tls.Config{"of an unknown authority": nil, "for another name": {RootCAs: trusting.RootCAs, ServerName: "other.example"}} {
		_, err := Dial(t.Context(), "wss://"+addr, &DialOptions{TLS: config})
		var bad *tls.CertificateVerificationError
		if !errors.As(err, &bad) || !strings.Contains(err.Error(), "wss://"+addr) {
			t.Errorf("certificate %s: %v", name, err)
		}
	}
	plain, _ := accepting(t, false, nil)
	var he tls.RecordHeaderError
	if _, err := Dial(t.Context(), "wss://"+plain, nil); !errors.As(err, &he) {
		t.Errorf("wss to a port that speaks ws: %v", err)
	}
}

func TestDialNamesTheURLItCouldNotReach(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln.Close() // now nothing listens there
	_, err = Dial(t.Context(), "ws://"+ln.Addr().String(), nil)
	var op *net.OpError
	if !errors.As(err, &op) || !strings.Contains(err.Error(), "dial ws://"+ln.Addr().String()) {
		t.Errorf("Dial: %v", err)
	}
}

func TestDialUsesTheDefaultPortOfTheScheme(t *testing.T) {
	for url, want := range map[string]string{
		"ws://example.com": "example.com:80", "wss://example.com/x": "example.com:443", "ws://[::1]": "[::1]:80", "wss://[::1]:7": "[::1]:7",
	} {
		Dial(t.Context(), url, &DialOptions{NetDial: func(_ context.Context, network, addr string) (net.Conn, error) {
			if network != "tcp" || addr != want {
				t.Errorf("%s: dialled %s %s, want %s", url, network, addr, want)
			}
			return nil, io.EOF
		}})
	}
}

// pipeDial makes the transport of a Dial a pipe and gives the other end to serve.
func pipeDial(serve func(nc net.Conn)) func(context.Context, string, string) (net.Conn, error) {
	return func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go serve(theirs)
		return ours, nil
	}
}

func TestAServerThatStallsIsGivenUpAfterHandshakeTimeout(t *testing.T) {
	for name, serve := range map[string]func(nc net.Conn, over <-chan struct{}){
		"before it reads the request": func(_ net.Conn, over <-chan struct{}) { <-over },
		"before its answer":           func(nc net.Conn, _ <-chan struct{}) { io.Copy(io.Discard, nc) },
		"in its answer": func(nc net.Conn, _ <-chan struct{}) {
			go io.WriteString(nc, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: web")
			io.Copy(io.Discard, nc)
		},
	} {
		for _, scheme := range []string{"ws", "wss"} {
			if scheme == "wss" && name == "in its answer" {
				continue // which would be TLS that is broken, not slow
			}
			t.Run(name+" "+scheme, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					start, over := time.Now(), make(chan struct{})
					defer close(over)
					_, err := Dial(context.Background(), scheme+"://example.com", &DialOptions{
						HandshakeTimeout: 3 * time.Second,
						NetDial: pipeDial(func(nc net.Conn) {
							defer nc.Close()
							serve(nc, over)
						}),
					})
					if took := time.Since(start); took != 3*time.Second || !errors.Is(err, context.DeadlineExceeded) {
						t.Errorf("after %v: %v", took, err)
					}
				})
			})
		}
	}
}

func TestDialThatIsCancelledLeavesNothingBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		closed := make(chan struct{})
		go func() {
			time.Sleep(time.Second) // fake
			cancel()
		}()
		_, err := Dial(ctx, "ws://example.com", &DialOptions{NetDial: pipeDial(func(nc net.Conn) {
			io.Copy(io.Discard, nc) // returns when Dial closes the transport
			close(closed)
			nc.Close()
		})})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("Dial: %v", err)
		}
		<-closed
	})
}

func TestTheContextOfDialBoundsTheDiallingOnly(t *testing.T) {
	addr, conns := accepting(t, false, nil)
	ctx, cancel := context.WithCancel(context.Background())
	c, err := Dial(ctx, "ws://"+addr, nil)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	server := <-conns
	for i := range 10 {
		if err := c.Write(t.Context(), Text, []byte(fmt.Sprint(i))); err != nil {
			t.Fatal(err)
		}
		wantMessage(t, server, Text, fmt.Sprint(i))
	}
	c.CloseNow()
	server.CloseNow()
}

func TestAnInformationalAnswerBeforeTheUpgradeIsPassedOver(t *testing.T) {
	done := make(chan struct{})
	url := rawServer(t, "HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"+upgraded, func(p *peer) {
		defer close(done)
		p.send(0x81, "hello")
		p.wantClose(0)
		p.send(0x88, "")
	})
	c, err := Dial(t.Context(), url, nil)
	if err != nil {
		t.Fatal(err)
	}
	wantMessage(t, c, Text, "hello")
	if err := c.Close(t.Context(), 0, ""); err != nil {
		t.Error(err)
	}
	<-done
}

func TestErrorsDoNotShowTheQuery(t *testing.T) {
	for _, url := range []string{"ws://127.0.0.1:1/live?token=secret", "wss://u:secret@host/", "http://host/?token=secret"} {
		if _, err := Dial(t.Context(), url, nil); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", url, err)
		}
	}
}
