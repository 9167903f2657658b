package proxies_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/holdfast-dev/holdfast/client"
	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/edge/door/doortest"
	"github.com/holdfast-dev/holdfast/internal/edge/socket"
	"github.com/holdfast-dev/holdfast/internal/hub"
	"github.com/holdfast-dev/holdfast/internal/hub/hubtest"
	"github.com/holdfast-dev/holdfast/internal/policy"
	"github.com/holdfast-dev/holdfast/internal/session"
	"github.com/holdfast-dev/holdfast/test/proxies"
	"github.com/holdfast-dev/holdfast/websocket"
)

// remembering is a log in memory that stores what has an id once.
type remembering struct {
	*hubtest.Log
	mu  sync.Mutex // guards what follows
	ids map[string]uint64
}

func (l *remembering) Append(_ context.Context, m *broker.Message, done func(broker.Ack, error)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	ack := broker.Ack{Position: broker.Position{Epoch: l.Epoch()}}
	if ack.Offset, ack.Duplicate = l.ids[m.ID]; !ack.Duplicate {
		ack.Offset = l.Log.Append(m.Channel, func(s *broker.Message) { s.Payload, s.Source, s.ID = m.Payload, m.Source, m.ID }).Offset
		l.ids[m.ID] = ack.Offset
		l.Flow()
	}
	done(ack, nil)
}

// serve runs the edge of the protocol in memory, in front of a log, until the end of the test.
func serve(t *testing.T) *proxies.Memory {
	kept := policy.Default()
	kept.Channels, kept.History.Count, kept.Slow, kept.Access = "#", 10_000, policy.SlowCatchUp, policy.Open
	rules, err := policy.NewRules(kept)
	if err != nil {
		t.Fatal(err)
	}
	h := hub.New()
	channels, err := session.NewChannels(t.Context(), h, rules, func(context.Context, *policy.Rule) (session.Log, error) {
		return &remembering{Log: hubtest.NewLog(), ids: map[string]uint64{}}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	presence := hub.NewPresence(time.Minute, nil)
	door := doortest.New(t, "socket", rules, policy.Limits{})
	edge := socket.New(channels, socket.Config{
		Door: door, MaxMessageBytes: 1 << 20, Presence: presence, Log: slog.New(slog.DiscardHandler),
		Key: socket.NewKey(), Window: time.Minute, Dedup: 30 * time.Second,
	})
	listener := proxies.NewMemory()
	s := http.Server{Handler: edge}
	var serving sync.WaitGroup
	serving.Go(func() { s.Serve(listener) }) // until it is closed
	t.Cleanup(func() {
		s.Close()
		door.Clients.Close(context.Background(), "test over")
		edge.Close()
		serving.Wait()
		presence.Close()
		h.Close()
	})
	return listener
}

// connect makes a client through the proxy that listens in memory, and returns it with what has happened to it.
func connect(t *testing.T, front *proxies.Memory) (c *client.Client, seen func() []client.Change) {
	t.Helper()
	c, err := client.Dial(t.Context(), "ws://proxy/socket", &client.Options{KeepTrying: true, WebSocket: websocket.DialOptions{NetDial: front.Dial}})
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var all []client.Change
	var watching sync.WaitGroup
	watching.Go(func() {
		for change := range c.States(context.Background()) {
			mu.Lock()
			all = append(all, change)
			mu.Unlock()
		}
	})
	t.Cleanup(func() {
		if err := c.Close(context.Background()); err != nil {
			t.Error(err)
		}
		watching.Wait()
	})
	return c, func() []client.Change {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(all)
	}
}

// last returns how messages have travelled last.
func last(all []client.Change) (now client.Transport) {
	for _, change := range all {
		if change.State == client.Ready {
			now = change.Transport
		}
	}
	return now
}

func TestTheGoClientLosesNothingBehindBadProxiesAndLeavesThemBehind(t *testing.T) {
	for name, test := range map[string]struct {
		habits proxies.Habits
		want   client.Transport
		drops  int // at most, of a client that does nothing for long times
	}{
		"good":                             {proxies.Habits{}, client.TransportWebSocket, 0},
		"strips upgrades":                  {proxies.Habits{Upgrades: proxies.Strip}, client.TransportStream, 0},
		"refuses upgrades":                 {proxies.Habits{Upgrades: proxies.Refuse}, client.TransportStream, 0},
		"holds back":                       {proxies.Habits{Upgrades: proxies.Refuse, Buffers: true}, client.TransportPolls, 0},
		"holds back, cuts after 60 s":      {proxies.Habits{Upgrades: proxies.Refuse, Buffers: true, Idle: time.Minute}, client.TransportPolls, 0},
		"holds back, cuts after 10 s":      {proxies.Habits{Upgrades: proxies.Refuse, Buffers: true, Idle: 10 * time.Second}, client.TransportPolls, 0},
		"cuts a stream after 60 s":         {proxies.Habits{Upgrades: proxies.Refuse, Idle: time.Minute}, client.TransportStream, 0},
		"cuts a stream after 10 s":         {proxies.Habits{Upgrades: proxies.Refuse, Idle: 10 * time.Second}, client.TransportStream, 60},
		"fails now and then":               {proxies.Habits{Upgrades: proxies.Refuse, FailEvery: 7}, client.TransportStream, 2},
		"holds back, fails now and then":   {proxies.Habits{Upgrades: proxies.Refuse, Buffers: true, FailEvery: 7}, client.TransportPolls, 2},
		"holds back, fails often, is late": {proxies.Habits{Upgrades: proxies.Strip, Buffers: true, FailEvery: 4, Idle: 30 * time.Second}, client.TransportPolls, 10},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				talkBehind(t, test.habits, test.want, test.drops)
			})
		})
	}
}

// talkBehind has two clients talk through a proxy for ten minutes, and then for half an hour through a good one.
func talkBehind(t *testing.T, habits proxies.Habits, want client.Transport, drops int) {
	front := proxies.NewMemory()
	p := proxies.StartOn(t, front, serve(t).Dial, "http://node", habits)
	publisher, _ := connect(t, front)
	subscriber, seen := connect(t, front)
	s, err := subscriber.Channel("a").Subscribe(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	next := 0
	talk := func(bursts int) {
		for burst := range bursts {
			first := next
			for range burst%5 + 1 {
				if _, err := publisher.Channel("a").PublishAsync(t.Context(), client.Text(fmt.Sprint(next)), nil); err != nil {
					t.Fatal(err)
				}
				next++
			}
			for m, err := range s.Messages(t.Context()) {
				if err != nil || m.Text() != fmt.Sprint(first) {
					t.Fatalf("got %q, %v; want %d", m.Text(), err, first)
				}
				if first++; first == next {
					break
				}
			}
			time.Sleep(time.Duration(burst%7) * 6 * time.Second)
		}
	}
	talk(32)
	before := seen()
	if got := last(before); got != want {
		t.Errorf("messages went by %v, want %v; opened: %v", got, want, p.Opened())
	}
	waits := 0
	for _, change := range before {
		if change.State == client.Waiting {
			waits++
		}
	}
	if waits > drops {
		t.Errorf("%d drops in ten minutes, want at most %d: %+v", waits, drops, before)
	}
	p.Be(proxies.Habits{})
	talk(96)
	if got := last(seen()); got != client.TransportWebSocket {
		t.Errorf("in the end messages go by %v; opened: %v", got, p.Opened())
	}
}
