package hub

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/holdfast-dev/holdfast/internal/channel"
)

// watcher remembers what it was told, each time as one sorted line.
type watcher struct {
	mu   sync.Mutex
	told [][]string
}

func (w *watcher) Changed(c *Changes) {
	var line []string
	for _, u := range c.Users {
		sign := "-"
		if u.Here {
			sign = "+"
		}
		line = append(line, sign+u.User)
	}
	if c.Missed {
		line = append(line, "missed")
	}
	slices.Sort(line)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.told = append(w.told, line)
}

func (w *watcher) want(t *testing.T, want ...string) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	var got []string
	for _, line := range w.told {
		got = append(got, fmt.Sprint(line))
	}
	if !slices.Equal(got, want) {
		t.Errorf("told %q, want %q", got, want)
	}
}

// inPresence runs a test where time is fake.
func inPresence(t *testing.T, test func(t *testing.T, p *Presence)) {
	synctest.Test(t, func(t *testing.T) {
		p := NewPresence(0, nil)
		defer p.Close()
		test(t, p)
	})
}

func join(t rapid.TB, p *Presence, user, connection string) {
	t.Helper()
	if err := p.Join(Entry{Channel: "c", User: user, Connection: connection, Info: []byte(user)}); err != nil {
		t.Fatal(err)
	}
}

