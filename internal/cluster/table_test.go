package cluster

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

func TestRowsAreKnownToAllNodesWithinMilliseconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var net network
		a, b := net.newNode("a").begin(t), net.newNode("b").begin(t)
		defer a.Close()
		defer b.Close()
		a.rows.Put("x", []byte("1"))
		a.rows.Put("y", nil)
		a.rows.Put("", []byte("no key"))
		a.rows.Put("large", make([]byte, MaxBodyBytes))
		wait(10 * time.Millisecond)
		if got, want := b.known, (map[string]map[string]string{"a": {"x": "1", "y": ""}}); !maps.EqualFunc(got, want, maps.Equal) {
			t.Errorf("b knows %v", got)
		}
		before := a.Counts().Sent
		for i := range 1000 {
			a.rows.Put("x", fmt.Append(nil, i))
		}
		a.rows.Delete("y")
		a.rows.Delete("z")
		wait(10 * time.Millisecond)
		if got, want := b.known, (map[string]map[string]string{"a": {"x": "999"}}); !maps.EqualFunc(got, want, maps.Equal) {
			t.Errorf("b knows %v", got)
		}
		if sent := a.Counts().Sent - before; sent > 2 {
			t.Errorf("changes of one moment took %d frames", sent)
		}
	})
}

func TestANodeThatComesHasAllRowsWhenItHasStarted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var net network
		a := net.newNode("a").begin(t)
		defer a.Close()
		const n = 3000
		for i := range n {
			a.rows.Put(fmt.Sprintf("%04d", i), []byte(strings.Repeat("x", 500))) // several pages
		}
		wait(time.Second)
		b := net.newNode("b").begin(t)
		defer b.Close()
		if got := len(b.known["a"]); got != n {
			t.Errorf("it knows %d rows", got)
		}
		a.Close()
		synctest.Wait()
		if got := len(b.known); got != 0 {
			t.Errorf("of a node that has gone %d rows are left", got)
		}
	})
}

func TestChangesThatAreMissedAreNoticedWithinTwoSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var net network
		a, b := net.newNode("a").begin(t), net.newNode("b").begin(t)
		defer a.Close()
		defer b.Close()
		net.lose(func(_, _, _ string) bool { return true })
		a.rows.Put("x", []byte("1"))
		wait(100 * time.Millisecond)
		net.lose(nil)
		wait(2 * time.Second)
		if got := b.row("a", "x"); got != "1" || b.Counts().Holes != 1 {
			t.Errorf("the row is %q, and %d holes were noticed", got, b.Counts().Holes)
		}
	})
}

// Whatever happens to nodes and to what they say: when it is over, all know the rows of all.
func TestTablesBecomeEqualWhateverHappens(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		var fault string
		synctest.Test(t, func(t *testing.T) {
			w := &world{t: t, random: rand.New(rand.NewPCG(rapid.Uint64().Draw(r, "seed"), 0)), nodes: map[string]*node{}, want: map[string]map[string]string{}}
			defer w.close()
			w.come()
			w.come()
			for _, what := range rapid.SliceOfN(rapid.SampledFrom(steps), 20, 70).Draw(r, "steps") {
				w.step(what)
			}
			w.heal()
			w.wake()
			wait(settled)
			fault = w.fault()
		})
		if fault != "" {
			r.Fatal(fault)
		}
	})
}

// steps are what can happen, some of it more often.
var steps = []string{
	"come", "go", "die", "pause", "go on", "lose", "lose", "slow", "slow", "heal", "heal", "heal", "put", "put", "put", "put", "delete", "delete", "fill",
	"wait", "wait", "wait", "wait", "wait for a beat", "wait long",
}

// world is nodes, and what is to be known of each.
type world struct {
	t      *testing.T
	random *rand.Rand
	net    network
	last   int // node
	values int
	nodes  map[string]*node
	want   map[string]map[string]string // rows by node and key
	dead   []*node
}

const mostNodes = 4

func (w *world) any() *node {
	if len(w.nodes) == 0 {
		w.come()
	}
	ids := slices.Sorted(maps.Keys(w.nodes))
	return w.nodes[ids[w.random.IntN(len(ids))]]
}

func (w *world) come() {
	if len(w.nodes) == mostNodes {
		return
	}
	w.last++
	o := w.net.newNode(fmt.Sprint("n", w.last))
	w.nodes[o.id], w.want[o.id] = o, map[string]string{}
	o.begin(w.t)
}

