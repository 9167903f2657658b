package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/client"
	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/cluster"
	"github.com/holdfast-dev/holdfast/internal/edge/api"
	"github.com/holdfast-dev/holdfast/internal/health"
	"github.com/holdfast-dev/holdfast/internal/policy"
	"github.com/holdfast-dev/holdfast/protocol"
	"github.com/holdfast-dev/holdfast/websocket"
)

// fleet is several nodes on one NATS server.
type fleet struct {
	t     *testing.T
	nats  string
	drain time.Duration
	nodes []*node
}

// startFleet starts nodes that drain over a time, and waits until all know each other. Everybody may do anything, in kept/#
// with history and elsewhere without.
func startFleet(t *testing.T, drain time.Duration, names ...string) *fleet {
	t.Helper()
	f := &fleet{t: t, nats: sharedNATS(t), drain: drain}
	for _, name := range names {
		f.nodes = append(f.nodes, f.start(name, "127.0.0.1:0"))
	}
	f.awaitReady()
	return f
}

// start starts a node at an address.
func (f *fleet) start(name, at string) *node {
	f.t.Helper()
	n := start(f.t, func(c *Config) {
		kept, live := policy.Default(), policy.Default()
		kept.Channels, kept.History.Count, kept.Slow = "kept/#", 10_000, policy.SlowCatchUp
		live.Channels = "#"
		for _, r := range []*policy.Rule{&kept, &live} {
			r.Access = policy.Access{Subscribe: policy.Anyone, Publish: policy.Anyone, History: policy.Anyone}
		}
		rules, err := policy.NewRules(kept, live)
		if err != nil {
			f.t.Fatal(err)
		}
		c.Rules, c.HTTP, c.Broker, c.Node, c.Drain = rules, at, broker.Config{URL: f.nats, DuplicateWindow: 30 * time.Second}, name, f.drain
	})
	n.cluster.Update(func(self *cluster.Node) { self.Endpoints = []string{"ws://" + n.HTTPAddr().String()} })
	return n
}

// awaitReady waits until each node sees that all are ready.
func (f *fleet) awaitReady() {
	f.t.Helper()
	until(f.t, func() bool {
		for _, n := range f.nodes {
			if others := n.elsewhere(); len(others) != len(f.nodes)-1 || len(endpointsOf(others)) != len(others) {
				return false
			}
		}
		return true
	})
}

// sockets returns the URLs of /socket, which begin with that of a node.
func (f *fleet) sockets() []string {
	var urls []string
	for _, n := range f.nodes {
		urls = append(urls, "ws://"+n.HTTPAddr().String()+"/socket")
	}
	return urls
}

// dial connects a client of the SDK to one node; of the others the server tells.
func (f *fleet) dial(n *node) *client.Client {
	f.t.Helper()
	c, err := client.Dial(patience(f.t), "ws://"+n.HTTPAddr().String()+"/socket", nil)
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() {
		if err := c.Close(patience(f.t)); err != nil && !errors.Is(err, client.ErrClosed) {
			f.t.Error(err)
		}
	})
	return c
}

