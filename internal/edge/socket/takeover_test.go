package socket

import (
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/internal/auth"
	"github.com/holdfast-dev/holdfast/internal/session"
	"github.com/holdfast-dev/holdfast/protocol"
	"github.com/holdfast-dev/holdfast/websocket"
)

// on returns the connection that has a session.
func (e *edge) on(session string) *conn {
	e.sessions.mu.Lock()
	defer e.sessions.mu.Unlock()
	return e.sessions.open[session]
}

func TestAConnectionThatWasToldToMoveIsReadUntilItsClientClosesIt(t *testing.T) {
	inAll(t, func(t *testing.T, e *edge, dial func() *client) {
		old := dial()
		first := old.connect(nil)
		old.subscribe(&protocol.Subscribe{Channel: "plain", Sub: 7})
		old.want(`{"live":{"sub":7}}`)
		e.on(first.Session.ID).Move(session.Advice{Why: protocol.WhyBalance})
		if _, ok := old.next().Push.(*protocol.Move); !ok {
			t.Fatal("the client is not told to move")
		}
		now := dial()
		if ok := now.connect(&first.Session); !ok.Resumed {
			t.Fatalf("got %+v", ok)
		}
		now.publish("plain", "on its way")
		if m, ok := old.next().Push.(*protocol.Message); !ok || string(m.Data) != "on its way" {
			t.Errorf("the old connection got %v", m)
		}
	})
}

func TestAConnectionThatWasToldToMoveAndIsNotClosedEndsAfterAWhileAndMayComeBack(t *testing.T) {
	e := start(t)
	e.moveGrace = 20 * time.Millisecond
	old := e.dial()
	first := old.connect(nil)
	e.on(first.Session.ID).Move(session.Advice{Why: protocol.WhyBalance})
	old.next() // move
	e.dial().connect(&first.Session)
	old.wantClose(websocket.CloseServiceRestart, "goes on")
}

func TestWhoClosesAConnectionLeavesAtOnceAndWhoLosesItDoesNot(t *testing.T) {
	e := start(t)
	ada := e.dial()
	ada.subscribe(&protocol.Subscribe{Channel: "present/a", Presence: true})
	ada.next() // live
	ada.next() // ada herself
	come := func() (*client, string) {
		t.Helper()
		c := e.dial()
		id := c.connect(nil).Session.ID
		c.subscribe(&protocol.Subscribe{Channel: "present/a"})
		ada.want(`{"presence":{"sub":1,"join":[{"user":"","id":"` + id + `"}],"count":{"users":2,"connections":2}}}`)
		return c, id
	}
	leaves := func(id string) {
		t.Helper()
		ada.want(`{"presence":{"sub":1,"leave":[{"user":"","id":"` + id + `"}],"count":{"users":1,"connections":1}}}`)
	}
	closes, id := come()
	if err := closes.ws.Close(patience(t), websocket.CloseNormal, ""); err != nil {
		t.Fatal(err)
	}
	leaves(id)
	unsubscribes, id := come()
	unsubscribes.send(&protocol.Unsubscribe{Sub: 1})
	leaves(id)
	loses, id := come()
	loses.ws.CloseNow()
	waitUntil(t, "the connection is over", func() bool { return e.on(id) == nil })
	if users, _ := e.config.Presence.Count("present/a"); users != 2 {
		t.Errorf("%d users are there; who may come back is missed", users)
	}
}

// Three nodes, told of each other's claims by hand.
func TestOfTheConnectionsOfASessionTheOneOfTheLastTurnStays(t *testing.T) {
	key, now := NewKey(), time.Now()
	nodes := []*sessions{newSessions(key, time.Minute), newSessions(key, time.Minute), newSessions(key, time.Minute)}
	conns := []*conn{{id: "s", resumable: true}, {id: "b"}, {id: "c"}}
	nodes[0].enter(conns[0])
	secrets := []string{nodes[0].secret(conns[0], new(auth.Identity), now)}
	for i := 1; i < len(nodes); i++ {
		c := conns[i]
		if _, _, why := nodes[i].resume(c, &protocol.Session{ID: "s", Secret: secrets[i-1]}, now); why != "" || c.turn != uint64(i) {
			t.Fatalf("node %d: %q, at turn %d", i, why, c.turn)
		}
		c.resumable = true
		secrets = append(secrets, nodes[i].secret(c, new(auth.Identity), now))
	}
	third, second := claim{"s", 2}, claim{"s", 1}
	if old, _ := nodes[0].claimed(third, now); old != conns[0] {
		t.Error("the first connection is not taken over by the third")
	}
	if old, turn := nodes[0].claimed(second, now); old != nil || turn != 0 {
		t.Errorf("a connection that is over is taken over, or has turn %d", turn)
	}
	if old, turn := nodes[2].claimed(second, now); old != nil || turn != 2 {
		t.Errorf("a claim that comes late is answered with turn %d, or takes over", turn)
	}
	if old, _ := nodes[1].claimed(third, now); old != conns[1] {
		t.Error("the second connection is not taken over by the third")
	}
	if old, turn := nodes[2].claimed(claim{"s", 2}, now); old != nil || turn != 2 {
		t.Error("a connection is taken over by one of the same turn")
	}
	// A client that comes back with an old secret has sent that long ago.
	again := &conn{id: "again", number: 2}
	if _, _, why := nodes[0].resume(again, &protocol.Session{ID: "s", Secret: secrets[0]}, now.Add(time.Second)); why != "" || again.turn != 1 {
		t.Errorf("it can't come back to the first node: %q, at turn %d", why, again.turn)
	}
	if old, turn := nodes[2].claimed(claim{"s", again.turn}, now); old != nil || turn <= again.turn {
		t.Errorf("what was shown an old secret takes over, or has as high a turn as %d", turn)
	}
	newest := &conn{id: "newest", number: 3}
	if _, old, _ := nodes[2].resume(newest, &protocol.Session{ID: "s", Secret: secrets[1]}, now); old != conns[2] || newest.turn != 2 {
		t.Errorf("where a session is, it goes on with turn %d", newest.turn)
	}
}
