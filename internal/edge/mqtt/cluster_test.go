package mqtt

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/holdfast-dev/holdfast/internal/cluster"
	"github.com/holdfast-dev/holdfast/internal/edge/mqtt/packet"
)

// startNodes starts nodes that have the same logs, and know of each other.
func startNodes(t *testing.T, names ...string) []*edge {
	t.Helper()
	l := openLogs(t)
	var all []*edge
	for _, name := range names {
		all = append(all, l.startKnown(name))
	}
	for _, e := range all {
		until(t, "all nodes know each other", func() bool { return len(e.config.Cluster.Nodes()) == len(all) })
	}
	return all
}

// startKnown starts one of several nodes.
func (l *logs) startKnown(name string) *edge {
	l.t.Helper()
	c, err := cluster.New(patience(l.t), cluster.Node{ID: cluster.NewID(), Name: name, State: cluster.Ready}, l.Connect, slog.New(slog.DiscardHandler))
	if err != nil {
		l.t.Fatal(err)
	}
	e := l.startNode(Config{Cluster: c})
	if err := c.Start(patience(l.t)); err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(c.Close)
	e.Begin(patience(l.t))
	return e
}

func TestASessionMovesWithWhatNoLogHas(t *testing.T) {
	t.Parallel()
	nodes := startNodes(t, "one", "two")
	one, two := nodes[0], nodes[1]
	a := one.connect(packet.V5, "a", lasting(99)).subscribe("live/#", 1)
	b := one.connect(packet.V5, "b")
	b.publish("live/x", "not acknowledged", 1)
	sent := await[*packet.Publish](a)
	a.drop()
	large := strings.Repeat("x", testLimit-100)
	for i := range 10 {
		b.publish("live/x", fmt.Sprint(i, large), 1)
	}
	again := two.connect(packet.V5, "a", resuming, lasting(99))
	if !again.connack.SessionPresent {
		t.Fatal("the session has not moved")
	}
	if p := await[*packet.Publish](again); p.ID != sent.ID || !p.Dup || string(p.Payload) != "not acknowledged" {
		t.Errorf("got %d %q, dup %t; want %d again", p.ID, p.Payload, p.Dup, sent.ID)
	} else {
		again.complete(p)
	}
	for i := range 10 {
		again.want("live/x", fmt.Sprint(i, large))
	}
	if n := one.sessions.count(); n != 1 {
		t.Errorf("the node that had it has %d sessions", n)
	}
}

func TestAClientWithoutASessionLeavesOneNodeWhenItComesToAnother(t *testing.T) {
	t.Parallel()
	nodes := startNodes(t, "one", "two")
	for _, v := range []packet.Version{packet.V311, packet.V5} {
		a := nodes[0].connect(v, "a"+name(v), lastWord(0))
		b := nodes[0].connect(v, "b"+name(v)).subscribe("Topic/C", 0)
		nodes[1].connect(v, "a"+name(v))
		if v == packet.V5 {
			a.wantEnd(packet.SessionTakenOver)
		} else {
			a.wantClosed()
		}
		b.want("Topic/C", "lost") // the session has ended, which its will is for (MQTT 5, section 3.1.2.5)
		plain := nodes[0].connect(v, "plain"+name(v))
		nodes[1].connect(v, "plain"+name(v))
		plain.wantClosed()
	}
}

func TestASessionIsOneHoweverOftenItsClientGoesFromNodeToNode(t *testing.T) {
	t.Parallel()
	nodes := startNodes(t, "one", "two", "three")
	b := nodes[0].connect(packet.V5, "b")
	nodes[0].connect(packet.V5, "a", lasting(99)).subscribe("kept/#", 2)
	var before *client
	got := ""
	for i := range 12 {
		b.publish("kept/x", fmt.Sprint(i, " "), 2)
		a := nodes[i%3].connect(packet.V5, "a", resuming, lasting(99))
		if !a.connack.SessionPresent {
			t.Fatalf("the session is gone at move %d", i)
		}
		if before != nil {
			before.wantClosed()
		}
		p := await[*packet.Publish](a)
		got += string(p.Payload)
		a.complete(p)
		a.ping() // so that the node has heard of it
		before = a
	}
	if want := "0 1 2 3 4 5 6 7 8 9 10 11 "; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestANodeThatStopsLeavesItsSessionsToTheOthers(t *testing.T) {
	t.Parallel()
	nodes := startNodes(t, "one", "two")
	nodes[0].connect(packet.V5, "a", lasting(99)).subscribe("live/#", 1).drop()
	nodes[0].stop()
	nodes[0].config.Cluster.Close()
	until(t, "the other has the session", func() bool { return nodes[1].sessions.count() == 1 })
	nodes[1].connect(packet.V5, "b").publish("live/x", "meanwhile", 1)
	nodes[1].connect(packet.V5, "a", resuming, lasting(99)).want("live/x", "meanwhile")
}
