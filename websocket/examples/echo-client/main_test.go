package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/holdfast-dev/holdfast/websocket"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serve runs a server that gives its side of each connection to talk, and returns its URL.
func serve(t *testing.T, secure bool, talk func(*websocket.Conn)) string {
	t.Helper()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := websocket.Accept(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		talk(conn)
	}))
	if secure {
		server.StartTLS()
	} else {
		server.Start()
	}
	t.Cleanup(server.Close)
	return "ws" + strings.TrimPrefix(server.URL, "http")
}

// limit bounds a test that would hang.
func limit(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func TestMessagesAreEchoedUntilTheServerCloses(t *testing.T) {
	for _, secure := range []bool{false, true} {
		ctx := limit(t)
		url := serve(t, secure, func(conn *websocket.Conn) {
			for _, m := range []struct {
				typ     websocket.MessageType
				message []byte
			}{{websocket.Text, []byte("héllo")}, {websocket.Binary, nil}, {websocket.Binary, bytes.Repeat([]byte{7}, 200_000)}} {
				if err := conn.Write(ctx, m.typ, m.message); err != nil {
					t.Error(err)
				}
				typ, echoed, err := conn.Read(ctx)
				if err != nil || typ != m.typ || !bytes.Equal(echoed, m.message) {
					t.Errorf("the echo of %d bytes of %v is %d bytes of %v, %v", len(m.message), m.typ, len(echoed), typ, err)
				}
			}
			if err := conn.Close(ctx, 4001, "enough"); err != nil {
				t.Error(err)
			}
		})
		var out bytes.Buffer
		if err := run(ctx, []string{"-insecure", url}, &out, io.Discard); err != nil {
			t.Error(err)
		}
		if got, want := out.String(), "websocket: closed by the peer with 4001: \"enough\"\n"; got != want {
			t.Errorf("it printed %q; want %q", got, want)
		}
	}
}

func TestALostConnectionIsAnError(t *testing.T) {
	url := serve(t, false, func(conn *websocket.Conn) { conn.CloseNow() })
	if err := run(limit(t), []string{url}, io.Discard, io.Discard); websocket.CloseCodeOf(err) != websocket.CloseAbnormal {
		t.Errorf("got %v", err)
	}
}

func TestAMessageOverTheLimitIsRefused(t *testing.T) {
	ctx := limit(t)
	url := serve(t, false, func(conn *websocket.Conn) {
		if err := conn.Write(ctx, websocket.Binary, make([]byte, 101)); err != nil {
			t.Error(err)
		}
		if _, _, err := conn.Read(ctx); websocket.CloseCodeOf(err) != websocket.CloseMessageTooBig {
			t.Errorf("the client ended the connection with %v", err)
		}
	})
	var out strings.Builder
	if err := run(ctx, []string{"-max-message", "100", url}, &out, io.Discard); err != nil || !strings.Contains(out.String(), "1009") {
		t.Errorf("got %v and %q", err, out.String())
	}
}

func TestAnInterruptClosesTheConnectionProperly(t *testing.T) {
	ctx, interrupt := context.WithCancel(limit(t))
	ended := make(chan error, 1)
	url := serve(t, false, func(conn *websocket.Conn) {
		if err := conn.Write(t.Context(), websocket.Text, []byte("ready")); err != nil {
			t.Error(err)
		}
		if _, _, err := conn.Read(t.Context()); err != nil {
			t.Error(err)
		}
		interrupt()
		_, _, err := conn.Read(t.Context())
		ended <- err
	})
	if err := run(ctx, []string{url}, io.Discard, io.Discard); err != nil {
		t.Error(err)
	}
	if err := <-ended; websocket.CloseCodeOf(err) != websocket.CloseGoingAway {
		t.Errorf("the server saw %v", err)
	}
}

func TestMistakesAreExplained(t *testing.T) {
	for line, want := range map[string]string{
		"":                   "give one URL",
		"ws://a/ ws://b/":    "give one URL",
		"http://localhost/":  "must begin with wss:// or ws://",
		"ws://127.0.0.1:1/x": "connection refused",
	} {
		err := run(limit(t), strings.Fields(line), io.Discard, io.Discard)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("echo-client %s: %v; want %s", line, err, want)
		}
	}
}
