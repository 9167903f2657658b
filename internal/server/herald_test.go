package server

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/hooks"
	"github.com/holdfast-dev/holdfast/internal/policy"
	"github.com/holdfast-dev/holdfast/websocket"
)

// heralds are those of several nodes, which hear each other at once.
type heralds struct {
	all  map[string]*herald
	told map[string]map[channel.Name]int // by node
}

func newHeralds() *heralds {
	return &heralds{all: make(map[string]*herald), told: make(map[string]map[channel.Name]int)}
}

// join adds a node.
func (hs *heralds) join(name string) {
	h := &herald{self: name, others: make(map[string]time.Time), tells: func(hooks.Kind, channel.Name) bool { return true }}
	h.tell = func(e hooks.Event) { hs.told[name][e.Channel]++ }
	hs.told[name] = make(map[channel.Name]int)
	for other, o := range hs.all {
		h.hear(other, true, true)
		defer o.hear(name, true, true)
	}
	h.since = time.Now()
	hs.all[name] = h
}

// leave takes a node out, which says so first, or not.
func (hs *heralds) leave(name string, goodbye bool) {
	delete(hs.all, name)
	for _, o := range hs.all {
		o.hear(name, false, goodbye)
	}
}

// see has all nodes see something in a channel.
func (hs *heralds) see(name channel.Name) {
	for _, h := range hs.all {
		h.Tell(hooks.Event{Kind: hooks.Join, Channel: name})
	}
}

// times returns how often a channel has been told of.
func (hs *heralds) times(name channel.Name) (n int) {
	for _, told := range hs.told {
		n += told[name]
	}
	return n
}

func TestEachChannelIsToldOfByOneNodeAndAboutAsManyByEach(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hs := newHeralds()
		for _, name := range []string{"k3f9a2bb", "p0q8zzcc", "s8kq2vdd"} {
			hs.join(name)
		}
		time.Sleep(heraldCounts)
		const channels = 3000
		for i := range channels {
			name := channel.Name(fmt.Sprint("chat/", i))
			hs.see(name)
			if n := hs.times(name); n != 1 {
				t.Fatalf("%s was told of %d times", name, n)
			}
		}
		for node, told := range hs.told {
			if len(told) < channels/4 || len(told) > channels/2 {
				t.Errorf("of %d channels %s has %d", channels, node, len(told))
			}
		}
	})
}

func TestNothingIsLeftUntoldWhileNodesComeAndGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hs := newHeralds()
		hs.join("a")
		twice, n := 0, 0
		see := func(d time.Duration) {
			t.Helper()
			for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
				n++
				name := channel.Name(fmt.Sprint(n))
				hs.see(name)
				switch hs.times(name) {
				case 0:
					t.Errorf("at %v nobody told of what was seen", d)
				case 1:
				default:
					twice++
				}
			}
		}
		see(10 * time.Second)
		if twice > 0 {
			t.Errorf("a node alone told %d twice", twice)
		}
		hs.join("b")
		see(10 * time.Second)
		hs.join("c")
		see(10 * time.Second)
		if twice == 0 || twice > 10 {
			t.Errorf("%d of %d were told twice", twice, n)
		}
		hs.leave("a", true)
		before := twice
		see(10 * time.Second)
		if twice != before {
			t.Errorf("when a node left that said goodbye, %d were told twice", twice-before)
		}
	})
}

func TestWhatANodeHadToTellThatIsGoneIsToldByAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hs := newHeralds()
		for _, name := range []string{"a", "b", "c"} {
			hs.join(name)
		}
		time.Sleep(heraldCounts)
		of := func(first string, from int) (its []channel.Name) {
			for i := from; len(its) < 3; i++ {
				name := channel.Name(fmt.Sprint(first, i))
				if hs.all["b"].fallsToLocked(name) == "a" {
					its = append(its, name)
				}
			}
			return its
		}
		old, late := of("old", 0), of("late", 0)
		for _, name := range old {
			hs.see(name)
		}
		time.Sleep(heraldKeeps)
		dead := hs.all["a"]
		delete(hs.all, "a")
		for _, name := range late {
			hs.see(name) // while a is not missed yet
		}
		hs.all["a"] = dead
		hs.leave("a", false)
		for _, name := range old {
			if n := hs.times(name); n != 1 {
				t.Errorf("%s was told of %d times, and a did so long ago", name, n)
			}
		}
		for _, name := range late {
			if n := hs.times(name); n != 1 {
				t.Errorf("%s was told of %d times", name, n)
			}
		}
	})
}

