package socket

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/holdfast-dev/holdfast/internal/cluster"
	"github.com/holdfast-dev/holdfast/internal/edge/door"
	"github.com/holdfast-dev/holdfast/internal/edge/door/doortest"
	"github.com/holdfast-dev/holdfast/internal/hub"
	"github.com/holdfast-dev/holdfast/internal/policy"
	"github.com/holdfast-dev/holdfast/internal/session"
	"github.com/holdfast-dev/holdfast/protocol"
	"github.com/holdfast-dev/holdfast/websocket"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const testLimit = 64 << 10 // bytes a message

// edge is a running handler and a way to talk to it.
type edge struct {
	t testing.TB
	*Handler
	url string // ws://…
}

// start serves a handler until the end of the test.
func start(t testing.TB) *edge { return startWith(t, Config{}) }

// startWith is start with the rest of a configuration.
func startWith(t testing.TB, config Config) *edge {
	t.Helper()
	return startOn(t, testChannels(t), config)
}

// startOn is startWith on channels that are there.
func startOn(t testing.TB, channels *session.Channels, config Config) *edge {
	t.Helper()
	if config.Door == nil {
		config.Door = testDoor(t, channels)
	}
	config.MaxMessageBytes = testLimit
	config.SendQueueBytes = 256 << 10
	config.Log = slog.New(slog.DiscardHandler)
	if config.Window == 0 {
		config.Window = time.Minute
	}
	config.Dedup = 30 * time.Second
	if config.Key == nil {
		config.Key = NewKey()
	}
	if config.Cluster == nil {
		config.Cluster = cluster.Alone(cluster.Node{ID: cluster.NewID()})
	}
	config.Presence = hub.NewPresence(config.Window, nil)
	h := New(channels, config)
	s := httptest.NewUnstartedServer(h)
	s.Listener = smallListener{s.Listener}
	s.Start()
	e := &edge{t: t, Handler: h, url: strings.Replace(s.URL, "http", "ws", 1) + Path}
	t.Cleanup(func() {
		e.stop(patience(t), "test over")
		s.Close()
		config.Presence.Close()
	})
	return e
}

// stop closes every connection, as the server does when it stops.
func (e *edge) stop(ctx context.Context, reason string) {
	e.door.Clients.Close(ctx, reason)
	e.Handler.Close()
}

// testDoor lets everybody in, without limits.
func testDoor(t testing.TB, channels *session.Channels) *door.Door {
	return doortest.New(t, "socket", channels.Rules(), policy.Limits{})
}

// testChannels are channels of all kinds. Those below kept/ have a history of many messages, those
// below few/ of five.
func testChannels(t testing.TB) *session.Channels {
	t.Helper()
	kept, few, small, present, last := doortest.OpenRule(), doortest.OpenRule(), doortest.OpenRule(), doortest.OpenRule(), doortest.OpenRule()
	kept.Channels, kept.History.Count, kept.Slow = "kept/#", 10_000, policy.SlowCatchUp
	few.Channels, few.History.Count, few.Slow = "few/#", 5, policy.SlowCatchUp
	small.Channels, small.MaxMessageBytes = "small/#", 10
	present.Channels, present.Presence = "present/#", true
	last.Channels, last.History.Count, last.RetainLast, last.Slow = "last/#", 1, true, policy.SlowCatchUp
	drop := doortest.OpenRule()
	drop.Channels, drop.Slow = "drop/#", policy.SlowDrop
	return doortest.Channels(t, testLimit, kept, few, small, present, last, drop, doortest.OpenRule())
}

