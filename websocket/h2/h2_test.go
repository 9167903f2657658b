package h2_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/websocket"
	"github.com/holdfast-dev/holdfast/websocket/h2"
)

// patience is the longest that anything may take; it is not a timing that is tested.
func patience(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// serve starts an HTTPS server that speaks HTTP/2, and returns a URL for it and a dialer that trusts it.
func serve(t *testing.T, h http.Handler) (url string, d *h2.Dialer) {
	t.Helper()
	srv := httptest.NewUnstartedServer(h)
	srv.EnableHTTP2 = true
	srv.StartTLS()
	d = &h2.Dialer{TLS: trusting(srv)}
	t.Cleanup(func() {
		d.Close()
		srv.Close()
	})
	return "wss" + strings.TrimPrefix(srv.URL, "https"), d
}

func trusting(srv *httptest.Server) *tls.Config {
	roots := x509.NewCertPool()
	roots.AddCert(srv.Certificate())
	return &tls.Config{RootCAs: roots}
}

func dial(t *testing.T, url string, d *h2.Dialer) *websocket.Conn {
	t.Helper()
	c, err := websocket.Dial(patience(t), url, &websocket.DialOptions{Carrier: d, Limits: websocket.Limits{MaxMessageBytes: 16 << 20}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.CloseNow)
	return c
}

// echo serves connections in the style of events. It gives their ends to ended, if that is not nil.
func echo(o *websocket.AcceptOptions, ended chan<- error) http.Handler {
	return websocket.Handler(o, func(c *websocket.Conn) {
		err := c.Serve(func(typ websocket.MessageType, p []byte) { c.Write(context.Background(), typ, p) })
		if ended != nil {
			ended <- err
		}
	})
}

func exchange(t *testing.T, c *websocket.Conn, typ websocket.MessageType, message string) {
	t.Helper()
	if err := c.Write(patience(t), typ, []byte(message)); err != nil {
		t.Fatal(err)
	}
	gotType, got, err := c.Read(patience(t))
	if err != nil || gotType != typ || string(got) != message {
		t.Fatalf("got %v %.40q of %d bytes, error %v; want %v %.40q of %d bytes", gotType, got, len(got), err, typ, message, len(message))
	}
}

func wantEnd(t *testing.T, err error, code websocket.CloseCode, reason string, clean bool) {
	t.Helper()
	ce, ok := errors.AsType[*websocket.CloseError](err)
	if !ok || ce.Code != code || ce.Reason != reason || ce.Clean != clean {
		t.Fatalf("ended with %v, want code %v, reason %q, clean %v", err, code, reason, clean)
	}
}

func TestMessagesOfAllKindsAndSizesGoBothWays(t *testing.T) {
	url, d := serve(t, echo(&websocket.AcceptOptions{Limits: websocket.Limits{MaxMessageBytes: 16 << 20}}, nil))
	c := dial(t, url, d)
	exchange(t, c, websocket.Text, "hello")
	exchange(t, c, websocket.Text, "")
	exchange(t, c, websocket.Binary, "\x00\xff")
	for _, n := range []int{125, 126, 4 << 10, 64<<10 - 1, 64 << 10, 5 << 20} {
		exchange(t, c, websocket.Binary, strings.Repeat("0123456789abcdef", n/16+1)[:n])
	}
	go c.Read(context.Background()) // for the pong, until the end of the test
	if rtt, err := c.Ping(patience(t)); err != nil || rtt <= 0 {
		t.Errorf("ping took %v, error %v", rtt, err)
	}
}

func TestWebSocketsToOneServerShareAConnection(t *testing.T) {
	var mu sync.Mutex
	peers := map[string]bool{}
	url, d := serve(t, websocket.Handler(nil, func(c *websocket.Conn) {
		mu.Lock()
		peers[c.RemoteAddr().String()] = true
		mu.Unlock()
		c.Serve(func(typ websocket.MessageType, p []byte) { c.Write(context.Background(), typ, p) })
	}))
	first := dial(t, url, d)
	exchange(t, first, websocket.Text, "first")
	for range 10 {
		exchange(t, dial(t, url, d), websocket.Text, "another")
	}
	mu.Lock()
	defer mu.Unlock()
	if len(peers) != 1 || !peers[first.LocalAddr().String()] {
		t.Errorf("the server saw the clients %v, want %v alone", peers, first.LocalAddr())
	}
}

func TestTheClientClosesWithACode(t *testing.T) {
	ended := make(chan error, 1)
	url, d := serve(t, echo(nil, ended))
	c := dial(t, url, d)
	if err := c.Close(patience(t), 4001, "done here"); err != nil {
		t.Error(err)
	}
	wantEnd(t, <-ended, 4001, "done here", true)
}

func TestTheServerClosesWithACode(t *testing.T) {
	closed := make(chan error, 1)
	url, d := serve(t, websocket.Handler(nil, func(c *websocket.Conn) {
		closed <- c.Close(context.Background(), websocket.CloseGoingAway, "restarting")
	}))
	c := dial(t, url, d)
	_, _, err := c.Read(patience(t))
	wantEnd(t, err, websocket.CloseGoingAway, "restarting", true)
	if err := <-closed; err != nil {
		t.Error(err)
	}
}

func TestAClientThatDropsItsWebSocketIsSeenToBeGone(t *testing.T) {
	ended := make(chan error, 1)
	url, d := serve(t, echo(nil, ended))
	c := dial(t, url, d)
	exchange(t, c, websocket.Text, "hello")
	c.CloseNow()
	wantEnd(t, <-ended, websocket.CloseAbnormal, "", false)
}

func TestAServerThatDropsAWebSocketIsSeenToBeGone(t *testing.T) {
	url, d := serve(t, websocket.Handler(nil, func(c *websocket.Conn) { c.CloseNow() }))
	_, _, err := dial(t, url, d).Read(patience(t))
	wantEnd(t, err, websocket.CloseAbnormal, "", false)
}

func TestAMessageThatIsTooLargeIsAnsweredWithTheCloseCode(t *testing.T) {
	ended := make(chan error, 1)
	url, d := serve(t, echo(&websocket.AcceptOptions{Limits: websocket.Limits{MaxMessageBytes: 10}}, ended))
	c := dial(t, url, d)
	if err := c.Write(patience(t), websocket.Text, []byte("eleven byte")); err != nil {
		t.Fatal(err)
	}
	_, _, err := c.Read(patience(t))
	if websocket.CloseCodeOf(err) != websocket.CloseMessageTooBig {
		t.Errorf("ended with %v", err)
	}
	if err := <-ended; websocket.CloseCodeOf(err) != websocket.CloseMessageTooBig {
		t.Errorf("the server ended with %v", err)
	}
}

func TestAReadThatIsCancelledLeavesTheWebSocketUsable(t *testing.T) {
	url, d := serve(t, echo(nil, nil))
	c := dial(t, url, d)
	for range 3 {
		ctx, cancel := context.WithCancel(patience(t))
		got := make(chan error, 1)
		go func() {
			_, _, err := c.Read(ctx)
			got <- err
		}()
		cancel()
		if err := <-got; !errors.Is(err, context.Canceled) {
			t.Fatalf("Read returned %v", err)
		}
		exchange(t, c, websocket.Text, strings.Repeat("usable ", 2000))
	}
}

func TestAServersReadThatIsCancelledLeavesTheWebSocketUsable(t *testing.T) {
	url, d := serve(t, websocket.Handler(nil, func(c *websocket.Conn) {
		ctx, cancel := context.WithCancel(context.Background())
		cancelled := make(chan struct{})
		go func() {
			defer close(cancelled)
			cancel()
		}()
		if _, _, err := c.Read(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("Read returned %v", err)
		}
		<-cancelled
		for {
			typ, p, err := c.Read(context.Background())
			if err != nil {
				return
			}
			c.Write(context.Background(), typ, p)
		}
	}))
	c := dial(t, url, d)
	exchange(t, c, websocket.Text, "usable")
	if err := c.Close(patience(t), websocket.CloseNormal, ""); err != nil {
		t.Error(err)
	}
}

func TestASubprotocolAndCompressionAreAgreedOn(t *testing.T) {
	url, d := serve(t, echo(&websocket.AcceptOptions{Subprotocols: []string{"b", "a"}, Compression: &websocket.Compression{}}, nil))
	c, err := websocket.Dial(patience(t), url, &websocket.DialOptions{Carrier: d, Subprotocols: []string{"a", "b"}, Compression: &websocket.Compression{}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.CloseNow)
	if c.Subprotocol() != "b" {
		t.Errorf("subprotocol %q", c.Subprotocol())
	}
	exchange(t, c, websocket.Text, strings.Repeat(`{"compressed":true}`, 100))
}

func TestARefusalTellsStatusAndReason(t *testing.T) {
	url, d := serve(t, echo(nil, nil))
	_, err := websocket.Dial(patience(t), url, &websocket.DialOptions{Carrier: d, Header: http.Header{"Origin": {"https://evil.example"}}})
	he, ok := errors.AsType[*websocket.HandshakeError](err)
	if !ok || he.StatusCode != http.StatusForbidden || !strings.Contains(he.Reason, `origin "https://evil.example" is not allowed`) {
		t.Errorf("error %v", err)
	}
	exchange(t, dial(t, url, d), websocket.Text, "the connection is still good")
}

func TestTheServersTimeoutsDoNotCountForAWebSocket(t *testing.T) {
	const timeout = 500 * time.Millisecond
	accept := echo(nil, nil)
	url, d := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		control := http.NewResponseController(w) // as the server's ReadTimeout and WriteTimeout do it
		control.SetReadDeadline(time.Now().Add(timeout))
		control.SetWriteDeadline(time.Now().Add(timeout))
		accept.ServeHTTP(w, r)
	}))
	c := dial(t, url, d)
	for begun := time.Now(); time.Since(begun) < timeout; {
		exchange(t, c, websocket.Text, "still here")
	}
	exchange(t, c, websocket.Text, "still here")
}

