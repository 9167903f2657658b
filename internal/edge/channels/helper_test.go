package channels

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/holdfast-dev/holdfast/internal/edge/door/doortest"
	"github.com/holdfast-dev/holdfast/internal/policy"
	"github.com/holdfast-dev/holdfast/internal/session"
	"github.com/holdfast-dev/holdfast/websocket"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const testLimit = 64 << 10 // bytes a message

// edge is a running handler and a way to talk to it.
type edge struct {
	t *testing.T
	*Handler
	url string // http://…
}

// start serves a handler until the end of the test.
func start(t *testing.T) *edge { return startWith(t, Config{}) }

// startWith is start with the rest of a configuration.
func startWith(t *testing.T, config Config) *edge {
	return startOn(t, testChannels(t), policy.Limits{}, config)
}

// startOn is startWith on channels that are there, with limits for clients.
func startOn(t *testing.T, channels *session.Channels, limits policy.Limits, config Config) *edge {
	config.Door = doortest.New(t, "channels", channels.Rules(), limits)
	config.Door.Origins = []string{"https://app.example"}
	config.MaxMessageBytes = testLimit
	config.Log = slog.New(slog.DiscardHandler)
	h := New(channels, config)
	s := httptest.NewUnstartedServer(h)
	s.Listener = smallListener{s.Listener}
	s.Start()
	e := &edge{t: t, Handler: h, url: s.URL}
	t.Cleanup(func() {
		e.stop(patience(t), "test over")
		s.Close()
	})
	return e
}

// stop closes every connection, as the server does when it stops.
func (e *edge) stop(ctx context.Context, reason string) {
	e.door.Clients.Close(ctx, reason)
	e.Handler.Close()
}

// testChannels are channels of all kinds: those below kept/ have a history of five messages.
func testChannels(t *testing.T) *session.Channels {
	t.Helper()
	kept, small, silent := doortest.OpenRule(), doortest.OpenRule(), doortest.OpenRule()
	kept.Channels, kept.History.Count, kept.Slow = "kept/#", 5, policy.SlowCatchUp
	small.Channels, small.MaxMessageBytes = "small/#", 10
	silent.Channels, silent.Echo = "silent/#", false
	return doortest.Channels(t, testLimit, kept, small, silent, doortest.OpenRule())
}

// patience is the longest that anything may take; it is not a timing that is tested.
func patience(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// dial opens a WebSocket on a channel; rest is the name and, if need be, a query.
func (e *edge) dial(rest string) *websocket.Conn {
	e.t.Helper()
	c, err := websocket.Dial(patience(e.t), strings.Replace(e.url, "http", "ws", 1)+Prefix+rest, nil)
	if err != nil {
		e.t.Fatal(err)
	}
	e.t.Cleanup(c.CloseNow)
	return c
}

func (e *edge) send(c *websocket.Conn, typ websocket.MessageType, message string) {
	e.t.Helper()
	if err := c.Write(patience(e.t), typ, []byte(message)); err != nil {
		e.t.Fatal(err)
	}
}

func (e *edge) wantMessage(c *websocket.Conn, typ websocket.MessageType, message string) {
	e.t.Helper()
	gotType, got, err := c.Read(patience(e.t))
	if err != nil || gotType != typ || string(got) != message {
		e.t.Fatalf("got %v %.80q, %v; want %v %.80q", gotType, got, err, typ, message)
	}
}

// wantClose reads to the end, which must be a close frame with code.
func (e *edge) wantClose(c *websocket.Conn, code websocket.CloseCode, reasonHas string) {
	e.t.Helper()
	for {
		_, _, err := c.Read(patience(e.t))
		if err == nil {
			continue
		}
		if websocket.CloseCodeOf(err) != code || !strings.Contains(err.Error(), reasonHas) {
			e.t.Fatalf("ended with %v; want code %v and a reason with %q", err, code, reasonHas)
		}
		return
	}
}

// do sends a plain HTTP request to a channel URL and returns the answer with its body.
func (e *edge) do(method, rest string, header http.Header, body io.Reader) (*http.Response, string) {
	e.t.Helper()
	return e.ask(method, Prefix+rest, header, body)
}

// ask is do for any path.
func (e *edge) ask(method, path string, header http.Header, body io.Reader) (*http.Response, string) {
	e.t.Helper()
	r, err := http.NewRequestWithContext(patience(e.t), method, e.url+path, body)
	if err != nil {
		e.t.Fatal(err)
	}
	r.Header = header
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(r)
	if err != nil {
		e.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		e.t.Fatal(err)
	}
	return resp, string(b)
}

// wantAnswer checks status and part of the body.
func (e *edge) wantAnswer(resp *http.Response, body string, status int, has string) {
	e.t.Helper()
	if resp.StatusCode != status || !strings.Contains(body, has) {
		e.t.Errorf("answered %d %q; want %d with %q", resp.StatusCode, body, status, has)
	}
}

func contentType(v string) http.Header { return http.Header{"Content-Type": {v}} }

// smallListener accepts connections with a small buffer to send, so that it is soon noticed who does not
// read.
type smallListener struct{ net.Listener }

func (l smallListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return conn, conn.(*net.TCPConn).SetWriteBuffer(smallBuffer)
}

const smallBuffer = 32 << 10
