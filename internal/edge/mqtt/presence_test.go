package mqtt

import (
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/internal/edge/door/doortest"
	"github.com/holdfast-dev/holdfast/internal/edge/mqtt/packet"
)

func TestASubscriberIsPresentWhereARuleSaysSo(t *testing.T) {
	e := start(t)
	present := func() int {
		users, _ := e.config.Presence.Count("present/room")
		return users
	}
	a := e.connect(packet.V5, "a", withPassword(doortest.Token(t, "alice", time.Hour, nil))).subscribe("present/room", 1)
	b := e.connect(packet.V5, "b").subscribe("present/room", 1)
	b.subscribe("present/#", 1)
	if members, _ := e.config.Presence.Roster("present/room", "", 10); present() != 2 || members[1].User != "alice" {
		t.Errorf("present are %+v", members)
	}
	b.disconnect() // who leaves counts as present for a while
	a.unsubscribe("present/room")
	if present() != 2 {
		t.Errorf("%d are present", present())
	}
}

func TestTheServerTellsAboutItself(t *testing.T) {
	e := start(t)
	c := e.connect(packet.V5, "c").subscribe("$SYS/broker/clients/connected", 1)
	if p := await[*packet.Publish](c); !p.Retain || len(p.Payload) == 0 {
		t.Errorf("got %+v", p)
	}
	c.unsubscribe("$SYS/broker/clients/connected")
	c.subscribe("#", 1).wantNothing()
}
