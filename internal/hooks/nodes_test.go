package hooks

import (
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
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

// line is how a node reaches the NATS server, until it is cut.
type line struct {
	net.Listener
	running sync.WaitGroup
	mu      sync.Mutex
	conns   []net.Conn // guarded by mu
	over    bool       // it is cut; guarded by mu
}

// newLine returns a line to a server, and its URL.
func newLine(t *testing.T, to string) (*line, string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n := &line{Listener: l}
	n.running.Go(func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return // it was cut
			}
			far, err := net.Dial("tcp", strings.TrimPrefix(to, "nats://"))
			if err != nil {
				near.Close()
				return
			}
			n.mu.Lock()
			n.conns = append(n.conns, near, far)
			if n.over {
				near.Close()
				far.Close()
			}
			n.mu.Unlock()
			n.running.Go(func() { io.Copy(near, far); near.Close() })
			n.running.Go(func() { io.Copy(far, near); far.Close() })
		}
	})
	t.Cleanup(n.cut)
	return n, "nats://" + l.Addr().String()
}

func (n *line) cut() {
	n.Listener.Close()
	n.mu.Lock()
	n.over = true
	for _, c := range n.conns {
		c.Close()
	}
	n.mu.Unlock()
	n.running.Wait()
}

// node is a node of several that share a NATS server.
type node struct {
	line   *line
	broker *broker.Broker
	log    *broker.Log
	hooks  *Hooks
}

func startNode(t *testing.T, url string, hook Hook) *node {
	t.Helper()
	line, url := newLine(t, url)
	b, err := broker.Open(t.Context(), broker.Config{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { shut(t, b) })
	n := &node{line: line, broker: b, log: openLog(t, b, "#", broker.Retention{})}
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

// vanish cuts a node off, so that it can't tell the others that it goes.
func (n *node) vanish(t *testing.T) {
	n.line.cut()
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
