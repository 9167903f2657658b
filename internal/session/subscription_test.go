package session

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/hub"
	"github.com/holdfast-dev/holdfast/internal/policy"
	"github.com/holdfast-dev/holdfast/websocket"
)

// in runs a test in a world of its own, where time is fake.
func in(t *testing.T, test func(t *testing.T, w *world)) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, noTail)
		test(t, w)
		w.hub.Close()
	})
}

func TestALiveSubscriptionGetsWhatIsStoredFromNowOn(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		w.publish("a", 2)
		c := newClient()
		s := w.subscribe(c, "a", Start{}, w.catchUp())
		w.publish("b", 1)
		w.publish("a", 2)
		s.Cancel()
		w.publish("a", 1)
		c.want(t, "live 2", "a@4", "a@5")
	})
}

func TestWhatIsPublishedBetweenOpenAndStartIsDelivered(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		w.publish("a", 1)
		c := newClient()
		parts := []Part{w.catchUp(), {Delivery: policy.DeliverAll, Slow: policy.SlowDrop}}
		s, err := Open(w.hub, Request{Channels: "#", Parts: parts}, c)
		if err != nil {
			t.Fatal(err)
		}
		if at := s.Positions(); len(at) != 1 || at[0] != (broker.Position{Epoch: "epoch", Offset: 1}) {
			t.Errorf("positions %v", at)
		}
		w.publish("a", 1)
		w.hub.Publish(said("e", "", "ephemeral"), nil)
		c.want(t)
		s.Start()
		defer s.Cancel()
		c.want(t, "a@2", "live 2", "ephemeral")
	})
}

func TestASubscriptionStartsWhereItIsAskedTo(t *testing.T) {
	for name, test := range map[string]struct {
		start Start
		want  string
	}{
		"since a position":              {since(2), "a@3, a@5, live 5, a@6"},
		"since the newest":              {since(5), "live 5, a@6"},
		"since before the first":        {since(0), "a@1, a@2, a@3, a@5, live 5, a@6"},
		"since the future":              {since(99), "lost, a@1, a@2, a@3, a@5, live 5, a@6"},
		"since another world":           {Start{Since: []broker.Position{{Epoch: "old", Offset: 2}}}, "lost, a@1, a@2, a@3, a@5, live 5, a@6"},
		"since, taken to be this world": {Start{Since: []broker.Position{{Offset: 3}}}, "a@5, live 5, a@6"},
		"last two":                      {Start{Last: 2}, "a@3, a@5, live 5, a@6"},
		"last of more than there are":   {Start{Last: 9}, "a@1, a@2, a@3, a@5, live 5, a@6"},
		"all":                           {Start{All: true}, "a@1, a@2, a@3, a@5, live 5, a@6"},
	} {
		t.Run(name, func(t *testing.T) {
			in(t, func(t *testing.T, w *world) {
				w.log.PageMessages = 2
				w.publish("a", 3)
				w.publish("b", 1)
				w.publish("a", 1)
				c := newClient()
				s := w.subscribe(c, "a", test.start, w.catchUp())
				defer s.Cancel()
				synctest.Wait()
				w.publish("a", 1)
				c.want(t, strings.Split(test.want, ", ")...)
			})
		})
	}
}

func TestAnExpiredPositionIsSaid(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		w.publish("a", 4)
		w.log.Evict(1)
		w.log.Evict(2)
		behind, fine := newClient(), newClient()
		defer w.subscribe(behind, "a", since(1), w.catchUp()).Cancel()
		defer w.subscribe(fine, "a", since(2), w.catchUp()).Cancel()
		synctest.Wait()
		behind.want(t, "lost", "a@3", "a@4", "live 4")
		fine.want(t, "a@3", "a@4", "live 4")
	})
}

