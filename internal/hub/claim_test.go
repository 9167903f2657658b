package hub

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

func TestWhoIsOnAnotherNodeIsThereAndGoesAMomentAfterItSaysSo(t *testing.T) {
	inPresence(t, func(t *testing.T, p *Presence) {
		var w watcher
		defer p.Watch("c", &w).Cancel()
		hear(t, p, "b", Entry{User: "ann", Connection: "1", Info: []byte("Ann")})
		hear(t, p, "b", Entry{User: Anonymous("2"), Connection: "2"})
		wantCount(t, p, 2, 2)
		if members, _ := p.Roster("c", Anonymous("2"), 5); len(members) != 1 || string(members[0].Info) != "Ann" {
			t.Errorf("the roster is %v", members)
		}
		synctest.Wait()
		w.want(t, "[+\x002 +ann]")
		unhear(t, p, "b", "1")
		time.Sleep(lingerTime - time.Millisecond)
		wantCount(t, p, 2, 2)
		time.Sleep(2 * time.Millisecond)
		wantCount(t, p, 1, 1)
		w.want(t, "[+\x002 +ann]", "[-ann]")
	})
}

func TestASessionThatMovesIsThereAllTheTime(t *testing.T) {
	inPresence(t, func(t *testing.T, p *Presence) {
		join(t, p, "ann", "1")
		var w watcher
		defer p.Watch("c", &w).Cancel()
		hear(t, p, "b", Entry{User: "ann", Connection: "1", Turn: 1})
		p.Leave("c", "1", 0) // it is on b now
		hear(t, p, "d", Entry{User: "ann", Connection: "1", Turn: 2})
		unhear(t, p, "b", "1")
		time.Sleep(time.Minute)
		wantCount(t, p, 1, 1)
		unhear(t, p, "d", "1") // which is heard before where it is now
		time.Sleep(lingerTime / 2)
		hear(t, p, "b", Entry{User: "ann", Connection: "1", Turn: 3})
		time.Sleep(time.Minute)
		w.want(t)
		unhear(t, p, "b", "1")
		time.Sleep(time.Minute)
		w.want(t, "[-ann]")
	})
}

func TestANodeKeepsWhoHasGoneUntilAnotherHasThem(t *testing.T) {
	for _, test := range []struct {
		name string
		turn uint64 // of the other node's claim
		kept bool
	}{{"a newer one", 2, false}, {"an older one", 0, true}, {"as old a one", 1, true}} {
		inPresence(t, func(t *testing.T, p *Presence) {
			rows := new(fakeRows)
			p.Share("a", rows)
			if err := p.Join(Entry{Channel: "c", User: "ann", Connection: "1", Turn: 1}); err != nil {
				t.Fatal(err)
			}
			p.Leave("c", "1", 0)
			if len(rows.get()) != 1 {
				t.Error("the others are told at once that somebody has gone who may come back")
			}
			hear(t, p, "b", Entry{User: "ann", Connection: "1", Turn: test.turn})
			if kept := len(rows.get()) == 1; kept != test.kept {
				t.Errorf("%s: kept is %v", test.name, kept)
			}
			time.Sleep(DefaultGrace)
			synctest.Wait()
			if len(rows.get()) != 0 {
				t.Error("who has gone is kept for longer than the grace period")
			}
			wantCount(t, p, 1, 1)
		})
	}
}

func TestWhoIsNewerKeepsItsEntryWhateverTheOlderOneDoes(t *testing.T) {
	inPresence(t, func(t *testing.T, p *Presence) {
		join := func(number uint64, info string) {
			if err := p.Join(Entry{Channel: "c", User: "ann", Connection: "1", Number: number, Info: []byte(info)}); err != nil {
				t.Fatal(err)
			}
		}
		join(1, "old")
		join(2, "new")
		join(1, "late")
		p.Part("c", "1", 1)
		p.Leave("c", "1", 1)
		time.Sleep(time.Minute)
		if members, _ := p.Roster("c", "", 5); len(members) != 1 || string(members[0].Info) != "new" {
			t.Errorf("the roster is %v", members)
		}
		p.Part("c", "1", 2)
		wantCount(t, p, 0, 0)
	})
}

func TestARowThatCantBeReadChangesNothing(t *testing.T) {
	inPresence(t, func(t *testing.T, p *Presence) {
		hear(t, p, "b", Entry{User: "ann", Connection: "1"})
		for key, value := range map[string]string{"no connection": "{}", rowKey("c", "1"): "{", rowKey("c", "2"): `{"user":7}`} {
			if err := p.Row("b", key, []byte(value)); err == nil {
				t.Errorf("the row %q with %s is taken", key, value)
			}
		}
		if err := p.Row("b", rowKey("c", "3"), []byte(`{"user":"bob","of a newer version":1}`)); err != nil {
			t.Error(err)
		}
		wantCount(t, p, 2, 2)
	})
}

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

