package socket

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/internal/session"
	"github.com/holdfast-dev/holdfast/protocol"
	"github.com/holdfast-dev/holdfast/websocket"
)

func TestConnectTellsTheSessionAndTheLimits(t *testing.T) {
	inAll(t, func(t *testing.T, e *edge, dial func() *client) {
		ok := dial().connect(nil)
		if ok.Session.ID == "" || ok.Session.Secret == "" || ok.Resumed || ok.Why != "" || ok.User != "" {
			t.Errorf("session %+v", ok)
		}
		if len(ok.Session.ID) > protocol.MaxNameBytes || len(ok.Session.Secret) > protocol.MaxSecretBytes {
			t.Errorf("the session is too long: %+v", ok.Session)
		}
		if ok.Window != time.Minute || ok.Dedup != 30*time.Second || ok.Ping != 25*time.Second || ok.Pong != 20*time.Second {
			t.Errorf("times %+v", ok)
		}
		if ok.Limits.MessageBytes < testLimit*4/3 || ok.Limits.Commands != 256 || ok.Limits.Subscriptions != 1000 {
			t.Errorf("limits %+v", ok.Limits)
		}
	})
}

func TestConnectComesOnceAndFirst(t *testing.T) {
	e := start(t)
	c := e.dial()
	c.connect(nil)
	c.wantRefused(c.send(&protocol.Connect{}), protocol.CodeBadCommand, "connected already")
	other := e.dial()
	other.reply(other.send(&protocol.Ping{}), &protocol.PingOK{})
	other.wantRefused(other.send(&protocol.Connect{}), protocol.CodeBadCommand, "connected already")
	again := e.dial()
	again.raw(`{"id":1,"connect":{"tokn":"x"}}`)
	again.wantRefused(1, protocol.CodeBadCommand, "tokn")
	again.ids = 1
	again.connect(nil)
}

func TestANewerConnectionTakesOverTheSession(t *testing.T) {
	inAll(t, func(t *testing.T, e *edge, dial func() *client) {
		old := dial()
		first := old.connect(nil)
		second := dial().connect(&first.Session)
		if !second.Resumed || second.Why != "" || second.Session.ID != first.Session.ID {
			t.Errorf("got %+v", second)
		}
		old.wantClose(websocket.CloseCode(protocol.CloseTakenOver), "taken over")
		third := dial().connect(&second.Session)
		if !third.Resumed {
			t.Errorf("got %+v", third)
		}
	})
}

func TestASessionIsResumedAfterADropAndAfterARestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "session.key")
	channels := testChannels(t)
	open := func() *edge {
		key, err := OpenKey(path)
		if err != nil {
			t.Fatal(err)
		}
		return startOn(t, channels, Config{Key: key})
	}
	e := open()
	c := e.dial()
	was := c.connect(nil)
	c.ws.CloseNow()
	e.wantGone(t, was.Session.ID)
	if now := e.dial().connect(&was.Session); !now.Resumed || now.Session.ID != was.Session.ID {
		t.Errorf("after a drop: %+v", now)
	}
	if now := open().dial().connect(&was.Session); !now.Resumed || now.Session.ID != was.Session.ID {
		t.Errorf("after a restart: %+v", now)
	}
}

// wantGone waits until a session has no connection.
func (e *edge) wantGone(t *testing.T, id string) {
	t.Helper()
	waitUntil(t, "the session has no connection", func() bool {
		e.sessions.mu.Lock()
		defer e.sessions.mu.Unlock()
		return e.sessions.open[id] == nil
	})
}

