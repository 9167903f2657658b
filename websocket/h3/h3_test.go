package h3_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/quic-go/quic-go/http3"
	"go.uber.org/goleak"

	"github.com/holdfast-dev/holdfast/websocket"
	"github.com/holdfast-dev/holdfast/websocket/h3"
	"github.com/holdfast-dev/holdfast/websocket/internal/carriertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// certificate returns what httptest serves with, and a client's configuration that trusts it.
var certificate = sync.OnceValues(func() (server, client *tls.Config) {
	srv := httptest.NewTLSServer(nil)
	defer srv.Close()
	roots := x509.NewCertPool()
	roots.AddCert(srv.Certificate())
	return &tls.Config{Certificates: srv.TLS.Certificates}, &tls.Config{RootCAs: roots}
})

// serve starts an HTTP/3 server, and returns a URL for it and a dialer that trusts it.
func serve(t *testing.T, h http.Handler) (url string, c websocket.Carrier) {
	t.Helper()
	server, client := certificate()
	udp, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	srv := &http3.Server{Handler: h, TLSConfig: http3.ConfigureTLSConfig(server)}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(udp) }()
	d := &h3.Dialer{TLS: client}
	t.Cleanup(func() {
		d.Close()
		srv.Close()
		<-served
		udp.Close()
	})
	return "wss://127.0.0.1:" + strconv.Itoa(udp.LocalAddr().(*net.UDPAddr).Port), d
}

func TestWebSocketsOverHTTP3(t *testing.T) { carriertest.Run(t, serve) }

func TestWebSocketsThatTakeTheirStreamOver(t *testing.T) {
	carriertest.Run(t, func(t *testing.T, h http.Handler) (string, websocket.Carrier) { return serve(t, h3.Handler(h)) })
}

func TestWithItsStreamTakenOverAWebSocketOutlivesItsHandler(t *testing.T) {
	url, d := serve(t, h3.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		go c.Serve(func(typ websocket.MessageType, p []byte) { c.Write(context.Background(), typ, p) })
	})))
	c := carriertest.Dial(t, url, d)
	carriertest.Exchange(t, c, websocket.Text, "still here")
	if err := c.Close(carriertest.Patience(t), websocket.CloseNormal, ""); err != nil {
		t.Error(err)
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
	for range 10 {
		carriertest.Exchange(t, carriertest.Dial(t, url, d), websocket.Text, "another")
	}
	mu.Lock()
	defer mu.Unlock()
	if len(peers) != 1 {
		t.Errorf("the server saw the clients %v, want one", peers)
	}
}

func TestAClosedDialerSaysSo(t *testing.T) {
	url, d := serve(t, carriertest.Echo(nil, nil))
	c := carriertest.Dial(t, url, d)
	carriertest.Exchange(t, c, websocket.Text, "open")
	d.(*h3.Dialer).Close()
	_, _, err := c.Read(carriertest.Patience(t))
	carriertest.WantEnd(t, err, websocket.CloseAbnormal, "", false)
	if _, err := websocket.Dial(carriertest.Patience(t), url, &websocket.DialOptions{Carrier: d}); err == nil || !strings.Contains(err.Error(), "closed") {
		t.Errorf("error %v", err)
	}
}

func TestAnEventStreamOverHTTP3(t *testing.T) {
	for _, takesOver := range []bool{false, true} {
		streams, over := make(chan *websocket.EventStream, 1), make(chan struct{}, 1)
		var handler http.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			s, err := websocket.AcceptEvents(w, r, websocket.Limits{})
			if err != nil {
				t.Error(err)
				return
			}
			streams <- s
			s.Run(func() {
				s.Wait()
				over <- struct{}{}
			})
		})
		if takesOver {
			handler = h3.Handler(handler)
		}
		url, _ := serve(t, handler)
		_, config := certificate()
		transport := &http3.Transport{TLSClientConfig: config}
		defer transport.Close()
		get := func() *http.Response {
			r, err := http.NewRequestWithContext(carriertest.Patience(t), "GET", strings.Replace(url, "wss", "https", 1), nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := transport.RoundTrip(r)
			if err != nil {
				t.Fatal(err)
			}
			return resp
		}
		resp := get()
		s := <-streams
		s.Send([]byte("data: a\n\n"))
		go s.Close(t.Context(), []byte("event: close\n\n"))
		if got, err := io.ReadAll(resp.Body); string(got) != "data: a\n\nevent: close\n\n" || err != nil {
			t.Errorf("got %q, %v", got, err)
		}
		<-over

		resp = get()
		s = <-streams
		resp.Body.Close() // the client goes
		<-over
		if got := s.Send([]byte("data: b\n\n")); got != websocket.Closed {
			t.Errorf("Send to a client that has gone: %v", got)
		}
	}
}