// fakeSession is a session of a user of its own.
type fakeSession struct {
	name string
	at   *fakeNode
	turn uint64
	gone time.Time // since when it has no connection; zero while it has one
	by   time.Time // when it has to be back to be missed by nobody
	left int       // how often it may have been missed
}

// connect has a session come to a node. That it had been on hears of it later, and knows then that it has left.
func (s *fakeSession) connect(n *fakeNode) {
	if before := s.at; before != nil && before != n {
		turn := s.turn
		n.bus.after(n.bus.delay(), func() {
			if !before.dead {
				before.presence.Leave("c", s.name, turn)
			}
		})
	}
	if !s.gone.IsZero() && !time.Now().Before(s.by) {
		s.left++
	}
	s.at, s.gone = n, time.Time{}
	s.turn++
	e := Entry{Channel: "c", User: s.name, Connection: s.name, Turn: s.turn, Number: s.turn}
	if err := n.presence.Join(e); err != nil {
		n.bus.t.Fatal(err)
	}
}

// drop has a session lose its connection, which its node notices at once or, if it is gone itself, never.
func (s *fakeSession) drop() {
	if s.at == nil || !s.gone.IsZero() {
		return
	}
	s.gone = time.Now()
	s.by = s.gone.Add(testGrace - mostDelay - 2*step)
	if s.at.dead {
		s.by = s.gone.Add(silence + lingerTime - mostDelay - 2*step)
	} else {
		s.at.presence.Leave("c", s.name, s.turn)
	}
}

// fakeMove is something that happens to a session or a node.
type fakeMove struct {
	what          string
	session, node int
	wait          time.Duration
}

// Whatever moves, is dropped or dies: in the end all nodes know the same, and nobody has been told that somebody has left
// who was on the way.
func TestNodesAgreeOnWhoIsThereAndNobodyWhoMovesIsMissed(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		moves := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) fakeMove {
			return fakeMove{
				rapid.SampledFrom([]string{"connect", "connect", "drop", "wait", "wait", "die"}).Draw(t, "what"),
				rapid.IntRange(0, 1).Draw(t, "session"),
				rapid.IntRange(0, 2).Draw(t, "node"),
				time.Duration(rapid.IntRange(1, 240).Draw(t, "wait")) * step,
			}
		}), 1, 30).Draw(rt, "moves")
		delays := rapid.SliceOfN(rapid.SampledFrom([]int{0, 1, 9, int(mostDelay / step)}), 8, 20).Draw(rt, "delays")
		var failed error
		synctest.Test(t, func(t *testing.T) { failed = moveAbout(t, moves, delays) })
		if failed != nil {
			rt.Fatal(failed)
		}
	})
}

func moveAbout(t *testing.T, moves []fakeMove, delays []int) error {
	b := &fakeBus{t: t, delays: delays}
	for _, name := range []string{"a", "b", "c"} {
		b.add(name)
	}
	for _, n := range b.nodes {
		defer n.presence.Watch("c", &n.watcher).Cancel()
		defer n.presence.Close()
	}
	alive := slices.Clone(b.nodes)
	sessions := []*fakeSession{{name: "ann"}, {name: "bob"}}
	for _, m := range moves {
		s, n := sessions[m.session], alive[m.node%len(alive)]
		switch m.what {
		case "connect":
			s.connect(n)
		case "drop":
			s.drop()
		case "wait":
			b.run(m.wait)
		case "die":
			if len(alive) < len(b.nodes) {
				continue
			}
			alive = slices.DeleteFunc(alive, func(other *fakeNode) bool { return other == n })
			n.die()
			for _, s := range sessions {
				if s.at == n {
					s.dies()
				}
			}
		}
	}
	b.run(time.Minute)
	return agree(alive, sessions)
}

// dies notes that the node of a session is dead.
func (s *fakeSession) dies() {
	before := s.gone
	s.gone = time.Time{}
	s.drop()
	if !before.IsZero() {
		s.gone = before
	}
}

// agree tells where nodes know something else than what is, or than each other, or have told of somebody who left and had not.
func agree(nodes []*fakeNode, sessions []*fakeSession) error {
	for _, n := range nodes {
		var members []string
		all, _ := n.presence.Roster("c", "", 10)
		for _, m := range all {
			members = append(members, m.User)
		}
		for _, s := range sessions {
			if is := s.at != nil && s.gone.IsZero(); is != slices.Contains(members, s.name) {
				return fmt.Errorf("%s: that %s is there is %v, and the roster %v", n.name, s.name, is, members)
			}
			missed := 0
			for _, line := range n.watcher.told {
				for _, change := range line {
					if change == "-"+s.name {
						missed++
					}
				}
			}
			most := s.left
			if !s.gone.IsZero() {
				most++
			}
			if missed > most {
				return fmt.Errorf("%s: %s has been missed %d times, and was away %d times: %v", n.name, s.name, missed, most, n.watcher.told)
			}
		}
		if len(all) == 0 && len(n.presence.rooms) != 1 {
			return fmt.Errorf("%s: %d channels are kept, and the one that is watched would do", n.name, len(n.presence.rooms))
		}
	}
	return nil
}
