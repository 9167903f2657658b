package signalr

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"go.uber.org/goleak"

	"github.com/holdfast-dev/holdfast/internal/edge/door/doortest"
	"github.com/holdfast-dev/holdfast/internal/edge/signalr/hubproto"
	"github.com/holdfast-dev/holdfast/internal/hub"
	"github.com/holdfast-dev/holdfast/internal/policy"
	"github.com/holdfast-dev/holdfast/internal/session"
	"github.com/holdfast-dev/holdfast/websocket"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const testLimit = 64 << 10 // bytes a message

// patience is the longest that anything may take; it is not a timing that is tested.
const patience = 20 * time.Second

// edge is a running handler and a way to talk to it.
type edge struct {
	t testing.TB
	*Handler
	url string // http://…/signalr
}

// start serves a hub at /signalr until the end of the test, on channels that everybody may use, of which those below kept/ have history.
func start(t testing.TB, config Config) *edge { return startAsking(t, config, nil) }

// startAsking is start with a backend.
func startAsking(t testing.TB, config Config, backend session.Backend) *edge {
	t.Helper()
	kept := doortest.OpenRule()
	kept.Channels, kept.History.Count, kept.Slow, kept.Presence = "kept/#", 1000, policy.SlowCatchUp, true
	mine := policy.Default()
	mine.Channels = "mine/#"
	channels := doortest.Channels(t, testLimit, kept, mine, doortest.OpenRule())
	config.Door = doortest.New(t, "signalr", channels.Rules(), policy.Limits{})
	config.Door.Sources.Query = true
	if backend != nil {
		config.Door.Clients.Backend = backend
	}
	config.MaxMessageBytes = testLimit
	config.Log = slog.New(slog.DiscardHandler)
	config.Presence = hub.NewPresence(time.Minute, nil)
	if config.Hubs == nil {
		config.Hubs = []*Hub{newHub(t, "/signalr", nil, nil, nil)}
	}
	h := New(channels, config)
	s := httptest.NewServer(h)
	e := &edge{t: t, Handler: h, url: s.URL + "/signalr"}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		e.door.Clients.Close(ctx, "test over")
		e.Handler.Close()
		s.Close()
		config.Presence.Close()
	})
	return e
}

func newHub(t testing.TB, path string, subscribe, methods, messages []string) *Hub {
	t.Helper()
	h, err := NewHub(path, subscribe, methods, messages)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// ask sends a request and returns the status and the body of the answer.
func (e *edge) ask(method, pathAndQuery, body string, header ...string) (int, string) {
	e.t.Helper()
	ctx, cancel := context.WithTimeout(e.t.Context(), patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, e.url+pathAndQuery, strings.NewReader(body))
	if err != nil {
		e.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		e.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		e.t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

// negotiated returns the token of a connection.
func (e *edge) negotiated(query string) string {
	e.t.Helper()
	status, body := e.ask("POST", "/negotiate?negotiateVersion=1"+query, "")
	var n negotiated
	if err := json.Unmarshal([]byte(body), &n); err != nil || status != http.StatusOK {
		e.t.Fatalf("%d %s: %v", status, body, err)
	}
	return n.ConnectionToken
}

// peer is a client on a WebSocket.
type peer struct {
	t        testing.TB
	ws       *websocket.Conn
	encoding hubproto.Encoding
	frames   hubproto.Frames
}

// dial connects, without the handshake of the hub protocol.
func (e *edge) dial(query string) *peer {
	e.t.Helper()
	ctx, cancel := context.WithTimeout(e.t.Context(), patience)
	defer cancel()
	ws, err := websocket.Dial(ctx, strings.Replace(e.url, "http", "ws", 1)+query, nil)
	if err != nil {
		e.t.Fatal(err)
	}
	e.t.Cleanup(func() { ws.CloseNow() })
	return &peer{t: e.t, ws: ws, encoding: hubproto.InJSON, frames: hubproto.Frames{Encoding: hubproto.InJSON}}
}

// connect is dial with the handshake.
func (e *edge) connect(query string, protocol hubproto.Encoding) *peer {
	e.t.Helper()
	p := e.dial(query)
	p.write(`{"protocol":"` + string(protocol) + `","version":1}` + "\x1e")
	if answer := p.frame(); answer != "{}" {
		e.t.Fatalf("the handshake is answered with %s", answer)
	}
	p.encoding, p.frames.Encoding = protocol, protocol
	return p
}

func (p *peer) write(text string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := p.ws.Write(ctx, websocket.Text, []byte(text)); err != nil {
		p.t.Fatal(err)
	}
}

func (p *peer) send(messages ...hubproto.Message) {
	p.t.Helper()
	var b []byte
	for _, m := range messages {
		b = p.encoding.Append(b, m)
	}
	typ := websocket.Text
	if p.encoding.Binary() {
		typ = websocket.Binary
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := p.ws.Write(ctx, typ, b); err != nil {
		p.t.Fatal(err)
	}
}

// frame returns the next message as it was written.
func (p *peer) frame() string {
	p.t.Helper()
	b, err := p.next()
	if err != nil {
		p.t.Fatal(err)
	}
	return b
}

func (p *peer) next() (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		b, err := p.frames.Next()
		if err != nil || b != nil {
			return string(b), err
		}
		_, message, err := p.ws.Read(ctx)
		if err != nil {
			return "", err
		}
		p.frames.Feed(message)
	}
}

// receive returns the next message.
func (p *peer) receive() hubproto.Message {
	p.t.Helper()
	m, err := p.encoding.Decode([]byte(p.frame()))
	if err != nil {
		p.t.Fatal(err)
	}
	return m
}

// end returns how the connection ends, and the last message before.
func (p *peer) end() (last string, code websocket.CloseCode) {
	p.t.Helper()
	for {
		b, err := p.next()
		if err == nil {
			last = b
			continue
		}
		if errors.Is(err, context.DeadlineExceeded) {
			p.t.Fatal("the connection does not end")
		}
		return last, websocket.CloseCodeOf(err)
	}
}

// invocation returns one with arguments in JSON.
func invocation(id, target string, arguments ...string) *hubproto.Invocation {
	m := &hubproto.Invocation{ID: id, Target: target}
	for _, a := range arguments {
		m.Arguments = append(m.Arguments, hubproto.JSON([]byte(a)))
	}
	return m
}

// completed waits for the completion of an invocation, and returns its result or its error. What else comes is thrown away.
func (p *peer) completed(id string) (result, failed string) {
	p.t.Helper()
	for {
		if c, ok := p.receive().(*hubproto.Completion); ok && c.ID == id {
			return string(c.Result.AppendJSON(nil)), c.Error
		}
	}
}