func (w *world) step(what string) {
	switch what {
	case "come":
		w.come()
	case "go":
		o := w.any()
		w.net.pause(o.id, false) // it could not say goodbye
		w.forget(o)
		o.Close()
	case "die": // and never be heard again
		o := w.any()
		w.net.pause(o.id, true)
		w.forget(o)
		w.dead = append(w.dead, o)
	case "pause":
		w.net.pause(w.any().id, true)
	case "go on":
		w.net.pause(w.any().id, false)
	case "lose":
		share, dice := w.random.Float64(), rand.New(rand.NewPCG(w.random.Uint64(), 0)) // thrown with the network's lock held
		cut := w.any().id
		w.net.lose(func(from, to, _ string) bool {
			return cut == from && share < 0.3 || cut == to && share > 0.7 || dice.Float64() < share/2
		})
	case "slow":
		w.net.slow([]string{subjectAll, subjectTo + w.any().id}[w.random.IntN(2)], time.Duration(w.random.IntN(300))*time.Millisecond)
	case "heal":
		w.heal()
	case "put":
		for range w.random.IntN(20) {
			w.put(fmt.Sprint(w.random.IntN(50)), "")
		}
	case "fill":
		for i := range 40 {
			w.put(fmt.Sprint("large", i), strings.Repeat("x", 20_000))
		}
	case "delete":
		o := w.any()
		for key := range w.want[o.id] {
			if w.random.IntN(2) == 0 {
				o.rows.Delete(key)
				delete(w.want[o.id], key)
			}
		}
	case "wait":
		wait(time.Duration(w.random.IntN(20)) * time.Millisecond)
	case "wait for a beat":
		wait(beatEvery + time.Duration(w.random.IntN(100))*time.Millisecond)
	case "wait long":
		wait(time.Duration(w.random.IntN(7000)) * time.Millisecond)
	}
}

// put puts a row whose value is greater than every one before.
func (w *world) put(key, padding string) {
	o := w.any()
	w.values++
	value := fmt.Sprintf("%08d%s", w.values, padding)
	o.rows.Put(key, []byte(value))
	w.want[o.id][key] = value
}

func (w *world) forget(o *node) {
	delete(w.nodes, o.id)
	delete(w.want, o.id)
}

func (w *world) heal() {
	w.net.lose(nil)
	w.net.slow("", 0)
}

func (w *world) wake() {
	for id := range w.nodes {
		w.net.pause(id, false)
	}
}

// fault returns who knows something else than what is true.
func (w *world) fault() string {
	for id, o := range w.nodes {
		if len(o.Nodes()) != len(w.nodes) {
			return fmt.Sprintf("%s sees %d nodes of %d", id, len(o.Nodes()), len(w.nodes))
		}
		if o.stale {
			return id + " was told an old value after a new one"
		}
		for other, want := range w.want {
			if got := o.known[other]; other != id && !maps.Equal(got, want) {
				return fmt.Sprintf("%s knows %d rows of %s, which has %d", id, len(got), other, len(want))
			}
		}
	}
	return ""
}

func (w *world) close() {
	w.heal()
	w.wake()
	for _, o := range w.nodes {
		o.Close()
	}
	w.net.lose(func(_, _, _ string) bool { return true })
	for _, o := range w.dead {
		w.net.pause(o.id, false)
		o.Close()
	}
}

func TestAChangeThatIsLateDoesNotUndoWhatAPageHas(t *testing.T) {
	var net network
	o := net.newNode("b")
	defer o.Close()
	r := newRemote()
	p := &peer{id: "a", rows: map[*Table]*remote{o.rows: r}, gone: t.Context()}
	change := func(number uint64, key, value string) {
		body := appendRow(nil, row{key, []byte(value)})
		o.hearDelta(frame{from: "a", topic: "rows", number: number, body: body})
	}
	o.peers["a"], r.fetching = p, true
	o.takePage(p, o.rows, "", &page{number: 5, end: "k", rows: []row{{"k", []byte("5")}}})
	change(6, "z", "6")
	o.takePage(p, o.rows, "k", &page{number: 8, last: true, end: "z", rows: []row{{"z", []byte("8")}}})
	change(7, "z", "7")
	if got := o.row("a", "z"); got != "8" {
		t.Errorf("the row is %s again", got)
	}
	change(8, "k", "8")
	change(9, "z", "9")
	if k, z := o.row("a", "k"), o.row("a", "z"); k != "8" || z != "9" || o.stale || o.Counts().Holes != 0 {
		t.Errorf("the rows are %s and %s; %v; %d holes", k, z, o.stale, o.Counts().Holes)
	}
}