func TestClientsAreToldTheEndpointsOfTheOtherNodes(t *testing.T) {
	f := startFleet(t, time.Second, "a", "b", "c")
	c, err := websocket.Dial(patience(t), f.sockets()[0], nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	if err := c.Write(patience(t), websocket.Text, []byte(`{"id":1,"connect":{}}`)); err != nil {
		t.Fatal(err)
	}
	_, got, err := c.Read(patience(t))
	if err != nil || strings.Contains(string(got), f.sockets()[0]) || !strings.Contains(string(got), f.sockets()[1]) || !strings.Contains(string(got), f.sockets()[2]) {
		t.Errorf("told %s, %v", got, err)
	}
}

func TestWhoCannotBeAskedToMoveIsClosedWith1012AndNobodyIsLetInUntilTheDrainIsTakenBack(t *testing.T) {
	f := startFleet(t, 500*time.Millisecond, "a", "b")
	a := f.nodes[0]
	a.drain.grace = time.Second
	base := "ws://" + a.HTTPAddr().String()
	moved := f.dial(a)
	dial := func(path string) *websocket.Conn {
		c, err := websocket.Dial(patience(t), base+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.CloseNow)
		return c
	}
	bare, stubborn := dial("/channels/live/a"), dial("/socket")
	if err := stubborn.Write(patience(t), websocket.Text, []byte(`{"id":1,"connect":{}}`)); err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(patience(t), "GET", "http"+strings.TrimPrefix(base, "ws")+"/channels/live/a", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Accept", "text/event-stream")
	events, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer http.DefaultClient.CloseIdleConnections()
	defer events.Body.Close()
	if err := a.Drain(patience(t), protocol.WhyDrain); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]*websocket.Conn{"a bare client": bare, "one of /socket that stays": stubborn} {
		var err error
		for err == nil {
			_, _, err = c.Read(patience(t))
		}
		if websocket.CloseCodeOf(err) != websocket.CloseServiceRestart || !strings.Contains(err.Error(), "another one answers") {
			t.Errorf("%s ends with %v", name, err)
		}
	}
	if last, err := io.ReadAll(events.Body); err != nil || !strings.Contains(string(last), `"code":1012`) {
		t.Errorf("a stream ends with %q, %v", last, err)
	}
	if s := moved.State(); s != client.Ready {
		t.Errorf("a client of the SDK is %v", s)
	}
	if status, _ := a.get("http://"+a.HTTPAddr().String()+"/readyz", ""); status != http.StatusServiceUnavailable {
		t.Errorf("/readyz answers %d", status)
	}
	refused := &websocket.HandshakeError{}
	if _, err := websocket.Dial(patience(t), base+"/socket", nil); !errors.As(err, &refused) || refused.StatusCode != http.StatusServiceUnavailable || refused.Header.Get("Retry-After") != "" {
		t.Errorf("let in: %v", err)
	}
	if err := a.Undrain(); err != nil {
		t.Error(err)
	}
	f.awaitReady()
	dial("/socket")
}

func TestANodeThatIsAloneDoesNotDrain(t *testing.T) {
	n := start(t)
	if err := n.Drain(patience(t), protocol.WhyShutdown); !errors.Is(err, ErrAlone) {
		t.Errorf("got %v", err)
	}
	if status, _ := n.get("http://"+n.HTTPAddr().String()+"/readyz", ""); status != http.StatusOK {
		t.Errorf("/readyz answers %d", status)
	}
}

func TestADrainOfANodeThatStopsIsNotTakenBack(t *testing.T) {
	f := startFleet(t, 10*time.Millisecond, "a", "b")
	a := f.nodes[0]
	for _, why := range []string{protocol.WhyDrain, protocol.WhyShutdown} { // by hand, and then by a signal
		if err := a.Drain(patience(t), why); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := f.nodes[1].DrainNode(patience(t), "a", true); !errors.Is(err, api.ErrNotNow) || !strings.Contains(err.Error(), "stops") {
		t.Errorf("got %v", err)
	}
	if got := a.canary.ready.Report().Status; got != health.Draining {
		t.Errorf("it is %s", got)
	}
}

// follower checks that the messages of each publisher come once and, with history, in order. Without it, one who publishes
// at another node than before may be overtaken by itself.
type follower struct {
	next   map[string]int
	seen   map[string]bool
	last   time.Time
	gap    atomic.Int64 // the longest time between two messages, in nanoseconds
	count  atomic.Int64
	faults []string
}

func (f *follower) run(ctx context.Context, s *client.Subscription) {
	f.next, f.seen = map[string]int{}, map[string]bool{}
	for m, err := range s.Messages(ctx) {
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			f.faults = append(f.faults, fmt.Sprintf("%s: %v", s.Name(), err))
			continue
		}
		who, number, _ := strings.Cut(m.Text(), " ")
		if f.seen[m.Text()] {
			f.faults = append(f.faults, fmt.Sprintf("%s: %s comes twice", s.Name(), m.Text()))
		}
		f.seen[m.Text()] = true
		if want := fmt.Sprint(f.next[who]); number != want && m.Offset != 0 {
			f.faults = append(f.faults, fmt.Sprintf("%s: %s %s comes, want %s", s.Name(), who, number, want))
		}
		f.next[who]++
		f.count.Add(1)
		now := time.Now()
		if !f.last.IsZero() {
			f.gap.Store(max(f.gap.Load(), int64(now.Sub(f.last))))
		}
		f.last = now
	}
}

// A rolling restart under load: each node in turn is drained, stopped, and started again at the same address.
func TestARollingRestartLosesRepeatsAndInterruptsNothing(t *testing.T) {
	const (
		subscribers = 9
		publishers  = 3
		every       = 10 * time.Millisecond
	)
	f := startFleet(t, time.Second, "a", "b", "c")
	channels := []string{"kept/a", "live/a"}
	ctx, stop := context.WithCancel(t.Context())
	var following, publishing, watching sync.WaitGroup
	var followers []*follower
	var interruptions atomic.Int64
	for i := range subscribers {
		c := f.dial(f.nodes[i%3])
		watching.Go(func() {
			for change := range c.States(ctx) {
				if change.State == client.Waiting {
					interruptions.Add(1)
					t.Logf("client %d waits: %v", i, change.Err)
				}
			}
		})
		for _, name := range channels {
			s, err := c.Channel(name).Subscribe(patience(t), nil)
			if err != nil {
				t.Fatal(err)
			}
			follower := &follower{}
			followers = append(followers, follower)
			following.Go(func() { follower.run(ctx, s) })
		}
	}
	var over atomic.Bool
	var published atomic.Int64
	for i := range publishers {
		c := f.dial(f.nodes[i%3])
		publishing.Go(func() {
			tick := time.NewTicker(every)
			defer tick.Stop()
			for n := 0; !over.Load(); n++ {
				for _, name := range channels {
					if _, err := c.Channel(name).Publish(patience(t), client.Text(fmt.Sprintf("p%d %d", i, n)), nil); err != nil {
						t.Errorf("publishing to %s: %v", name, err)
						return
					}
				}
				published.Add(1)
				<-tick.C
			}
		})
	}
	for i, n := range f.nodes {
		before := published.Load()
		until(t, func() bool { return published.Load() > before+50 })
		if err := n.Drain(patience(t), protocol.WhyShutdown); err != nil {
			t.Fatal(err)
		}
		if left := n.clients.Count(); left != 0 {
			t.Errorf("%d clients are left", left)
		}
		at := n.HTTPAddr().String()
		if err := n.Shutdown(patience(t), "restart"); err != nil {
			t.Fatal(err)
		}
		f.nodes[i] = f.start(string(rune('a'+i)), at)
		f.awaitReady()
	}
	before := published.Load()
	until(t, func() bool { return published.Load() > before+50 })
	over.Store(true)
	publishing.Wait()
	until(t, func() bool {
		for _, follower := range followers {
			if follower.count.Load() < published.Load() {
				return false
			}
		}
		return true
	})
	stop()
	following.Wait()
	watching.Wait()
	var longest time.Duration
	for _, follower := range followers {
		for _, fault := range follower.faults {
			t.Error(fault)
		}
		longest = max(longest, time.Duration(follower.gap.Load()))
	}
	if n := interruptions.Load(); n > 0 {
		t.Errorf("%d times a client had no connection", n)
	}
	t.Logf("%d messages to each of %d subscriptions; the longest time without one is %v, they are published every %v", published.Load(), len(followers), longest, every)
}
