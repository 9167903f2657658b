package socket

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/internal/auth"
	"github.com/holdfast-dev/holdfast/internal/edge/door/doortest"
	"github.com/holdfast-dev/holdfast/internal/policy"
	"github.com/holdfast-dev/holdfast/internal/session"
	"github.com/holdfast-dev/holdfast/protocol"
	"github.com/holdfast-dev/holdfast/websocket"
)

// as connects with a token.
func (c *client) as(token string) *protocol.ConnectOK {
	c.t.Helper()
	ok := new(protocol.ConnectOK)
	c.reply(c.send(&protocol.Connect{Token: token}), ok)
	return ok
}

func guardedChannels(t testing.TB) *session.Channels {
	return doortest.Channels(t, testLimit, doortest.Guarded()...)
}

// guardedInBoth is inBoth with channels that not everybody may use.
func guardedInBoth(t *testing.T, test func(t *testing.T, e *edge, dial func() *client)) {
	for _, encoding := range []protocol.Encoding{protocol.JSON, protocol.MessagePack} {
		t.Run(encoding.String(), func(t *testing.T) {
			e := startOn(t, guardedChannels(t), Config{})
			test(t, e, func() *client { return e.dialIn(encoding) })
		})
	}
}

func TestATokenSaysWhoTheClientIsAndWhatItMayDo(t *testing.T) {
	guardedInBoth(t, func(t *testing.T, e *edge, dial func() *client) {
		ada, nobody := dial(), dial()
		ok := ada.as(doortest.Token(t, "ada", time.Hour, map[string]string{"staff/#": "rw"}))
		if ok.User != "ada" || ok.Expires <= 59*time.Minute || ok.Expires > time.Hour {
			t.Errorf("got %+v", ok)
		}
		ada.subscribe(&protocol.Subscribe{Channel: "staff/a"})
		ada.next() // live
		ada.publish("mine/ada/notes", "x")
		ada.wantRefused(ada.send(&protocol.Publish{Channel: "mine/bob/notes"}), protocol.CodeNotPermitted, "you may not publish to mine/bob/notes")
		ada.wantRefused(ada.send(&protocol.Subscribe{Pattern: "mine/+/notes"}), protocol.CodeNotPermitted, "mine/+/notes")
		ada.wantRefused(ada.send(&protocol.Subscribe{Pattern: "#"}), protocol.CodeNotPermitted, "#")

		nobody.connect(nil)
		refused := nobody.wantRefused(nobody.send(&protocol.Subscribe{Channel: "staff/a"}), protocol.CodeUnauthorized, "send a token")
		if refused.Ref == "" || refused.Retry {
			t.Errorf("got %+v", refused)
		}
		nobody.wantRefused(nobody.send(&protocol.Publish{Channel: "staff/a"}), protocol.CodeUnauthorized, "send a token")
		nobody.wantRefused(nobody.send(&protocol.History{Channel: "news/a"}), protocol.CodeUnauthorized, "read the history")
		nobody.publish("e", "everybody may")
	})
}

func TestATokenThatIsNotGoodIsTurnedAway(t *testing.T) {
	guardedInBoth(t, func(t *testing.T, _ *edge, dial func() *client) {
		forged := doortest.Token(t, "ada", time.Hour, nil) + "x"
		for bad, want := range map[string]protocol.Code{
			"nonsense": protocol.CodeUnauthorized,
			forged:     protocol.CodeUnauthorized,
			doortest.Token(t, "ada", -time.Hour, nil): protocol.CodeTokenExpired,
		} {
			c := dial()
			refused := c.wantRefused(c.send(&protocol.Connect{Token: bad}), want, "token")
			if strings.Contains(refused.Message, bad) {
				t.Errorf("the token is in the answer: %s", refused.Message)
			}
			c.wantClose(websocket.CloseCode(protocol.CloseUnauthorized), "token")
		}
	})
}