func TestASessionThatCannotBeResumedIsAFreshOne(t *testing.T) {
	e := startWith(t, Config{Window: time.Nanosecond})
	c := e.dial()
	was := c.connect(nil)
	c.ws.CloseNow()
	e.wantGone(t, was.Session.ID)
	stranger := start(t).dial().connect(nil)
	forged := protocol.Session{ID: "someone", Secret: was.Session.Secret}
	for _, test := range []struct {
		name string
		from protocol.Session
		why  string
	}{
		{"gone for too long", was.Session, protocol.WhyExpired},
		{"of another server", stranger.Session, protocol.WhyUnknown},
		{"another's secret", forged, protocol.WhyUnknown},
		{"no secret at all", protocol.Session{ID: was.Session.ID, Secret: "x"}, protocol.WhyUnknown},
	} {
		got := e.dial().connect(&test.from)
		if got.Resumed || got.Why != test.why || got.Session.ID == test.from.ID {
			t.Errorf("%s: %+v", test.name, got)
		}
	}
}

func TestWhoSaysNothingIsClosed(t *testing.T) {
	e := startWith(t, Config{FirstCommand: time.Millisecond})
	e.dial().wantClose(websocket.CloseCode(protocol.CloseNoConnect), "no command")
}

func TestClientsAreAskedToMoveAndStayUntilTheyLeaveOrAreClosed(t *testing.T) {
	inBoth(t, func(t *testing.T, e *edge, dial func() *client) {
		c := dial()
		c.connect(nil)
		asked := e.door.Clients.Move(patience(t), session.Moving{Advise: func() session.Advice {
			return session.Advice{Why: protocol.WhyDrain, Endpoints: []string{"wss://b.example.com:8443"}}
		}})
		if asked != 1 {
			t.Errorf("%d are asked", asked)
		}
		c.want(`{"move":{"after":0,"spread":0,"why":"drain","endpoints":["wss://b.example.com:8443/socket"]}}`)
		c.reply(c.send(&protocol.Ping{}), &protocol.PingOK{})
		closed := make(chan struct{})
		go func() {
			e.stop(patience(t), "the server stops")
			close(closed)
		}()
		c.wantClose(websocket.CloseGoingAway, "the server stops")
		<-closed
		_, err := websocket.Dial(patience(t), e.url, nil)
		if err == nil || !strings.Contains(err.Error(), "shutting down") {
			t.Errorf("let in: %v", err)
		}
	})
}

func TestAPlainRequestIsToldWhatIsHere(t *testing.T) {
	e := start(t)
	r, err := http.NewRequestWithContext(patience(t), "GET", strings.Replace(e.url, "ws", "http", 1), nil)
	if err != nil {
		t.Fatal(err)
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusUpgradeRequired {
		t.Errorf("answered %d", resp.StatusCode)
	}
}

func TestWithoutASubprotocolItIsJSON(t *testing.T) {
	e := start(t)
	ws, err := websocket.Dial(patience(t), e.url, &websocket.DialOptions{Subprotocols: []string{"graphql-ws"}})
	if err != nil {
		t.Fatal(err)
	}
	defer ws.CloseNow()
	if ws.Subprotocol() != "" {
		t.Errorf("agreed on %q", ws.Subprotocol())
	}
	c := &client{t: t, ws: ws}
	c.raw(`{"subscribe":{"channel":"e"}}`)
	c.reply(0, &protocol.SubscribeOK{})
	c.want(`{"live":{"sub":1}}`)
}

// waitUntil polls a condition.
func waitUntil(t reporter, what string, holds func() bool) {
	t.Helper()
	ctx := patience(t)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("not so in 20 s: %s", what)
		}
	}
}

// The older connection's command may be read after the newer one's, since they are two streams.
func TestAnOlderConnectionDoesNotTakeTheSessionFromANewerOne(t *testing.T) {
	e := start(t)
	first := e.dial().connect(nil)
	older, newer := e.dial(), e.dial()
	if ok := newer.connect(&first.Session); !ok.Resumed {
		t.Fatalf("not resumed: %+v", ok)
	}
	older.send(&protocol.Connect{Session: &first.Session})
	older.wantClose(websocket.CloseCode(protocol.CloseTakenOver), "newer")
	newer.reply(newer.send(&protocol.Ping{}), &protocol.PingOK{})
}
