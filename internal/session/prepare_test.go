package session

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
)

// prepare opens a subscription and reads where it begins. begin starts it.
func (c *Channels) prepare(t *testing.T, p channel.Pattern, start Start) (b []Beginning, to *client, begin func()) {
	t.Helper()
	to = newClient()
	s, err := c.Subscribe(p, start, "", to)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Cancel)
	if b, err = s.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	return b, to, func() {
		s.Start()
		synctest.Wait()
	}
}

func TestAPreparedSubscriptionTellsWhereItBegins(t *testing.T) {
	at := func(offset uint64) broker.Position { return broker.Position{Epoch: "epoch", Offset: offset} }
	for name, test := range map[string]struct {
		start Start
		want  Beginning
		got   []string
	}{
		"now":           {Start{}, Beginning{At: at(3)}, []string{"live 3", "four"}},
		"since":         {since(1), Beginning{At: at(1), Messages: 2}, []string{"two", "three", "live 3", "four"}},
		"since the end": {since(3), Beginning{At: at(3)}, []string{"live 3", "four"}},
		"last":          {Start{Last: 1}, Beginning{At: at(2), Messages: 1}, []string{"three", "live 3", "four"}},
		"all":           {Start{All: true}, Beginning{At: at(0), Messages: 3}, []string{"one", "two", "three", "live 3", "four"}},
		"another epoch": {
			Start{Since: []broker.Position{{Epoch: "before", Offset: 2}}},
			Beginning{At: at(0), Lost: true, Messages: 3}, []string{"one", "two", "three", "live 3", "four"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			inChannels(t, func(t *testing.T, c *Channels) {
				c.say("kept/a", "one", "two", "three")
				got, to, begin := c.prepare(t, "kept/a", test.start)
				if len(got) != 1 || got[0] != test.want {
					t.Errorf("begins at %+v, want %+v", got, test.want)
				}
				to.want(t) // nothing, before it has been started
				begin()
				c.say("kept/a", "four")
				to.want(t, test.got...)
			})
		})
	}
}

func TestWhatIsPublishedBetweenPrepareAndStartIsDelivered(t *testing.T) {
	inChannels(t, func(t *testing.T, c *Channels) {
		c.say("kept/a", "one")
		_, replaying, beginReplay := c.prepare(t, "kept/a", since(0))
		_, current, beginCurrent := c.prepare(t, "kept/a", since(1))
		c.say("kept/a", "two")
		beginReplay()
		beginCurrent()
		replaying.want(t, "one", "two", "live 2")
		current.want(t, "two", "live 2")
	})
}

func TestLatestOnRequestReplacesWhatTheRuleDelivers(t *testing.T) {
	inChannels(t, func(t *testing.T, c *Channels) {
		to := newClient()
		s, err := c.Open(Request{Channels: "e", Latest: true}, to)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Cancel()
		s.Start()
		to.stall()
		c.say("e", "one")
		c.say("e", "two")
		c.say("e", "three")
		to.drain()
		synctest.Wait()
		to.want(t, "one", "three")
	})
}

func TestPrepareEndsWithItsContext(t *testing.T) {
	inChannels(t, func(t *testing.T, c *Channels) {
		s, err := c.Subscribe("kept/a", since(0), "", newClient())
		if err != nil {
			t.Fatal(err)
		}
		defer s.Cancel()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := s.Prepare(ctx); err == nil {
			t.Error("prepared all the same")
		}
	})
}