func TestWhatTheClientPublishedItselfCanBeLeftOut(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		own := func(m *broker.Message) { m.Source = "me" }
		c := newClient()
		parts := []Part{w.catchUp(), {Delivery: policy.DeliverAll, Slow: policy.SlowDrop}}
		s, err := Open(w.hub, Request{Channels: "#", Parts: parts, Start: Start{All: true}, Without: "me"}, c)
		if err != nil {
			t.Fatal(err)
		}
		w.log.Append("a", own)
		w.append("a", 1)
		w.log.Flow()
		s.Start()
		defer s.Cancel()
		synctest.Wait()
		w.log.Append("a", own)
		w.append("a", 1)
		w.log.Flow()
		w.hub.Publish(said("e", "me", "mine"), nil)
		w.hub.Publish(said("e", "you", "yours"), nil)
		c.want(t, "a@2", "live 2", "a@4", "yours")
	})
}

func TestASlowReaderIsCaughtUpFromTheLog(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		slow, quick := newClient(), newClient()
		defer w.subscribe(slow, "a", Start{}, w.catchUp()).Cancel()
		defer w.subscribe(quick, "a", Start{}, w.catchUp()).Cancel()
		slow.stall()
		w.publish("a", 50)
		var want []string
		for i := range 50 {
			want = append(want, fmt.Sprintf("a@%d", i+1))
		}
		quick.want(t, append([]string{"live 0"}, want...)...)
		if slow.most > slow.limit {
			t.Errorf("%d messages waited for the slow one", slow.most)
		}
		slow.drain()
		synctest.Wait()
		slow.want(t, append(append([]string{"live 0"}, want...), "live 50")...)
		w.publish("a", 1)
		if got := slow.events(); got[len(got)-1].String() != "a@51" {
			t.Errorf("not live: %v", got)
		}
	})
}

func TestReplayWaitsWhileTheLogIsAway(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		w.publish("a", 2)
		w.log.SetAway(true)
		c := newClient()
		defer w.subscribe(c, "a", since(0), w.catchUp()).Cancel()
		time.Sleep(30 * time.Second)
		c.want(t)
		w.log.SetAway(false)
		time.Sleep(maxRetryDelay)
		c.want(t, "a@1", "a@2", "live 2")
	})
}

func TestASubscriptionCanBeCancelledWhateverItDoes(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		w.publish("a", 20)
		stalled := newClient()
		stalled.stall()
		replaying := w.subscribe(stalled, "a", since(0), w.catchUp())
		opened, err := Open(w.hub, Request{Channels: "a", Parts: []Part{w.catchUp()}}, newClient())
		if err != nil {
			t.Fatal(err)
		}
		w.log.SetAway(true)
		waiting := w.subscribe(newClient(), "b", since(0), w.catchUp())
		synctest.Wait()
		for _, s := range []*Subscription{replaying, opened, waiting} {
			s.Cancel()
			s.Cancel()
		}
	})
}

func TestARequestThatContradictsItselfIsRefused(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		other, err := w.hub.Follow(t.Context(), w.log, broker.Retention{})
		if err != nil {
			t.Fatal(err)
		}
		for has, r := range map[string]Request{
			"no rule":          {Channels: "a"},
			"needs a history":  {Channels: "a", Parts: []Part{{Slow: policy.SlowCatchUp}}},
			"choose one":       {Channels: "a", Parts: []Part{w.catchUp()}, Start: Start{Last: 1, All: true}},
			"negative":         {Channels: "a", Parts: []Part{w.catchUp()}, Start: Start{Last: -1}},
			"needs its epoch,": {Channels: "#", Parts: []Part{w.catchUp(), {Feed: other}}, Start: Start{Since: []broker.Position{{Offset: 3}}}},
		} {
			if _, err := Open(w.hub, r, newClient()); err == nil || !strings.Contains(err.Error(), has) {
				t.Errorf("got %v, want an error with %q", err, has)
			}
		}
	})
}

// said is an ephemeral message.
func said(name channel.Name, source, message string) *hub.Publication {
	p := hub.NewPublication(name, websocket.Message{Type: websocket.Text, Payload: []byte(message)})
	return p.From(source)
}