func TestADialThatIsCancelledLeavesNothing(t *testing.T) {
	arrived := make(chan struct{})
	url, d := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-r.Context().Done()
	}))
	ctx, cancel := context.WithCancel(patience(t))
	go func() {
		<-arrived
		cancel()
	}()
	if _, err := websocket.Dial(ctx, url, &websocket.DialOptions{Carrier: d}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestAHandlerThatReturnsTooEarlyEndsItsWebSocketAndNothingElse(t *testing.T) {
	ended := make(chan error, 1)
	url, d := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		go func() {
			<-r.Context().Done()
			c.Write(context.Background(), websocket.Text, []byte("too late"))
			ended <- c.Serve(func(websocket.MessageType, []byte) {})
		}()
	}))
	_, _, err := dial(t, url, d).Read(patience(t))
	wantEnd(t, err, websocket.CloseAbnormal, "", false)
	wantEnd(t, <-ended, websocket.CloseAbnormal, "", false)
}

func TestAServerWithoutHTTP2IsNamed(t *testing.T) {
	srv := httptest.NewTLSServer(echo(nil, nil))
	defer srv.Close()
	d := &h2.Dialer{TLS: trusting(srv)}
	defer d.Close()
	_, err := websocket.Dial(patience(t), "wss"+strings.TrimPrefix(srv.URL, "https"), &websocket.DialOptions{Carrier: d})
	if err == nil || !strings.Contains(err.Error(), "HTTP/2") {
		t.Errorf("error %v", err)
	}
}

func TestTheSwitchIsFoundToBeOn(t *testing.T) {
	if err := websocket.CheckHTTP2(); err != nil {
		t.Error(err)
	}
}

func TestAClosedDialerSaysSo(t *testing.T) {
	url, d := serve(t, echo(nil, nil))
	c := dial(t, url, d)
	exchange(t, c, websocket.Text, "open")
	d.Close()
	_, _, err := c.Read(patience(t))
	wantEnd(t, err, websocket.CloseAbnormal, "", false)
	if _, err := websocket.Dial(patience(t), url, &websocket.DialOptions{Carrier: d}); err == nil || !strings.Contains(err.Error(), "closed") {
		t.Errorf("error %v", err)
	}
}
