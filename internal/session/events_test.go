package session

import (
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/holdfast-dev/holdfast/internal/auth"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/hooks"
	"github.com/holdfast-dev/holdfast/internal/hooks/hookstest"
	"github.com/holdfast-dev/holdfast/internal/policy"
	"github.com/holdfast-dev/holdfast/protocol"
)

// told notes what a backend is told.
type told struct {
	hookstest.Backend
	mu   sync.Mutex
	told []string
}

func listener(about channel.Pattern) *told {
	l := &told{Backend: hookstest.Backend{Channels: about}}
	l.OnEvent = func(e hooks.Event) {
		l.mu.Lock()
		defer l.mu.Unlock()
		line := string(e.Kind) + " " + string(e.Channel)
		switch e.Kind {
		case hooks.Disconnect:
			line = fmt.Sprint("disconnect ", e.Client.User, " ", e.Client.Session, " ", e.Code, " ", e.Reason, " ", e.Duration)
		case hooks.Message:
			line += " " + string(e.Message.Payload)
		}
		l.told = append(l.told, line)
	}
	return l
}

// want takes what has been told since the last time.
func (l *told) want(t *testing.T, want ...string) {
	t.Helper()
	synctest.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	if !slices.Equal(l.told, want) {
		t.Errorf("told %q, want %q", l.told, want)
	}
	l.told = nil
}

func TestTheFirstSubscriberOccupiesAChannelAndTheLastOneVacatesItAfterAWhile(t *testing.T) {
	inChannels(t, func(t *testing.T, c *Channels) {
		l := listener("rooms/#")
		c.Listener = l
		subscribe := func(p channel.Pattern) *Subscription {
			t.Helper()
			s, err := c.Subscribe(p, Start{}, "", newClient())
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
		first, second := subscribe("rooms/a"), subscribe("rooms/a")
		l.want(t) // nothing has begun
		first.Start()
		second.Start()
		for _, p := range []channel.Pattern{"rooms/+", "#", "other"} {
			s := subscribe(p)
			s.Start()
			defer s.Cancel()
		}
		refused := subscribe("rooms/b")
		refused.Cancel()
		l.want(t, "occupied rooms/a")

		first.Cancel()
		second.Cancel()
		second.Cancel()
		time.Sleep(vacancy - 1)
		back := subscribe("rooms/a")
		back.Start()
		time.Sleep(vacancy)
		l.want(t)

		back.Cancel()
		time.Sleep(vacancy)
		l.want(t, "vacated rooms/a")
		again := subscribe("rooms/a")
		again.Start()
		l.want(t, "occupied rooms/a")
		again.Cancel()
		c.Close()
		l.want(t, "vacated rooms/a")
		time.Sleep(vacancy)
		l.want(t)
	})
}

func TestNothingIsRememberedOfChannelsThatAreVacated(t *testing.T) {
	inChannels(t, func(t *testing.T, c *Channels) {
		c.Listener = listener("")
		for i := range 1000 {
			s, err := c.Subscribe(channel.Pattern(fmt.Sprint("rooms/", i)), Start{}, "", newClient())
			if err != nil {
				t.Fatal(err)
			}
			s.Start()
			s.Cancel()
		}
		time.Sleep(vacancy)
		synctest.Wait()
		if n := len(c.occupancy.all); n != 0 {
			t.Errorf("%d channels are remembered", n)
		}
	})
}

func TestMessagesThatAreKeptNowhereAreToldAndNotThoseThatAreRefused(t *testing.T) {
	inChannels(t, func(t *testing.T, c *Channels) {
		l := listener("")
		c.Listener = l
		c.say("e", "one", "two")
		c.say("kept/a", "is in the log")
		c.say("small/a", "much too long", "short")
		l.want(t, "message e one", "message e two", "message small/a short")
	})
}

// ended is a connection that does nothing.
type ended struct{ Connection }

func (ended) Subscriptions() []channel.Pattern { return nil }

func (ended) End(protocol.CloseCode, string) {}

func TestTheEndOfAConnectionIsToldIfItHadBegun(t *testing.T) {
	inChannels(t, func(t *testing.T, c *Channels) {
		l := listener("")
		cs := NewClients(c.rules, policy.Limits{}, nil)
		cs.Backend = l
		for _, test := range []struct{ connected, begun, closed bool }{{true, true, true}, {true, true, false}, {true, false, true}, {false, true, true}} {
			client, err := cs.Admit("test", netip.Addr{}, new(auth.Identity))
			if err != nil {
				t.Fatal(err)
			}
			if test.connected {
				client.Connected(ended{})
			}
			if err := client.Identify(&auth.Identity{User: "ada"}, "s1"); err != nil {
				t.Fatal(err)
			}
			if test.begun {
				client.Begin()
			}
			time.Sleep(time.Second)
			if test.closed {
				client.Ended(1000, "done")
			}
			client.Leave()
		}
		l.want(t, "disconnect ada s1 1000 done 1s", "disconnect ada s1 1006  1s")
		if err := cs.Visit("test", netip.Addr{}, new(auth.Identity)).Identify(&auth.Identity{User: "ada"}, ""); err != nil {
			t.Error(err)
		}
		l.want(t)
	})
}
