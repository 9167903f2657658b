package socket

import (
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/protocol"
)

func TestPresenceTellsWhoComesAndGoes(t *testing.T) {
	inAll(t, func(t *testing.T, e *edge, dial func() *client) {
		ada, bob := dial(), dial()
		id := ada.connect(nil).Session.ID
		ada.subscribe(&protocol.Subscribe{Channel: "present/a", Presence: true})
		ada.want(`{"live":{"sub":1}}`, `{"presence":{"sub":1,"join":[{"user":"","id":"`+id+`"}],"count":{"users":1,"connections":1}}}`)
		other := bob.connect(nil).Session.ID
		bob.subscribe(&protocol.Subscribe{Channel: "present/a"})
		bob.want(`{"live":{"sub":1}}`)
		ada.want(`{"presence":{"sub":1,"join":[{"user":"","id":"` + other + `"}],"count":{"users":2,"connections":2}}}`)

		seen := map[string]bool{}
		for after := ""; ; {
			ok := new(protocol.PresenceOK)
			bob.reply(bob.send(&protocol.Presence{Channel: "present/a", Limit: 1, After: after}), ok)
			if len(ok.Users) != 1 || ok.Count != (protocol.Count{Users: 2, Connections: 2}) || ok.Users[0].User != "" {
				t.Fatalf("got %+v", ok)
			}
			seen[ok.Users[0].Connections[0].ID] = true
			if after = ok.Next; after == "" {
				break
			}
		}
		if !seen[id] || !seen[other] || len(seen) != 2 {
			t.Errorf("saw %v", seen)
		}
	})
}

func TestPresenceEndsWithTheWindowAndNotWithADropThatIsResumed(t *testing.T) {
	e := startWith(t, Config{Window: 50 * time.Millisecond})
	ada, bob := e.dial(), e.dial()
	ada.subscribe(&protocol.Subscribe{Channel: "present/a", Presence: true})
	ada.next() // live
	ada.next() // ada herself
	was := bob.connect(nil)
	bob.subscribe(&protocol.Subscribe{Channel: "present/a"})
	ada.want(`{"presence":{"sub":1,"join":[{"user":"","id":"` + was.Session.ID + `"}],"count":{"users":2,"connections":2}}}`)
	again := e.dial()
	again.connect(&was.Session)
	again.subscribe(&protocol.Subscribe{Channel: "present/a"})
	e.wantTakenOver(t, bob)
	again.next() // live
	again.reply(again.send(&protocol.Unsubscribe{Sub: 1}), &protocol.UnsubscribeOK{})
	ada.want(`{"presence":{"sub":1,"leave":[{"user":"","id":"` + was.Session.ID + `"}],"count":{"users":1,"connections":1}}}`)
}

// wantTakenOver reads to the end.
func (e *edge) wantTakenOver(t *testing.T, c *client) {
	t.Helper()
	c.wantClose(4409, "taken over")
}