func TestANodeThatStopsLeavesItToTheOthersIfThereAreAny(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hs := newHeralds()
		hs.join("a")
		hs.join("b")
		hs.all["a"].close()
		hs.all["a"].Tell(hooks.Event{Kind: hooks.Leave, Channel: "x"})
		if n := hs.times("x"); n != 0 {
			t.Error("a node that stops tells that its clients have gone, who may have come elsewhere")
		}
		hs.leave("b", true)
		hs.all["a"].Tell(hooks.Event{Kind: hooks.Leave, Channel: "x"})
		if n := hs.times("x"); n != 1 {
			t.Error("the last node does not tell who has gone")
		}
	})
}

// listener is a backend that remembers what it is told.
type listener struct {
	mu   sync.Mutex
	told []string // guarded by mu
}

func (l *listener) hear(kind string, data map[string]any) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.told = append(l.told, strings.TrimSpace(fmt.Sprint(kind, " ", data["channel"], " ", data["user"])))
	return `{}`
}

// times returns how often something was told.
func (l *listener) times(what string) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, one := range l.told {
		if one == what {
			n++
		}
	}
	return n
}

func TestABackendIsToldOnceOfWhatSeveralNodesSee(t *testing.T) {
	t.Parallel()
	var app listener
	hook := backend(t, app.hear, hooks.Join, hooks.Leave, hooks.Occupied)
	c := startCrowdWith(t, policy.Limits{}, func(cfg *Config) { cfg.Hooks = []hooks.Hook{hook} }, "a", "b")
	until(t, func() bool { return c.settled() })
	const rooms = 20
	enter := func(g *guest) {
		t.Helper()
		for i := range rooms {
			g.say(fmt.Sprintf(`{"id":%d,"subscribe":{"channel":"room/%d"}}`, 100+i, i))
		}
		g.hear(fmt.Sprintf(`{"id":%d,`, 100+rooms-1))
	}
	first := c.come(0, "ada")
	enter(first)
	enter(c.come(1, "ada"))
	moved := c.back(1, first)
	enter(moved)
	last := c.come(0, "bob")
	enter(last)
	toldAll := func(what string) {
		t.Helper()
		for i := range rooms {
			until(t, func() bool { return app.times(fmt.Sprintf("%s room/%d bob", what, i)) > 0 })
		}
	}
	toldAll("join") // who has gone again before another node knows is told of by nobody
	if err := last.Close(patience(t), websocket.CloseNormal, ""); err != nil {
		t.Fatal(err)
	}
	toldAll("leave") // which is told last
	app.mu.Lock()
	defer app.mu.Unlock()
	counts := make(map[string]int)
	for _, one := range app.told {
		counts[one]++
	}
	for what, n := range counts {
		if n != 1 {
			t.Errorf("%s: told %d times", what, n)
		}
	}
	if len(counts) != 4*rooms {
		t.Errorf("told of %v", slices.Sorted(maps.Keys(counts)))
	}
}

// settled tells whether all nodes count on each other.
func (c *crowd) settled() bool {
	for _, n := range c.nodes {
		h := n.backends.herald
		h.mu.Lock()
		defer h.mu.Unlock()
		since := []time.Time{h.since}
		since = slices.AppendSeq(since, maps.Values(h.others))
		if len(since) < len(c.nodes) || slices.ContainsFunc(since, func(at time.Time) bool { return time.Since(at) < heraldCounts }) {
			return false
		}
	}
	return true
}
