package hooks

import (
	"fmt"
	"testing"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
)

// external starts a NATS server on loopback that is not ours, and returns its URL.
func external(t *testing.T) string {
	t.Helper()
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, NoSigs: true, NoLog: true, JetStream: true,
		StoreDir: t.TempDir(), MaxPayload: 2 << 20})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() {
		s.Shutdown()
		s.WaitForShutdown()
	})
	if !s.ReadyForConnections(patience) {
		t.Fatal("the server does not start")
	}
	return s.ClientURL()
}

// node is a node of several that share a NATS server.
type node struct {
	broker *broker.Broker
	log    *broker.Log
	hooks  *Hooks
}

func startNode(t *testing.T, url string, hook Hook) *node {
	t.Helper()
	b, err := broker.Open(t.Context(), broker.Config{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { shut(t, b) })
	n := &node{broker: b, log: openLog(t, b, "#", broker.Retention{})}
	n.hooks = started(t, Config{Hooks: []Hook{hook}, timing: hasty}, Store{Broker: b, Histories: []*broker.Log{n.log}})
	return n
}

func (n *node) tells() bool { return n.hooks.backends[0].told.current.Load() != nil }

func TestOfSeveralNodesOneTellsAHookAndAnotherTakesOverInOrder(t *testing.T) {
	const channels, each, rounds = 10, 20, 4
	url := external(t)
	a := newArchive(channels * each * rounds)
	hook := serve(t, a.ServeHTTP, Message)
	nodes := []*node{startNode(t, url, hook), startNode(t, url, hook)}
	for round := range rounds {
		eventually(t, "no node tells the hook", func() bool { return nodes[0].tells() || nodes[1].tells() })
		if nodes[0].tells() && nodes[1].tells() {
			t.Error("both do")
		}
		for i := range each {
			for c := range channels {
				publish(t, nodes[i%2].log, channel.Name(fmt.Sprint(c)), fmt.Sprint(round*each+i))
			}
			if i != each/2 {
				continue
			}
			holder := 0 // of the seat goes, on purpose or as if its machine did
			if nodes[1].tells() {
				holder = 1
			}
			if round%2 == 0 {
				nodes[holder].hooks.Close(t.Context())
			} else {
				nodes[holder].vanish(t)
			}
			nodes[holder] = startNode(t, url, hook)
		}
	}
	a.await(t)
	for c := range channels {
		a.wantRow(t, fmt.Sprint(c), each*rounds)
	}
}

// vanish ends a node that has lost the NATS server, so that it can't tell the others.
func (n *node) vanish(t *testing.T) {
	shut(t, n.broker)
	n.hooks.Close(t.Context())
}

func TestAHookThatIsRemovedAndComesBackGoesOnWhereItWas(t *testing.T) {
	dir := t.TempDir()
	a := newArchive(30)
	hook := serve(t, a.ServeHTTP, Message, Join)
	for i := range 3 {
		b, err := broker.Open(t.Context(), broker.Config{Dir: dir, SyncInterval: syncNever})
		if err != nil {
			t.Fatal(err)
		}
		log := openLog(t, b, "#", broker.Retention{})
		if i == 1 { // without the hook
			for j := range 10 {
				publish(t, log, "a", fmt.Sprint(10+j))
			}
			shut(t, b)
			continue
		}
		h := with(t, hook)
		if err := h.Start(t.Context(), Store{Broker: b, Histories: []*broker.Log{log}}); err != nil {
			t.Fatal(err)
		}
		for j := range 10 {
			publish(t, log, "a", fmt.Sprint(10*i+j))
		}
		if i == 2 {
			a.await(t)
		}
		h.Close(t.Context())
		shut(t, b)
	}
	a.wantRow(t, "a", 30)
}
