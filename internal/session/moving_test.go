package session_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/policy"
	"github.com/holdfast-dev/holdfast/internal/session"
	"github.com/holdfast-dev/holdfast/protocol"
)

// bare is a connection of a client that can't be asked to move.
type bare struct {
	*session.Client
	mu    sync.Mutex
	ended protocol.CloseCode
	asked []session.Advice
	at    time.Time
}

func (b *bare) GoAway(context.Context, string)   {}
func (b *bare) Expiring(time.Duration)           {}
func (b *bare) Subscriptions() []channel.Pattern { return nil }
func (b *bare) End(code protocol.CloseCode, _ string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ended, b.at = code, time.Now()
	b.Leave()
}

// movable is one of a client that can.
type movable struct{ bare }

func (m *movable) Move(a session.Advice) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.asked, m.at = append(m.asked, a), time.Now()
}

// mixed connects some of both.
func mixed(t *testing.T, cs *session.Clients, n int) (movables []*movable, bares []*bare) {
	t.Helper()
	for range n {
		m, b := new(movable), new(bare)
		for _, x := range []struct {
			client **session.Client
			conn   session.Connection
		}{{&m.Client, m}, {&b.Client, b}} {
			c, err := cs.Admit("test", here, nobody)
			if err != nil {
				t.Fatal(err)
			}
			*x.client = c
			c.Connected(x.conn)
		}
		movables, bares = append(movables, m), append(bares, b)
	}
	return movables, bares
}

func TestClientsGoElsewhereSpreadOverATimeAndInRandomOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cs := newClients(t, policy.Limits{})
		movables, bares := mixed(t, cs, 50)
		began := time.Now()
		advice := session.Advice{Why: protocol.WhyDrain, Endpoints: []string{"wss://b"}}
		if n := cs.Move(t.Context(), session.Moving{Over: 10 * time.Second, Close: true, Advise: func() session.Advice { return advice }}); n != 100 {
			t.Errorf("%d are told", n)
		}
		var times []time.Duration
		for i := range movables {
			m, b := movables[i], bares[i]
			if len(m.asked) != 1 || m.asked[0].Why != protocol.WhyDrain || m.ended != 0 || b.ended != 1012 {
				t.Errorf("asked %v, closed with %d and %d", m.asked, m.ended, b.ended)
			}
			times = append(times, m.at.Sub(began), b.at.Sub(began))
		}
		if slices.IsSorted(times) {
			t.Error("they go in the order in which they came")
		}
		slices.Sort(times)
		for i, at := range times {
			if due := 100 * time.Millisecond * time.Duration(i); (at - due).Abs() > 20*time.Millisecond {
				t.Errorf("the %d. is told after %v", i, at)
			}
		}
		for _, m := range movables {
			m.Leave()
		}
		cs.Close(t.Context(), "over")
	})
}

func TestClientsThatCannotBeAskedStayWhereOnlySomeAreToMove(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cs := newClients(t, policy.Limits{})
		movables, bares := mixed(t, cs, 10)
		move := session.Moving{Most: 4, Advise: func() session.Advice { return session.Advice{Why: protocol.WhyBalance} }}
		if n := cs.Move(t.Context(), move); n != 4 {
			t.Errorf("%d are told", n)
		}
		asked := 0
		for i := range movables {
			asked += len(movables[i].asked)
			if bares[i].ended != 0 {
				t.Error("one is closed")
			}
			movables[i].Leave()
			bares[i].Leave()
		}
		if asked != 4 {
			t.Errorf("%d are asked", asked)
		}
		cs.Close(t.Context(), "over")
	})
}

func TestWhileItDrainsANodeLetsNobodyInAndTellsWhenItIsEmpty(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cs := newClients(t, policy.Limits{})
		movables, bares := mixed(t, cs, 1)
		cs.Refuse(true)
		if _, err := cs.Admit("test", here, nobody); err != session.ErrDraining {
			t.Errorf("got %v", err)
		}
		empty := cs.Empty()
		movables[0].Leave()
		select {
		case <-empty:
			t.Error("empty with one client")
		default:
		}
		bares[0].Leave()
		<-empty
		<-cs.Empty()
		cs.Refuse(false)
		c, err := cs.Admit("test", here, nobody)
		if err != nil {
			t.Fatal(err)
		}
		c.Leave()
		cs.Close(t.Context(), "over")
	})
}
