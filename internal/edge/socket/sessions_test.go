package socket

import (
	"fmt"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/internal/auth"
	"github.com/holdfast-dev/holdfast/protocol"
)

func TestASessionIsKnownWhileItsConnectionLastsAndForTheWindow(t *testing.T) {
	key, began := NewKey(), time.Now()
	for _, test := range []struct {
		name            string
		connected, gone time.Duration
		elsewhere       bool // it comes back to another node
		why             string
	}{
		{"soon", time.Minute, time.Second, false, ""},
		{"after days", 100 * time.Hour, time.Second, false, ""},
		{"too late", time.Minute, 2 * time.Minute, false, protocol.WhyExpired},
		{"elsewhere", time.Hour, time.Hour, true, ""},
		{"elsewhere after days", 100 * time.Hour, time.Second, true, protocol.WhyExpired},
	} {
		s := newSessions(key, time.Minute)
		was := &conn{id: "s", number: 1, resumable: true}
		s.enter(was)
		from := &protocol.Session{ID: was.id, Secret: s.secret(was, new(auth.Identity), began)}
		s.leave(was, began.Add(test.connected))
		if test.elsewhere {
			s = newSessions(key, time.Minute)
		}
		again := &conn{id: "fresh", number: 2}
		_, old, why := s.resume(again, from, began.Add(test.connected+test.gone))
		if old != nil || why != test.why || (again.id == "s") != (why == "") {
			t.Errorf("%s: %v, %q, id %s", test.name, old, why, again.id)
		}
	}
}

func TestOnlySoManySessionsAreRemembered(t *testing.T) {
	s, now := newSessions(NewKey(), time.Minute), time.Now()
	for i := range maxGone + 10 {
		c := &conn{id: fmt.Sprint(i), resumable: true}
		s.enter(c)
		s.leave(c, now)
	}
	if len(s.gone) != maxGone || s.order.Len() != maxGone || s.gone["9"] != nil || s.gone["10"] == nil {
		t.Errorf("%d are remembered", len(s.gone))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forgetLocked(now.Add(2 * time.Minute))
	if len(s.gone) != 0 {
		t.Errorf("%d are remembered for too long", len(s.gone))
	}
}
