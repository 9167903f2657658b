package socket

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/internal/auth"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/edge/door/doortest"
	"github.com/holdfast-dev/holdfast/internal/hooks"
	"github.com/holdfast-dev/holdfast/internal/hooks/hookstest"
	"github.com/holdfast-dev/holdfast/protocol"
	"github.com/holdfast-dev/holdfast/websocket"
)

// startAsking is start with a backend, which is not changed any more.
func startAsking(t testing.TB, b *hookstest.Backend) *edge {
	t.Helper()
	channels := guardedChannels(t)
	d := testDoor(t, channels)
	d.Clients.Backend = b
	return startOn(t, channels, Config{Door: d})
}

// startOnAsking is startAsking with channels that everybody may use.
func startOnAsking(t testing.TB, b *hookstest.Backend) *edge {
	t.Helper()
	channels := testChannels(t)
	d := testDoor(t, channels)
	d.Clients.Backend = b
	return startOn(t, channels, Config{Door: d})
}

// vouches is a backend for which a token is the name of its user, who may do everything below staff/, for an hour. Users
// that begin with x are refused, and about y it can't be asked.
func vouches(asked *atomic.Int32, subscribe ...string) *hookstest.Backend {
	return &hookstest.Backend{Wants: []string{"X-Tenant"}, OnConnect: func(_ context.Context, r *hooks.ConnectRequest) (*hooks.ConnectReply, error) {
		asked.Add(1)
		user := r.Token + r.Headers.Get("X-Tenant")
		switch {
		case strings.HasPrefix(user, "x"):
			return nil, hookstest.Refuse(protocol.Code(user), "go away")
		case user == "y":
			return nil, &hooks.Unavailable{Hook: "test", After: 3 * time.Second}
		}
		grants, err := auth.NewGrants(map[string]string{"staff/#": "rwp"}, user)
		reply := &hooks.ConnectReply{Identity: &auth.Identity{User: user, Grants: grants, Expires: time.Now().Add(time.Hour)}}
		if user == "" {
			reply.Identity = r.Identity
		}
		for _, name := range subscribe {
			reply.Subscribe = append(reply.Subscribe, channel.Name(name))
		}
		return reply, err
	}}
}

func TestTheBackendSaysWhoConnectsAndIsNotAskedAgainWhenTheClientComesBack(t *testing.T) {
	var asked atomic.Int32
	e := startAsking(t, vouches(&asked))
	c := e.dial()
	first := c.as("ada")
	if first.User != "ada" || first.Expires < 59*time.Minute || asked.Load() != 1 {
		t.Errorf("got %+v, asked %d times", first, asked.Load())
	}
	c.subscribe(&protocol.Subscribe{Channel: "staff/a"})
	c.ws.CloseNow()

	again := e.dial()
	if ok := again.connect(&first.Session); !ok.Resumed || ok.User != "ada" || ok.Expires == 0 || asked.Load() != 1 {
		t.Errorf("resumed with %+v, asked %d times", ok, asked.Load())
	}
	again.subscribe(&protocol.Subscribe{Channel: "staff/a"})
	again.next() // live
	var refreshed protocol.RefreshOK
	again.reply(again.send(&protocol.Refresh{Token: "ada"}), &refreshed)
	again.wantRefused(again.send(&protocol.Refresh{Token: "bob"}), protocol.CodeUnauthorized, "another user")
	if refreshed.Expires == 0 || asked.Load() != 3 {
		t.Errorf("refreshed with %+v, asked %d times", refreshed, asked.Load())
	}
}

func TestWhatTheBackendLetsAnonymousClientsDoTheyMayWhenTheyComeBack(t *testing.T) {
	grants, err := auth.NewGrants(map[string]string{"staff/#": "r"}, "")
	if err != nil {
		t.Fatal(err)
	}
	e := startAsking(t, &hookstest.Backend{OnConnect: func(_ context.Context, r *hooks.ConnectRequest) (*hooks.ConnectReply, error) {
		return &hooks.ConnectReply{Identity: &auth.Identity{Grants: grants, By: "hook test", Expires: time.Now().Add(time.Hour)}}, nil
	}})
	c := e.dial()
	first := c.connect(nil)
	c.subscribe(&protocol.Subscribe{Channel: "staff/a"})
	c.ws.CloseNow()
	again := e.dial()
	if ok := again.connect(&first.Session); !ok.Resumed || ok.Expires == 0 {
		t.Errorf("got %+v", ok)
	}
	again.subscribe(&protocol.Subscribe{Channel: "staff/a"})
}

