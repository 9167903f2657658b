package session

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/holdfast-dev/holdfast/internal/auth"
	"github.com/holdfast-dev/holdfast/internal/hooks"
	"github.com/holdfast-dev/holdfast/internal/hooks/hookstest"
	"github.com/holdfast-dev/holdfast/internal/policy"
	"github.com/holdfast-dev/holdfast/protocol"
)

// becomes returns a backend for which everybody is a user, with an answer that counts for a while.
func becomes(asked *int, user string, ttl time.Duration) *hookstest.Backend {
	return &hookstest.Backend{OnConnect: func(context.Context, *hooks.ConnectRequest) (*hooks.ConnectReply, error) {
		*asked++
		return &hooks.ConnectReply{Identity: &auth.Identity{User: user}, TTL: ttl}, nil
	}}
}

func arrives(token string) Arrival { return Arrival{Who: new(auth.Identity), Token: token} }

func TestTheBackendIsToldWhoComesAndSaysWhoThatIs(t *testing.T) {
	inChannels(t, func(t *testing.T, c *Channels) {
		var got *hooks.ConnectRequest
		client := admitted(t, c, &hookstest.Backend{OnConnect: func(_ context.Context, r *hooks.ConnectRequest) (*hooks.ConnectReply, error) {
			got = r
			return &hooks.ConnectReply{Identity: &auth.Identity{User: "ada"}}, nil
		}}, new(auth.Identity))
		a := Arrival{Who: &auth.Identity{User: "cert"}, Token: "opaque", Header: http.Header{"Cookie": {"a=b"}}}
		g, err := client.Greet(t.Context(), a)
		if err != nil || g.Who.User != "ada" || !g.Who.Issued.Equal(time.Now()) {
			t.Errorf("greeted with %+v, %v", g, err)
		}
		if got.User != "cert" || got.Identity != a.Who || got.Token != "opaque" || got.Headers.Get("Cookie") != "a=b" || got.Edge != "test" {
			t.Errorf("asked with %+v", got)
		}
	})
}

func TestWhatTheBackendSaysCountsForWhoeverShowsTheSameForAsLongAsItSays(t *testing.T) {
	inChannels(t, func(t *testing.T, c *Channels) {
		asked := 0
		client := admitted(t, c, becomes(&asked, "ada", time.Minute), new(auth.Identity))
		greet := func(c *Client, a Arrival, want int) {
			t.Helper()
			if g, err := c.Greet(t.Context(), a); err != nil || g.Who.User != "ada" || asked != want {
				t.Errorf("asked %d times, want %d; greeted with %+v, %v", asked, want, g, err)
			}
		}
		visit := func() *Client { return client.clients.Visit("test", netip.Addr{}, new(auth.Identity)) }
		greet(visit(), arrives("one"), 1)
		greet(visit(), arrives("one"), 1)
		greet(visit(), arrives("two"), 2)
		greet(visit(), Arrival{Who: new(auth.Identity), Token: "one", Header: http.Header{"Cookie": {"c"}}}, 3)
		greet(visit(), Arrival{Who: &auth.Identity{User: "bob"}, Token: "one"}, 4)
		greet(client.clients.Visit("test", netip.MustParseAddr("192.0.2.1"), new(auth.Identity)), arrives("one"), 5)
		greet(client, arrives("one"), 5) // a connection
		time.Sleep(time.Minute)
		greet(visit(), arrives("one"), 6)
	})
}

func TestAnAnswerWithoutATimeIsNotRemembered(t *testing.T) {
	inChannels(t, func(t *testing.T, c *Channels) {
		asked := 0
		cs := admitted(t, c, becomes(&asked, "ada", 0), new(auth.Identity)).clients
		for range 3 {
			if _, err := cs.Visit("test", netip.Addr{}, new(auth.Identity)).Greet(t.Context(), arrives("one")); err != nil {
				t.Fatal(err)
			}
		}
		if asked != 3 {
			t.Errorf("asked %d times", asked)
		}
	})
}

func TestFewGreetingsAreRememberedAndNoneBeyondItsIdentity(t *testing.T) {
	var g greetings
	now := time.Now()
	who := &auth.Identity{User: "ada", Expires: now.Add(time.Second)}
	keys := make([]greetingKey, 3*maxGreetings)
	for i := range keys {
		keys[i] = keyOf(&hooks.ConnectRequest{Token: fmt.Sprint(i)})
		g.put(keys[i], Greeting{Who: who}, now.Add(time.Minute))
	}
	if n := len(g.young) + len(g.old); n > 2*maxGreetings {
		t.Errorf("%d are remembered", n)
	}
	last := keys[len(keys)-1]
	if _, ok := g.get(last, now); !ok {
		t.Error("the last one is forgotten")
	}
	if _, ok := g.get(last, now.Add(time.Second)); ok {
		t.Error("it counts longer than who it is for")
	}
}

