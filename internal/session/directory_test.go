package session_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/holdfast-dev/holdfast/internal/auth"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/policy"
	"github.com/holdfast-dev/holdfast/internal/session"
	"github.com/holdfast-dev/holdfast/protocol"
)

func TestAConnectionTellsWhatItIs(t *testing.T) {
	cs := newClients(t, policy.Limits{})
	c, err := cs.Admit("socket", here, nobody)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Leave()
	ada := &auth.Identity{User: "ada"}
	if err := c.Identify(ada, "s1"); err != nil {
		t.Fatal(err)
	}
	if i := c.Info(); len(i.Subscriptions) != 0 {
		t.Errorf("before its handshake is over it has the subscriptions %q", i.Subscriptions)
	}
	w := newWatched()
	w.subs = []channel.Pattern{"a", "b/#"}
	c.Connected(w)
	i := c.Info()
	if i.Edge != "socket" || i.Session != "s1" || i.From != here || i.Who != ada || !slices.Equal(i.Subscriptions, w.subs) {
		t.Errorf("%+v", i)
	}
	if ago := time.Since(i.Since); ago < 0 || ago > time.Minute {
		t.Errorf("it came %s ago", ago)
	}
	if cs.Find(i.ID) != c {
		t.Errorf("%s is not found", i.ID)
	}
	c.End(protocol.CloseDisconnected, "enough")
	if code := <-w.ended; code != protocol.CloseDisconnected {
		t.Errorf("it was ended with %d", code)
	}
}

func TestWhoIsEndedBeforeTheHandshakeIsOverIsEndedThen(t *testing.T) {
	cs := newClients(t, policy.Limits{})
	c, err := cs.Admit("socket", here, nobody)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Leave()
	c.End(protocol.CloseDisconnected, "enough")
	w := newWatched()
	c.Connected(w)
	if len(w.ended) != 1 || <-w.ended != protocol.CloseDisconnected {
		t.Error("the connection was let live")
	}
}

func TestConnectionsThatHaveLeftAreNotFound(t *testing.T) {
	cs := newClients(t, policy.Limits{})
	c, err := cs.Admit("socket", here, nobody)
	if err != nil {
		t.Fatal(err)
	}
	if got := cs.Edges(); !maps.Equal(got, map[string]int{"socket": 1}) {
		t.Errorf("%v", got)
	}
	c.Leave()
	if cs.Find(c.ID()) != nil || cs.Edges()["socket"] != 0 || cs.Count() != 0 {
		t.Error("it is still there")
	}
	for _, id := range []string{"", "x", "otherone-1", cs.Node(), cs.Node() + "-", cs.Node() + "-!"} {
		if cs.Find(id) != nil {
			t.Errorf("%q is found", id)
		}
		if id == "" {
			continue
		}
		if _, _, err := cs.Page(id, 10, everyone); !errors.Is(err, session.ErrNoConnectionID) {
			t.Errorf("a page behind %q: %v", id, err)
		}
	}
}

func everyone(*session.Client) bool { return true }

// Whoever comes and goes between the pages, those who stay are on one of them, once, in the order in which they came.
func TestPagesHaveEverybodyOnce(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		cs := newClients(t, policy.Limits{})
		var here []*session.Client
		admit := func(stays bool) {
			c, err := cs.Admit("test", there, &auth.Identity{User: fmt.Sprint(stays)})
			if err != nil {
				rt.Fatal(err)
			}
			here = append(here, c)
		}
		for range rapid.IntRange(0, 2500).Draw(rt, "at first") {
			admit(rapid.Bool().Draw(rt, "stays"))
		}
		var want, got []string
		stays := func(c *session.Client) bool { return c.Who().User == "true" }
		for _, c := range here {
			if stays(c) {
				want = append(want, c.ID())
			}
		}
		most := rapid.IntRange(1, 1500).Draw(rt, "most")
		for after, more := "", true; more; {
			page, next, err := cs.Page(after, most, stays)
			if err != nil || len(page) > most {
				rt.Fatalf("%d connections of %d, %v", len(page), most, err)
			}
			for _, c := range page {
				got = append(got, c.ID())
			}
			after, more = next, next != ""
			if len(here) > 0 && rapid.Bool().Draw(rt, "somebody leaves") {
				i := rapid.IntRange(0, len(here)-1).Draw(rt, "who")
				if !stays(here[i]) {
					here[i].Leave()
					here = slices.Delete(here, i, i+1)
				}
			}
		}
		if !slices.Equal(got, want) {
			rt.Fatalf("got %d connections, want %d", len(got), len(want))
		}
		for _, c := range here {
			c.Leave()
		}
	})
}