// patience is the longest that anything may take; it is not a timing that is tested.
func patience(t reporter) context.Context {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// reporter is what a client tells of its failures: a test, or one run of a property.
type reporter interface {
	Helper()
	Errorf(format string, args ...any)
	Fatal(args ...any)
	Fatalf(format string, args ...any)
	Cleanup(func())
	Context() context.Context
}

// client is a scripted client. What it says and wants is written in JSON, whatever it speaks.
type client struct {
	t        reporter
	ws       wire
	encoding protocol.Encoding
	pending  []protocol.FromServer // received, and not looked at
	ids      uint64
}

// wire is how a client talks: a WebSocket, or requests of HTTP.
type wire interface {
	Write(ctx context.Context, typ websocket.MessageType, message []byte) error
	Read(ctx context.Context) (websocket.MessageType, []byte, error)
	Close(ctx context.Context, code websocket.CloseCode, reason string) error
	CloseNow()
}

// dialHTTP connects without a WebSocket.
func (e *edge) dialHTTP(streamed bool) *client {
	e.t.Helper()
	c, refused, err := httpDial(e.t.Context(), e.url, streamed, nil)
	if err != nil || c == nil {
		e.t.Fatal(refused, err)
	}
	e.t.Cleanup(c.CloseNow)
	return &client{t: e.t, ws: c}
}

// dial connects in JSON.
func (e *edge) dial() *client { return e.dialIn(protocol.JSON) }

func (e *edge) dialIn(encoding protocol.Encoding) *client {
	e.t.Helper()
	name := protocol.SubprotocolJSON
	if encoding == protocol.MessagePack {
		name = protocol.SubprotocolMessagePack
	}
	ws, err := websocket.Dial(patience(e.t), e.url, &websocket.DialOptions{Subprotocols: []string{name}, NetDial: dialSmall})
	if err != nil {
		e.t.Fatal(err)
	}
	e.t.Cleanup(ws.CloseNow)
	return &client{t: e.t, ws: ws, encoding: encoding}
}

// ways are how clients may talk.
var ways = []struct {
	name string
	dial func(e *edge) *client
}{
	{"json", func(e *edge) *client { return e.dialIn(protocol.JSON) }},
	{"msgpack", func(e *edge) *client { return e.dialIn(protocol.MessagePack) }},
	{"stream", func(e *edge) *client { return e.dialHTTP(true) }},
	{"polls", func(e *edge) *client { return e.dialHTTP(false) }},
}

// inAll runs a test for each way to talk.
func inAll(t *testing.T, test func(t *testing.T, e *edge, dial func() *client)) {
	inWays(t, len(ways), test)
}

// inBoth runs a test for each encoding.
func inBoth(t *testing.T, test func(t *testing.T, e *edge, dial func() *client)) { inWays(t, 2, test) }

func inWays(t *testing.T, n int, test func(t *testing.T, e *edge, dial func() *client)) {
	for _, way := range ways[:n] {
		t.Run(way.name, func(t *testing.T) {
			e := start(t)
			test(t, e, func() *client { return way.dial(e) })
		})
	}
}

// send sends a command and returns its id.
func (c *client) send(verb protocol.Verb) uint64 {
	c.t.Helper()
	c.ids++
	c.raw(string(c.encoding.AppendCommand(nil, protocol.Command{ID: c.ids, Verb: verb})))
	return c.ids
}

// raw sends a message as it is.
func (c *client) raw(message string) {
	c.t.Helper()
	if err := c.ws.Write(patience(c.t), frameOf(c.encoding), []byte(message)); err != nil {
		c.t.Fatal(err)
	}
}

// next returns the next thing the server has said.
func (c *client) next() protocol.FromServer {
	c.t.Helper()
	it, err := c.read()
	if err != nil {
		c.t.Fatal(err)
	}
	return it
}

func (c *client) read() (protocol.FromServer, error) {
	for len(c.pending) == 0 {
		typ, message, err := c.ws.Read(patience(c.t))
		if err != nil {
			return protocol.FromServer{}, err
		}
		if typ != frameOf(c.encoding) {
			return protocol.FromServer{}, fmt.Errorf("a %v frame", typ)
		}
		if c.pending, err = c.encoding.DecodeServer(message); err != nil {
			return protocol.FromServer{}, fmt.Errorf("%q: %w", message, err)
		}
	}
	it := c.pending[0]
	c.pending = c.pending[1:]
	return it, nil
}

// reply takes the next thing, which must be the reply to a command, and returns it as result.
func (c *client) reply(id uint64, result protocol.Result) {
	c.t.Helper()
	it := c.next()
	if it.Reply == nil || it.Reply.ID != id {
		c.t.Fatalf("got %s, want a reply to %d", show(it), id)
	}
	if err := it.Reply.Result(result); err != nil {
		c.t.Fatalf("command %d: %v", id, err)
	}
}

// wantRefused takes the next thing, which must be an error.
func (c *client) wantRefused(id uint64, code protocol.Code, has string) *protocol.Error {
	c.t.Helper()
	it := c.next()
	if it.Reply == nil || it.Reply.ID != id || it.Reply.Err == nil {
		c.t.Fatalf("got %s, want the error %s for %d", show(it), code, id)
	}
	if err := it.Reply.Err; err.Code != code || !strings.Contains(err.Message, has) || err.Retry != code.Retry() {
		c.t.Fatalf("got %v (retry %v), want %s with %q", err, err.Retry, code, has)
	}
	return it.Reply.Err
}

// want takes the next things, which must be these pushes, as JSON; the time of messages is left out.
func (c *client) want(pushes ...string) {
	c.t.Helper()
	for _, want := range pushes {
		if got := show(c.next()); got != want {
			c.t.Fatalf("got %s, want %s", got, want)
		}
	}
}

// show writes what the server has said as JSON.
func show(it protocol.FromServer) string {
	switch {
	case it.Push == nil && it.Reply.Err != nil:
		return string(protocol.JSON.AppendError(nil, it.Reply.ID, it.Reply.Err))
	case it.Push == nil:
		return fmt.Sprintf("a reply to %d", it.Reply.ID)
	}
	if m, ok := it.Push.(*protocol.Message); ok {
		copied := *m
		copied.Time = time.Time{}
		it.Push = &copied
	}
	return string(protocol.JSON.AppendPush(nil, it.Push))
}

// subscribe subscribes and returns the answer.
func (c *client) subscribe(v *protocol.Subscribe) *protocol.SubscribeOK {
	c.t.Helper()
	ok := new(protocol.SubscribeOK)
	c.reply(c.send(v), ok)
	return ok
}

// connect connects and returns the answer.
func (c *client) connect(s *protocol.Session) *protocol.ConnectOK {
	c.t.Helper()
	ok := new(protocol.ConnectOK)
	c.reply(c.send(&protocol.Connect{Session: s}), ok)
	return ok
}

// publish publishes text and returns the answer.
func (c *client) publish(channel, text string) *protocol.PublishOK {
	c.t.Helper()
	ok := new(protocol.PublishOK)
	c.reply(c.send(&protocol.Publish{Channel: channel, Payload: protocol.Text(text)}), ok)
	return ok
}

// wantClose reads to the end, which must be a close frame with code.
func (c *client) wantClose(code websocket.CloseCode, reasonHas string) {
	c.t.Helper()
	for {
		_, err := c.read()
		if err == nil {
			continue
		}
		if websocket.CloseCodeOf(err) != code || !strings.Contains(err.Error(), reasonHas) {
			c.t.Fatalf("ended with %v; want code %v and a reason with %q", err, code, reasonHas)
		}
		return
	}
}

// smallListener accepts connections with a small buffer to send, and dialSmall makes those with a small
// one to receive, so that it is soon noticed who does not read.
type smallListener struct{ net.Listener }

func (l smallListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return conn, conn.(*net.TCPConn).SetWriteBuffer(smallBuffer)
}

const smallBuffer = 32 << 10

func dialSmall(ctx context.Context, network, addr string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	return conn, conn.(*net.TCPConn).SetReadBuffer(smallBuffer)
}
