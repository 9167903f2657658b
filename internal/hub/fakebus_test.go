package hub

import (
	"maps"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// fakeRows are the rows of a node.
type fakeRows struct {
	mu      sync.Mutex // guards what follows
	all     map[string]string
	changed bool
}

// Put implements Rows.
func (r *fakeRows) Put(key string, value []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.all == nil {
		r.all = make(map[string]string)
	}
	r.all[key], r.changed = string(value), true
}

// Delete implements Rows.
func (r *fakeRows) Delete(key string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.all, key)
	r.changed = true
}

func (r *fakeRows) get() map[string]string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.all)
}

// takeChanged tells whether they have changed since the last time.
func (r *fakeRows) takeChanged() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	changed := r.changed
	r.changed = false
	return changed
}

// The bounds of the bus below: what two nodes say may be heard in any order, so it counts that together they are less
// than what the presence waits for.
const (
	step      = 50 * time.Millisecond
	mostDelay = 900 * time.Millisecond
	silence   = 3 * time.Second // until it is noticed that a node is gone
	testGrace = 10 * time.Second
)

// fakeNode is one of several nodes, on a bus that delivers late, in one order for each sender and receiver, and of changes
// that come closely one after another only the last.
type fakeNode struct {
	bus      *fakeBus
	name     string
	presence *Presence
	rows     fakeRows
	heard    map[*fakeNode]map[string]string // by those who hear it
	waking   map[*fakeNode]bool              // it will be heard
	dead     bool
	watcher  watcher
}

// fakeBus belongs to the goroutine of the test: what is to come is in a list.
type fakeBus struct {
	t      *testing.T
	delays []int // in steps; taken in turns
	nodes  []*fakeNode
	events []fakeEvent // in no order
}

type fakeEvent struct {
	at time.Time
	do func()
}

func (b *fakeBus) after(d time.Duration, do func()) {
	b.events = append(b.events, fakeEvent{time.Now().Add(d), do})
}

// delay returns one of the bus.
func (b *fakeBus) delay() time.Duration {
	d := b.delays[0]
	b.delays = append(b.delays[1:], d)
	return time.Duration(d) * step
}

// run lets time pass.
func (b *fakeBus) run(d time.Duration) {
	for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(step) {
		synctest.Wait()
		for _, n := range b.nodes {
			n.wake()
		}
		for i := 0; i < len(b.events); i++ {
			if e := b.events[i]; !e.at.After(time.Now()) {
				b.events = slices.Delete(b.events, i, i+1)
				i--
				e.do()
			}
		}
	}
}

func (b *fakeBus) add(name string) {
	n := &fakeNode{bus: b, name: name, heard: make(map[*fakeNode]map[string]string), waking: make(map[*fakeNode]bool)}
	n.presence = NewPresence(testGrace, nil)
	n.presence.Share(name, &n.rows)
	b.nodes = append(b.nodes, n)
}

// wake has the others hear what has changed, if anything has.
func (n *fakeNode) wake() {
	if n.dead || !n.rows.takeChanged() {
		return
	}
	for _, other := range n.bus.nodes {
		if other != n && !n.waking[other] {
			n.waking[other] = true
			n.bus.after(n.bus.delay(), func() {
				n.waking[other] = false
				n.tell(other, n.rows.get())
			})
		}
	}
}

// tell has another node hear how rows differ from those it knows.
func (n *fakeNode) tell(other *fakeNode, now map[string]string) {
	if other.dead {
		return
	}
	was := n.heard[other]
	n.heard[other] = now
	for key, value := range now {
		if was[key] != value {
			n.say(other, key, []byte(value))
		}
	}
	for key := range was {
		if now[key] == "" {
			n.say(other, key, nil)
		}
	}
}

func (n *fakeNode) say(to *fakeNode, key string, value []byte) {
	if err := to.presence.Row(n.name, key, value); err != nil {
		n.bus.t.Fatal(err)
	}
}

// die ends a node as SIGKILL does.
func (n *fakeNode) die() {
	n.dead = true
	n.presence.Close()
	for _, other := range n.bus.nodes {
		if other != n {
			n.bus.after(silence+n.bus.delay(), func() { n.tell(other, nil) })
		}
	}
}
