package wstest_test

import (
	"context"
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"testing"

	"go.uber.org/goleak"

	"github.com/holdfast-dev/holdfast/websocket"
	"github.com/holdfast-dev/holdfast/websocket/wstest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// echoHandler accepts with the engine and echoes.
func echoHandler(c *websocket.Compression) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{
			Limits:       websocket.Limits{MaxMessageBytes: maxMessage, SendQueueBytes: 2 * maxMessage},
			Subprotocols: []string{"echo.v1"},
			Compression:  c,
		})
		if err != nil {
			return // it has been answered
		}
		conn.Serve(func(typ websocket.MessageType, payload []byte) {
			conn.Write(context.Background(), typ, payload)
		})
	})
}

func engineTarget(url string, cfg *tls.Config) wstest.Target {
	return wstest.Target{
		URL: "ws" + url[len("http"):], TLS: cfg, MaxMessageBytes: maxMessage, Subprotocols: []string{"echo.v1"},
	}
}

var (
	withTakeover    = &websocket.Compression{}
	withoutTakeover = &websocket.Compression{NoContextTakeover: true}
)

func TestTheEngineServesAsTheRFCsAsk(t *testing.T) {
	server := httptest.NewServer(echoHandler(withTakeover))
	t.Cleanup(server.Close)
	wstest.Test(t, engineTarget(server.URL, nil))
}

func TestTheEngineServesOverTLSAsTheRFCsAsk(t *testing.T) {
	server := httptest.NewTLSServer(echoHandler(withoutTakeover))
	t.Cleanup(server.Close)
	wstest.Test(t, engineTarget(server.URL, clientTLS(server)))
}

func TestTheEngineDialsAsTheRFCsAsk(t *testing.T) {
	wstest.TestClient(t, wstest.ClientTarget{Echo: dialAndEcho(nil, withTakeover), MaxMessageBytes: maxMessage})
}

func TestTheEngineDialsOverTLSAsTheRFCsAsk(t *testing.T) {
	server := httptest.NewTLSServer(http.NotFoundHandler()) // for its certificate
	server.Close()
	wstest.TestClient(t, wstest.ClientTarget{
		Echo: dialAndEcho(clientTLS(server), withoutTakeover), TLS: &tls.Config{Certificates: server.TLS.Certificates}, MaxMessageBytes: maxMessage,
	})
}

// Without compression, offers of it are declined, and the bits that it gives a meaning have none.
func TestTheEngineServesWithoutCompressionAsTheRFCsAsk(t *testing.T) {
	server := httptest.NewServer(echoHandler(nil))
	t.Cleanup(server.Close)
	target := engineTarget(server.URL, nil)
	for _, r := range wstest.Run(t.Context(), target, wstest.Options{Match: func(c wstest.Case) bool { return c.Category != "limits" }}) {
		compressed := r.Case.Category == "compression" || r.Case.Category == "negotiation"
		if r.Verdict == wstest.Fail || compressed != (r.Verdict == wstest.NotApplicable) {
			t.Error(r)
		}
	}
}

func clientTLS(server *httptest.Server) *tls.Config {
	return server.Client().Transport.(*http.Transport).TLSClientConfig
}

// dialAndEcho connects with the engine and echoes until the end.
func dialAndEcho(cfg *tls.Config, c *websocket.Compression) func(ctx context.Context, url string) error {
	return func(ctx context.Context, url string) error {
		conn, err := websocket.Dial(ctx, url, &websocket.DialOptions{
			TLS: cfg, Compression: c, Limits: websocket.Limits{MaxMessageBytes: maxMessage, SendQueueBytes: 2 * maxMessage},
		})
		if err != nil {
			return err
		}
		stop := context.AfterFunc(ctx, conn.CloseNow)
		defer stop()
		return conn.Serve(func(typ websocket.MessageType, payload []byte) {
			conn.Write(ctx, typ, payload)
		})
	}
}