func TestATokenThatNobodyKnowsIsRefusedWhereNobodyIsAsked(t *testing.T) {
	inChannels(t, func(t *testing.T, c *Channels) {
		silent := &hookstest.Backend{OnConnect: func(context.Context, *hooks.ConnectRequest) (*hooks.ConnectReply, error) {
			return nil, hooks.ErrNotAsked
		}}
		for _, b := range []Backend{noBackend, silent} {
			client := admitted(t, c, b, new(auth.Identity))
			_, err := client.Greet(t.Context(), arrives("opaque"))
			if refused, ok := errors.AsType[*auth.Error](err); !ok || refused.Code != auth.Unauthorized {
				t.Errorf("got %v", err)
			}
			if g, err := client.Greet(t.Context(), arrives("")); err != nil || !g.Who.Anonymous() {
				t.Errorf("without a token: %+v, %v", g, err)
			}
		}
	})
}

func TestARequestCountsWithTheUserThatTheBackendMakesOfIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rules, err := policy.NewRules()
		if err != nil {
			t.Fatal(err)
		}
		asked := 0
		cs := NewClients(rules, policy.Limits{MessagesPerUser: policy.Rate{PerSecond: 1, Burst: 2}, ConnectionsPerUser: 1}, nil)
		cs.Backend = becomes(&asked, "ada", 0)
		var last error
		for i := range 3 {
			c := cs.Visit("test", netip.Addr{}, new(auth.Identity))
			g, err := c.Greet(t.Context(), arrives("t"))
			if err != nil {
				t.Fatal(err)
			}
			if last = c.Identify(g.Who, ""); i < 2 && last != nil {
				t.Errorf("request %d: %v", i, last)
			}
		}
		if limit, ok := errors.AsType[*LimitError](last); !ok || limit.Limit != "limits.messages_per_user" {
			t.Errorf("the third: %v", last)
		}
	})
}

func TestTheBackendIsAskedWhetherAClientMaySeeIntoChannels(t *testing.T) {
	inChannels(t, func(t *testing.T, c *Channels) {
		client := admitted(t, c, &hookstest.Backend{Channels: "rooms/#", OnSubscribe: func(_ context.Context, r *hooks.SubscribeRequest) error {
			if r.User != "ada" || r.Channels != "rooms/mine" {
				return hookstest.Refuse("not_a_member", "it is not your room")
			}
			return nil
		}}, &auth.Identity{User: "ada"})
		if client.Asks("other") || !client.Asks("rooms/a") || !client.Asks("#") {
			t.Error("it is asked about other channels than it wants to be")
		}
		if err := errors.Join(client.Ask(t.Context(), "other"), client.Ask(t.Context(), "rooms/mine")); err != nil {
			t.Error(err)
		}
		err := client.Ask(t.Context(), "rooms/+")
		if refused, ok := errors.AsType[*hooks.Refusal](err); !ok || refused.Answer.Code != "not_a_member" {
			t.Errorf("got %v", err)
		}
	})
}

func TestACallIsAnsweredByTheBackendAndWithoutOneByNobody(t *testing.T) {
	inChannels(t, func(t *testing.T, c *Channels) {
		client := admitted(t, c, &hookstest.Backend{OnRPC: func(_ context.Context, r *hooks.RPCRequest) (protocol.Payload, error) {
			if r.Method == "none" {
				return protocol.Payload{}, hooks.ErrNotAsked
			}
			return protocol.Text(r.User + " calls " + r.Method + " with " + string(r.Data)), nil
		}}, &auth.Identity{User: "ada"})
		if got, err := client.Call(t.Context(), "rename", protocol.Text("Ada")); err != nil || string(got.Data) != "ada calls rename with Ada" {
			t.Errorf("got %q, %v", got.Data, err)
		}
		for _, c := range []*Client{client, admitted(t, c, noBackend, new(auth.Identity))} {
			if _, err := c.Call(t.Context(), "none", protocol.Payload{}); !errors.Is(err, ErrNoMethods) {
				t.Errorf("got %v", err)
			}
		}
	})
}

func TestAQuestionThatTakesTooLongForACommandIsGivenUp(t *testing.T) {
	inChannels(t, func(t *testing.T, c *Channels) {
		client := admitted(t, c, &hookstest.Backend{OnSubscribe: func(ctx context.Context, _ *hooks.SubscribeRequest) error {
			<-ctx.Done()
			return ctx.Err()
		}}, new(auth.Identity))
		began := time.Now()
		err := client.Ask(t.Context(), "e")
		if _, silent := errors.AsType[*hooks.Unavailable](err); !silent || time.Since(began) != maxAsk {
			t.Errorf("got %v after %s", err, time.Since(began))
		}
	})
}