func TestATokenThatTheServerKnowsIsCheckedBeforeTheBackendIsAsked(t *testing.T) {
	e := startAsking(t, &hookstest.Backend{OnConnect: func(_ context.Context, r *hooks.ConnectRequest) (*hooks.ConnectReply, error) {
		if r.Token != "" || r.Identity.User != "ada" {
			return nil, fmt.Errorf("asked with %q, %+v", r.Token, r.Identity)
		}
		return &hooks.ConnectReply{Identity: r.Identity}, nil
	}})
	token := doortest.Token(t, "ada", time.Hour, nil)
	if ok := e.dial().as(token); ok.User != "ada" {
		t.Errorf("got %+v", ok)
	}
	forged := e.dial()
	forged.wantRefused(forged.send(&protocol.Connect{Token: token + "x"}), protocol.CodeUnauthorized, "token")
	forged.wantClose(websocket.CloseCode(protocol.CloseUnauthorized), "")
}

func TestWhomTheBackendRefusesIsTurnedAwayWithItsWords(t *testing.T) {
	var asked atomic.Int32
	e := startAsking(t, vouches(&asked))
	banned := e.dial()
	banned.wantRefused(banned.send(&protocol.Connect{Token: "xbanned"}), "xbanned", "go away")
	banned.wantClose(websocket.CloseCode(protocol.CloseDisconnected), "go away")

	waiting := e.dial()
	refused := waiting.wantRefused(waiting.send(&protocol.Connect{Token: "y"}), protocol.CodeUnavailable, "")
	if refused.After != 3*time.Second {
		t.Errorf("to be asked again after %s", refused.After)
	}
	waiting.wantRefused(waiting.send(&protocol.Ping{}), protocol.CodeUnavailable, "")
	if ok := waiting.as("ada"); ok.User != "ada" {
		t.Errorf("got %+v", ok)
	}
}

