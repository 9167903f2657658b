package h2_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/websocket"
	"github.com/holdfast-dev/holdfast/websocket/h2"
	"github.com/holdfast-dev/holdfast/websocket/internal/carriertest"
)

func TestWebSocketsOverHTTP2(t *testing.T) { carriertest.Run(t, serve) }

// serve starts an HTTPS server that speaks HTTP/2, and returns a URL for it and a dialer that trusts it.
func serve(t *testing.T, h http.Handler) (url string, c websocket.Carrier) {
	t.Helper()
	srv := httptest.NewUnstartedServer(h)
	srv.EnableHTTP2 = true
	srv.StartTLS()
	d := &h2.Dialer{TLS: trusting(srv)}
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

func TestWebSocketsToOneServerShareAConnection(t *testing.T) {
	var mu sync.Mutex
	peers := map[string]bool{}
	url, d := serve(t, websocket.Handler(nil, func(c *websocket.Conn) {
		mu.Lock()
		peers[c.RemoteAddr().String()] = true
		mu.Unlock()
		c.Serve(func(typ websocket.MessageType, p []byte) { c.Write(context.Background(), typ, p) })
	}))
	first := carriertest.Dial(t, url, d)
	carriertest.Exchange(t, first, websocket.Text, "first")
	for range 10 {
		carriertest.Exchange(t, carriertest.Dial(t, url, d), websocket.Text, "another")
	}
	mu.Lock()
	defer mu.Unlock()
	if len(peers) != 1 || !peers[first.LocalAddr().String()] {
		t.Errorf("the server saw the clients %v, want %v alone", peers, first.LocalAddr())
	}
}

func TestTheServersTimeoutsDoNotCountForAWebSocket(t *testing.T) {
	const timeout = 500 * time.Millisecond
	accept := carriertest.Echo(nil, nil)
	url, d := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		control := http.NewResponseController(w) // as the server's ReadTimeout and WriteTimeout do it
		control.SetReadDeadline(time.Now().Add(timeout))
		control.SetWriteDeadline(time.Now().Add(timeout))
		accept.ServeHTTP(w, r)
	}))
	c := carriertest.Dial(t, url, d)
	for begun := time.Now(); time.Since(begun) < timeout; {
		carriertest.Exchange(t, c, websocket.Text, "still here")
	}
	carriertest.Exchange(t, c, websocket.Text, "still here")
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
	_, _, err := carriertest.Dial(t, url, d).Read(carriertest.Patience(t))
	carriertest.WantEnd(t, err, websocket.CloseAbnormal, "", false)
	carriertest.WantEnd(t, <-ended, websocket.CloseAbnormal, "", false)
}

func TestAServerWithoutHTTP2IsNamed(t *testing.T) {
	srv := httptest.NewTLSServer(carriertest.Echo(nil, nil))
	defer srv.Close()
	d := &h2.Dialer{TLS: trusting(srv)}
	defer d.Close()
	_, err := websocket.Dial(carriertest.Patience(t), "wss"+strings.TrimPrefix(srv.URL, "https"), &websocket.DialOptions{Carrier: d})
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
	url, d := serve(t, carriertest.Echo(nil, nil))
	c := carriertest.Dial(t, url, d)
	carriertest.Exchange(t, c, websocket.Text, "open")
	d.(*h2.Dialer).Close()
	_, _, err := c.Read(carriertest.Patience(t))
	carriertest.WantEnd(t, err, websocket.CloseAbnormal, "", false)
	if _, err := websocket.Dial(carriertest.Patience(t), url, &websocket.DialOptions{Carrier: d}); err == nil || !strings.Contains(err.Error(), "closed") {
		t.Errorf("error %v", err)
	}
}