// hear has another node say that it has a connection.
func hear(t rapid.TB, p *Presence, node string, e Entry) {
	t.Helper()
	e.Channel = "c"
	value, err := rowOf(e)
	if err == nil {
		err = p.Row(node, rowKey(e.Channel, e.Connection), value)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// unhear has another node say that it has it no more.
func unhear(t rapid.TB, p *Presence, node string, connections ...string) {
	t.Helper()
	for _, connection := range connections {
		if err := p.Row(node, rowKey("c", connection), nil); err != nil {
			t.Fatal(err)
		}
	}
}

func wantCount(t rapid.TB, p *Presence, users, connections int) {
	t.Helper()
	if u, c := p.Count("c"); u != users || c != connections {
		t.Errorf("%d users with %d connections, want %d with %d", u, c, users, connections)
	}
}

func TestOneUserWithSeveralConnectionsIsOneUserAndSeveralConnections(t *testing.T) {
	inPresence(t, func(t *testing.T, p *Presence) {
		var w watcher
		defer p.Watch("c", &w).Cancel()
		join(t, p, "ann", "1")
		synctest.Wait()
		join(t, p, "ann", "2")
		join(t, p, "bob", "3")
		wantCount(t, p, 2, 3)
		p.Leave("c", "1", 0)
		time.Sleep(DefaultGrace)
		synctest.Wait()
		wantCount(t, p, 2, 2)
		w.want(t, "[+ann]", "[+bob]")
		p.Leave("c", "2", 0)
		time.Sleep(DefaultGrace)
		synctest.Wait()
		wantCount(t, p, 1, 1)
		w.want(t, "[+ann]", "[+bob]", "[-ann]")
	})
}

func TestAReconnectWithinTheGracePeriodCausesNoLeaveAndNoJoin(t *testing.T) {
	inPresence(t, func(t *testing.T, p *Presence) {
		join(t, p, "ann", "1")
		var w watcher
		defer p.Watch("c", &w).Cancel()
		p.Leave("c", "1", 0)
		time.Sleep(DefaultGrace - time.Millisecond)
		join(t, p, "ann", "1")
		time.Sleep(time.Hour)
		wantCount(t, p, 1, 1)
		w.want(t)
		p.Leave("c", "1", 0)
		p.Leave("c", "1", 0)
		time.Sleep(DefaultGrace - time.Millisecond)
		w.want(t)
		time.Sleep(2 * time.Millisecond)
		w.want(t, "[-ann]")
	})
}

func TestJoinsAndLeavesOfALargeChannelAreToldTogether(t *testing.T) {
	inPresence(t, func(t *testing.T, p *Presence) {
		for i := range largeRoom {
			join(t, p, fmt.Sprint("user ", i), fmt.Sprint(i))
		}
		var w watcher
		watch := p.Watch("c", &w)
		join(t, p, "ann", "ann")
		time.Sleep(largeRoomPause / 2)
		hear(t, p, "other", Entry{User: "bob", Connection: "bob"})
		join(t, p, "eve", "eve 1")
		join(t, p, "ann", "eve 1") // it was her
		w.want(t)
		time.Sleep(largeRoomPause)
		w.want(t, "[+ann +bob]")
		for i := range maxChanges + 1 {
			join(t, p, fmt.Sprint("guest ", i), fmt.Sprint("guest ", i))
		}
		time.Sleep(2 * largeRoomPause)
		w.want(t, "[+ann +bob]", "[missed]")
		watch.Cancel()
		watch.Cancel()
		unhear(t, p, "other", "bob")
		time.Sleep(2 * lingerTime)
		w.want(t, "[+ann +bob]", "[missed]")
	})
}

func TestARosterIsReadInPages(t *testing.T) {
	inPresence(t, func(t *testing.T, p *Presence) {
		for _, user := range []string{"eve", "ann", "bob", "dan", "cat"} {
			join(t, p, user, user+" 1")
		}
		join(t, p, "cat", "cat 2")
		var got []string
		for after, more := "", true; more; {
			var page []Member
			page, more = p.Roster("c", after, 2)
			for _, m := range page {
				got = append(got, fmt.Sprint(m.User, m.Connections, string(m.Info)))
				after = m.User
			}
		}
		if want := []string{"ann1ann", "bob1bob", "cat2cat", "dan1dan", "eve1eve"}; !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

func TestAnEntryThatSaysTooMuchIsRefused(t *testing.T) {
	inPresence(t, func(t *testing.T, p *Presence) {
		if err := p.Join(Entry{Channel: "c", User: "ann", Connection: "1", Info: make([]byte, MaxInfoBytes+1)}); !errors.Is(err, ErrInfoTooLarge) {
			t.Errorf("got %v", err)
		}
		wantCount(t, p, 0, 0)
	})
}

// Whatever comes and goes, a watcher that adds up what it is told knows who is there.
func TestAWatcherThatAddsUpKnowsWhoIsThere(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		type move struct {
			what, user, connection, node string
			turn                         uint64
		}
		moves := rapid.SliceOf(rapid.Custom(func(t *rapid.T) move {
			return move{
				rapid.SampledFrom([]string{"join", "join", "leave", "drop", "wait"}).Draw(t, "what"),
				rapid.SampledFrom([]string{"ann", "bob"}).Draw(t, "user"),
				rapid.SampledFrom([]string{"1", "2", "3"}).Draw(t, "connection"),
				rapid.SampledFrom([]string{"", "a", "b"}).Draw(t, "node"),
				rapid.Uint64Range(0, 2).Draw(t, "turn"),
			}
		})).Draw(rt, "moves")
		var err error
		synctest.Test(t, func(t *testing.T) {
			p := NewPresence(time.Second, nil)
			var w watcher
			watch := p.Watch("c", &w)
			for _, m := range moves {
				switch {
				case m.what == "join" && m.node == "":
					join(t, p, m.user, m.connection)
				case m.what == "join":
					hear(t, p, m.node, Entry{User: m.user, Connection: m.connection, Turn: m.turn})
				case m.what == "leave" && m.node == "":
					p.Leave("c", m.connection, 0)
				case m.what == "leave":
					unhear(t, p, m.node, m.connection)
				case m.what == "drop":
					unhear(t, p, m.node, "1", "2", "3")
				case m.what == "wait":
					time.Sleep(600 * time.Millisecond)
				}
			}
			time.Sleep(time.Minute)
			watch.Cancel()
			here := map[string]bool{}
			for _, line := range w.told {
				for _, change := range line {
					if here[change[1:]] == (change[0] == '+') {
						err = fmt.Errorf("told %s twice: %v", change, w.told)
					}
					here[change[1:]] = change[0] == '+'
				}
			}
			members, _ := p.Roster("c", "", 10)
			for user, is := range here {
				if is != slices.ContainsFunc(members, func(m Member) bool { return m.User == user }) {
					err = fmt.Errorf("%s: told %v, but the roster is %v", user, w.told, members)
				}
			}
			if len(members) == 0 && len(p.rooms) != 0 {
				err = errors.New("an empty channel is kept")
			}
			p.Close()
		})
		if err != nil {
			rt.Fatal(err)
		}
	})
}

func TestPresenceOfManyChannelsIsKeptApart(t *testing.T) {
	inPresence(t, func(t *testing.T, p *Presence) {
		for i := range 10 {
			name := channel.Name(fmt.Sprint("room ", i))
			if err := p.Join(Entry{Channel: name, User: "ann", Connection: "1"}); err != nil {
				t.Fatal(err)
			}
			if users, connections := p.Count(name); users != 1 || connections != 1 {
				t.Errorf("%s has %d, %d", name, users, connections)
			}
		}
		wantCount(t, p, 0, 0)
	})
}

func TestWhoObservesIsToldOfEverybodyWhoComesOrGoesAndInTheEndThatAllHaveGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told []string
		p := NewPresence(time.Second, func(name channel.Name, c Change) {
			sign := "-"
			if c.Here {
				sign = "+"
			}
			told = append(told, fmt.Sprint(sign, c.User, " ", string(c.Info), " in ", name))
		})
		join := func(name channel.Name, user, connection string) {
			t.Helper()
			if err := p.Join(Entry{Channel: name, User: user, Connection: connection, Info: []byte("info")}); err != nil {
				t.Fatal(err)
			}
		}
		join("a", "ada", "1")
		join("a", "ada", "2") // the same user once more
		join("b", "ada", "1")
		p.Leave("a", "1", 0)
		p.Leave("b", "1", 0)
		time.Sleep(500 * time.Millisecond)
		join("b", "ada", "1") // in time
		time.Sleep(time.Second)
		p.Leave("a", "2", 0)
		time.Sleep(time.Second)
		synctest.Wait()
		p.Close()
		join("c", "eve", "3")
		if want := []string{"+ada info in a", "+ada info in b", "-ada info in a", "-ada info in b"}; !slices.Equal(told, want) {
			t.Errorf("told %q, want %q", told, want)
		}
	})
}