func TestWithoutConnectTheBackendIsAskedWithWhatTheHandshakeShows(t *testing.T) {
	var asked atomic.Int32
	e := startAsking(t, vouches(&asked))
	dial := func(tenant string) *client {
		ws, err := websocket.Dial(patience(t), e.url, &websocket.DialOptions{Header: http.Header{"X-Tenant": {tenant}, "X-Other": {"x"}}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(ws.CloseNow)
		return &client{t: t, ws: ws}
	}
	c := dial("acme")
	if asked.Load() != 0 {
		t.Error("asked before the client has said anything")
	}
	c.publish("mine/acme/a", "x")
	c.publish("staff/a", "y")
	if asked.Load() != 1 {
		t.Errorf("asked %d times", asked.Load())
	}
	banned := dial("xbanned")
	banned.wantRefused(banned.send(&protocol.Publish{Channel: "e"}), "xbanned", "go away")
	banned.wantClose(websocket.CloseCode(protocol.CloseDisconnected), "go away")
	for later, c := 0, dial("y"); later < 2; later++ {
		c.wantRefused(c.send(&protocol.Ping{}), protocol.CodeUnavailable, "")
	}
}

func TestTheBackendSubscribesTheClientToWhatItMay(t *testing.T) {
	var asked atomic.Int32
	e := startAsking(t, vouches(&asked, "staff/a", "news/a", "mine/bob/a", "staff/b"))
	c := e.dial()
	ok := c.as("ada")
	epoch := e.channels.Epoch("news/a")
	want := []protocol.Subscribed{
		{Sub: protocol.FirstServerSub, Channel: "staff/a"},
		{Sub: protocol.FirstServerSub + 1, Channel: "news/a", Position: protocol.Positions{{Offset: 0, Epoch: epoch}}},
		{Sub: protocol.FirstServerSub + 3, Channel: "staff/b"},
	}
	if fmt.Sprint(ok.Subscriptions) != fmt.Sprint(want) {
		t.Errorf("subscribed to %v, want %v", ok.Subscriptions, want)
	}
	c.want(`{"live":{"sub":4503599627370496}}`, `{"live":{"sub":4503599627370497,"position":"0:`+epoch+`"}}`, `{"live":{"sub":4503599627370499}}`)
	if own := c.subscribe(&protocol.Subscribe{Channel: "staff/b"}); own.Sub != 1 {
		t.Errorf("the client's own has the number %d", own.Sub)
	}
	c.next() // live
	c.send(&protocol.Publish{Channel: "staff/a", Payload: protocol.Text("x")})
	c.want(`{"message":{"sub":4503599627370496,"data":"x"}}`)
	c.next() // the reply
	c.reply(c.send(&protocol.Unsubscribe{Sub: protocol.FirstServerSub}), new(protocol.UnsubscribeOK))
}

func TestTheBackendDecidesWhoSeesIntoAChannel(t *testing.T) {
	e := startOnAsking(t, &hookstest.Backend{Channels: "present/#", OnSubscribe: func(_ context.Context, r *hooks.SubscribeRequest) error {
		if r.Channels != "present/mine" {
			return hookstest.Refuse("not_a_member", "it is not yours")
		}
		return nil
	}})
	c := e.dial()
	c.subscribe(&protocol.Subscribe{Channel: "present/mine"})
	c.next() // live
	c.reply(c.send(&protocol.Presence{Channel: "present/mine"}), new(protocol.PresenceOK))
	for _, verb := range []protocol.Verb{
		&protocol.Subscribe{Channel: "present/yours"}, &protocol.Subscribe{Pattern: "present/+"}, &protocol.Subscribe{Pattern: "#"},
		&protocol.Presence{Channel: "present/yours"},
	} {
		c.wantRefused(c.send(verb), "not_a_member", "it is not yours")
	}
	if e.channels.Subscribers("present/yours") != 0 {
		t.Error("a subscription that is refused stays")
	}
	c.subscribe(&protocol.Subscribe{Channel: "other"})
}

func TestOtherCommandsDoNotWaitForTheBackend(t *testing.T) {
	answer := make(chan error)
	wait := func(ctx context.Context) error {
		select {
		case err := <-answer:
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	e := startOnAsking(t, &hookstest.Backend{
		Channels:    "kept/#",
		OnSubscribe: func(ctx context.Context, _ *hooks.SubscribeRequest) error { return wait(ctx) },
		OnPublish:   func(ctx context.Context, _ *hooks.PublishRequest) (*protocol.Payload, error) { return nil, wait(ctx) },
		OnRPC: func(ctx context.Context, r *hooks.RPCRequest) (protocol.Payload, error) {
			return r.Payload, wait(ctx)
		},
	})
	c := e.dial()
	for _, verb := range []protocol.Verb{
		&protocol.Subscribe{Channel: "kept/a"}, &protocol.Publish{Channel: "kept/a"}, &protocol.History{Channel: "kept/a"},
		&protocol.RPC{Method: "echo", Payload: protocol.Text("x")},
	} {
		id := c.send(verb)
		c.reply(c.send(&protocol.Ping{}), new(protocol.PingOK))
		answer <- hookstest.Refuse("no", "no")
		c.wantRefused(id, "no", "no")
	}
	c.send(&protocol.RPC{Method: "echo"}) // its connection ends before the answer
}

func TestPublishesAreAnsweredInOrderHoweverLongTheBackendTakes(t *testing.T) {
	second := make(chan struct{})
	e := startOnAsking(t, &hookstest.Backend{OnPublish: func(ctx context.Context, r *hooks.PublishRequest) (*protocol.Payload, error) {
		switch string(r.Data) {
		case "1":
			select {
			case <-second:
			case <-ctx.Done():
			}
		case "2":
			close(second)
			return nil, hookstest.Refuse("no", "no")
		case "3":
			instead := protocol.Binary([]byte("changed"))
			return &instead, nil
		}
		return nil, nil
	}})
	c := e.dial()
	c.subscribe(&protocol.Subscribe{Channel: "e"})
	c.next() // live
	c.raw(`[{"id":11,"publish":{"channel":"e","data":"1"}},{"id":12,"publish":{"channel":"e","data":"2"}}]`)
	c.raw(`{"id":13,"publish":{"channel":"e","data":"3"}}`)
	var pushes, replies []string
	for range 5 { // what comes in one read leaves as one
		if it := c.next(); it.Push != nil {
			pushes = append(pushes, show(it))
		} else {
			replies = append(replies, fmt.Sprint(it.Reply.ID, " ", it.Reply.Err == nil))
		}
	}
	if want := []string{`{"message":{"sub":1,"data":"1"}}`, `{"message":{"sub":1,"data":"Y2hhbmdlZA==","binary":true}}`}; !slices.Equal(pushes, want) {
		t.Errorf("got %s, want %s", pushes, want)
	}
	if want := []string{"11 true", "12 false", "13 true"}; !slices.Equal(replies, want) {
		t.Errorf("got %s, want %s", replies, want)
	}
}

func TestACallIsAnsweredByTheBackend(t *testing.T) {
	e := startOnAsking(t, &hookstest.Backend{OnRPC: func(_ context.Context, r *hooks.RPCRequest) (protocol.Payload, error) {
		switch r.Method {
		case "none":
			return protocol.Payload{}, hooks.ErrNotAsked
		case "fails":
			return protocol.Payload{}, hookstest.Refuse("out_of_stock", "there is none left")
		case "silent":
			return protocol.Payload{}, &hooks.Unavailable{After: 2 * time.Second}
		}
		return protocol.Payload{Data: append([]byte(r.Method+" "), r.Data...), Binary: r.Binary}, nil
	}})
	c := e.dial()
	var ok protocol.RPCOK
	c.reply(c.send(&protocol.RPC{Method: "buy", Payload: protocol.Binary([]byte("x"))}), &ok)
	if string(ok.Data) != "buy x" || !ok.Binary {
		t.Errorf("got %+v", ok)
	}
	c.wantRefused(c.send(&protocol.RPC{Method: "none"}), protocol.CodeUnknownMethod, `nobody answers the method "none"`)
	c.wantRefused(c.send(&protocol.RPC{Method: "fails"}), "out_of_stock", "there is none left")
	if refused := c.wantRefused(c.send(&protocol.RPC{Method: "silent"}), protocol.CodeUnavailable, "can't be asked"); refused.After != 2*time.Second {
		t.Errorf("got %+v", refused)
	}
}

func TestTheBackendIsToldOfTheEndOfWhoWasLetIn(t *testing.T) {
	told := make(chan hooks.Event, 10)
	var asked atomic.Int32
	b := vouches(&asked)
	b.OnEvent = func(e hooks.Event) {
		if e.Kind == hooks.Disconnect {
			told <- e
		}
	}
	e := startAsking(t, b)
	want := func(user, session string, code int) {
		t.Helper()
		select {
		case got := <-told:
			if got.Client.User != user || got.Client.Session != session || got.Code != code || got.Client.Edge != "socket" {
				t.Errorf("told %+v", got)
			}
		case <-patience(t).Done():
			t.Fatal("nothing is told")
		}
	}
	e.dial().ws.CloseNow() // has said nothing
	banned := e.dial()
	banned.wantRefused(banned.send(&protocol.Connect{Token: "xbanned"}), "xbanned", "")
	banned.wantClose(websocket.CloseCode(protocol.CloseDisconnected), "")

	c := e.dial()
	ok := c.as("ada")
	c.ws.CloseNow()
	want("ada", ok.Session.ID, 1006)
	again := e.dial()
	if resumed := again.connect(&ok.Session); !resumed.Resumed {
		t.Fatalf("got %+v", resumed)
	}
	if err := again.ws.Close(patience(t), websocket.CloseNormal, ""); err != nil {
		t.Fatal(err)
	}
	want("ada", ok.Session.ID, 1000)
}

func TestAConnectionWithoutAWebSocketEndsWithTheCodeThatOneWould(t *testing.T) {
	for why, want := range map[error]websocket.CloseCode{
		&farewell{websocket.CloseGoingAway, "the server stops"}: websocket.CloseGoingAway,
		errLeft:   websocket.CloseNormal,
		errCut:    websocket.CloseAbnormal,
		errSilent: websocket.CloseAbnormal,
	} {
		if code, reason := codeOf(why); code != int(want) || (reason == "") != (why == errLeft) {
			t.Errorf("%v: %d %q", why, code, reason)
		}
	}
}
