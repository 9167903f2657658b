package hub

import (
	"fmt"
	"slices"
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

func TestANodeThatWasMissedKeepsNobodyWhoHasGone(t *testing.T) {
	inPresence(t, func(t *testing.T, p *Presence) {
		for i := range burnAtOnce + 2 {
			join(t, p, "ann", fmt.Sprint(i))
			p.Leave("c", fmt.Sprint(i), 0)
		}
		join(t, p, "bob", "bob")
		join(t, p, "eve", "eve")
		p.Missed()
		wantCount(t, p, 2, 2)
		p.Leave("c", "bob", 0) // which is found out later
		wantCount(t, p, 1, 1)
		time.Sleep(afterMiss)
		p.Leave("c", "eve", 0)
		wantCount(t, p, 1, 1)
		time.Sleep(DefaultGrace)
		synctest.Wait()
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