func TestWhatFollowsAConnectThatMayBeTriedAgainIsNotRun(t *testing.T) {
	away := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(away.Close)
	authenticator, err := auth.New(patience(t), auth.Config{JWKS: []string{away.URL}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(authenticator.Close)
	channels := guardedChannels(t)
	door := testDoor(t, channels)
	door.Auth = authenticator
	c := startOn(t, channels, Config{Door: door}).dial()
	bearer := doortest.Token(t, "ada", time.Hour, nil)
	c.raw(`[{"id":1,"connect":{"token":"` + bearer + `"}},{"id":2,"publish":{"channel":"e","data":"x"}},{"id":3,"ping":{}}]`)
	for id := range uint64(3) {
		if refused := c.wantRefused(id+1, protocol.CodeUnavailable, ""); !refused.Retry {
			t.Errorf("got %+v", refused)
		}
	}
	c.ids = 3
	c.connect(nil) // as nobody
	c.publish("e", "x")
}

func TestTheHandshakeMayBringTheToken(t *testing.T) {
	e := startOn(t, guardedChannels(t), Config{})
	header := http.Header{"Authorization": {"Bearer " + doortest.Token(t, "ada", time.Hour, nil)}}
	ws, err := websocket.Dial(patience(t), e.url, &websocket.DialOptions{Header: header, Subprotocols: []string{protocol.SubprotocolJSON}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(ws.CloseNow)
	c := &client{t: t, ws: ws, encoding: protocol.JSON}
	c.publish("mine/ada/a", "without connect")
	other := e.dial()
	other.as(doortest.Token(t, "ada", time.Hour, nil))
	other.publish("mine/ada/a", "with connect")
}

func TestARefreshTakesANewerTokenOfTheSameUser(t *testing.T) {
	guardedInBoth(t, func(t *testing.T, e *edge, dial func() *client) {
		c := dial()
		first := c.as(doortest.Token(t, "ada", time.Minute, nil))
		c.wantRefused(c.send(&protocol.Refresh{Token: doortest.Token(t, "bob", time.Hour, nil)}), protocol.CodeUnauthorized, "another user")
		c.wantRefused(c.send(&protocol.Refresh{Token: "x"}), protocol.CodeUnauthorized, "token")
		c.wantRefused(c.send(&protocol.Publish{Channel: "staff/a"}), protocol.CodeNotPermitted, "staff/a")
		ok := new(protocol.RefreshOK)
		c.reply(c.send(&protocol.Refresh{Token: doortest.Token(t, "ada", time.Hour, map[string]string{"staff/a": "w"})}), ok)
		if ok.Expires <= 59*time.Minute || ok.Session == nil || ok.Session.ID != first.Session.ID || ok.Session.Secret == first.Session.Secret {
			t.Errorf("got %+v", ok)
		}
		c.publish("staff/a", "now it may")
		again := dial().connect(ok.Session)
		if !again.Resumed || again.User != "ada" || again.Expires <= 59*time.Minute {
			t.Errorf("got %+v", again)
		}
	})
}

func TestASessionKeepsItsIdentityWithoutAToken(t *testing.T) {
	guardedInBoth(t, func(t *testing.T, e *edge, dial func() *client) {
		first := dial().as(doortest.Token(t, "ada", time.Hour, map[string]string{"staff/a": "w"}))
		c := dial()
		again := c.connect(&first.Session)
		if !again.Resumed || again.User != "ada" {
			t.Fatalf("got %+v", again)
		}
		c.publish("staff/a", "as before")
		c.wantRefused(c.send(&protocol.Publish{Channel: "staff/b"}), protocol.CodeNotPermitted, "staff/b")
	})
}

func TestATokenThatExpiresEndsTheConnection(t *testing.T) {
	e := startOn(t, guardedChannels(t), Config{})
	c := e.dial()
	ok := c.as(doortest.Token(t, "ada", 2*time.Second, nil))
	if push, isExpiring := c.next().Push.(*protocol.Expiring); !isExpiring || push.In <= 0 || push.In > 2*time.Second {
		t.Errorf("got %+v", push)
	}
	c.wantClose(websocket.CloseCode(protocol.CloseUnauthorized), "expired")
	again := e.dial().connect(&ok.Session)
	if again.Resumed || again.Why != protocol.WhyExpired || again.User != "" {
		t.Errorf("got %+v", again)
	}
}

func TestWhoIsRevokedIsDisconnectedAndDoesNotComeBack(t *testing.T) {
	channels := guardedChannels(t)
	revoked := auth.NewRevocations(nil, time.Hour, nil)
	door := testDoor(t, channels)
	door.Clients = session.NewClients(channels.Rules(), policy.Limits{}, revoked)
	e := startOn(t, channels, Config{Door: door})
	for _, revoke := range []func(c *protocol.ConnectOK) auth.Revocation{
		func(*protocol.ConnectOK) auth.Revocation {
			return auth.Revocation{User: "ada", IssuedBefore: time.Now().Add(time.Hour)}
		},
		func(c *protocol.ConnectOK) auth.Revocation { return auth.Revocation{Session: c.Session.ID} },
	} {
		ada, bob := e.dial(), e.dial()
		ok := ada.as(doortest.Token(t, "ada", time.Hour, nil))
		bob.as(doortest.Token(t, "bob", time.Hour, nil))
		if err := revoked.Revoke(t.Context(), revoke(ok)); err != nil {
			t.Fatal(err)
		}
		ada.wantClose(websocket.CloseCode(protocol.CloseDisconnected), "revoked")
		again := e.dial()
		again.wantRefused(again.send(&protocol.Connect{Session: &ok.Session}), protocol.CodeUnauthorized, "revoked")
		bob.publish("mine/bob/a", "still here")
		revoked = auth.NewRevocations(nil, time.Hour, nil)
		door.Clients = session.NewClients(channels.Rules(), policy.Limits{}, revoked)
		e = startOn(t, channels, Config{Door: door})
	}
}

func TestWhoMayNotReadTheHistoryGetsNothingOfIt(t *testing.T) {
	guardedInBoth(t, func(t *testing.T, e *edge, dial func() *client) {
		editor, reader := dial(), dial()
		editor.as(doortest.Token(t, "ada", time.Hour, map[string]string{"news/#": "rw"}))
		live := dial()
		live.connect(nil)
		live.subscribe(&protocol.Subscribe{Channel: "news/a"})
		live.next()
		at := editor.publish("news/a", "one")
		editor.publish("news/a", "two")
		live.next()
		live.next() // from now on these two are of the past for everybody
		reader.connect(nil)
		reader.wantRefused(reader.send(&protocol.Subscribe{Channel: "news/a", Last: 2}), protocol.CodeUnauthorized, "read the history")
		ok := reader.subscribe(&protocol.Subscribe{Channel: "news/a", Since: protocol.Positions{{Offset: at.Offset - 1, Epoch: at.Epoch}}})
		if !ok.Lost || ok.Why != protocol.WhyNoHistory || ok.Oldest != nil {
			t.Errorf("got %+v", ok)
		}
		reader.next() // live
		three := editor.publish("news/a", "three")
		if got, isMessage := reader.next().Push.(*protocol.Message); !isMessage || string(got.Data) != "three" || got.Offset != three.Offset {
			t.Errorf("got %+v", got)
		}
	})
}

func TestWhoSendsTooFastIsToldWhenToGoOnAndIsClosedInTheEnd(t *testing.T) {
	channels := guardedChannels(t)
	door := testDoor(t, channels)
	door.Clients = session.NewClients(channels.Rules(), policy.Limits{Messages: policy.Rate{PerSecond: 0.01, Burst: 3}}, nil)
	e := startOn(t, channels, Config{Door: door})
	c, bystander := e.dial(), e.dial()
	for range 3 {
		c.publish("a", "x")
	}
	refused := c.wantRefused(c.send(&protocol.Publish{Channel: "a"}), protocol.CodeRateLimited, "limits.messages")
	if !refused.Retry || refused.After < time.Minute || refused.After > 100*time.Second {
		t.Errorf("got %+v", refused)
	}
	bystander.publish("a", "unhindered")
	for range 200 {
		c.raw(`{"ping":{}}`)
	}
	c.wantClose(websocket.CloseCode(protocol.CloseTooMany), "limits.messages")
	bystander.publish("a", "unhindered")
}

func TestAUserHasSoManyConnectionsAndNoMore(t *testing.T) {
	channels := guardedChannels(t)
	door := testDoor(t, channels)
	door.Clients = session.NewClients(channels.Rules(), policy.Limits{ConnectionsPerUser: 2}, nil)
	e := startOn(t, channels, Config{Door: door})
	first := e.dial()
	for _, c := range []*client{first, e.dial()} {
		c.as(doortest.Token(t, "ada", time.Hour, nil))
	}
	third := e.dial()
	third.wantRefused(third.send(&protocol.Connect{Token: doortest.Token(t, "ada", time.Hour, nil)}), protocol.CodeRateLimited, "limits.connections_per_user")
	third.wantClose(websocket.CloseCode(protocol.CloseTooMany), "2 connections")
	e.dial().as(doortest.Token(t, "bob", time.Hour, nil))
	if err := first.ws.Close(patience(t), websocket.CloseNormal, ""); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(20 * time.Second); ; {
		c := e.dial()
		c.send(&protocol.Connect{Token: doortest.Token(t, "ada", time.Hour, nil)})
		if c.next().Reply.Err == nil || time.Now().After(deadline) {
			break
		}
	}
}
