package together

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/engine"
	"github.com/holdfast-dev/holdfast/websocket"
)

const (
	patience = 30 * time.Second
	logName  = "chat/#"
)

// lines is what a node has logged.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// freeAddr returns an address on which nobody listens, with none of the ports that the system gives out.
func freeAddr(t testing.TB) string {
	t.Helper()
	const first, count, tries = 20_000, 10_000, 100
	for range tries {
		l, err := net.Listen("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(first+rand.IntN(count))))
		if err != nil {
			continue
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		return l.Addr().String()
	}
	t.Fatal("no port is free")
	return ""
}

// configs returns those of n nodes that know of each other.
func configs(t testing.TB, n int) []broker.Config {
	t.Helper()
	peers := make([]string, n)
	for i := range peers {
		peers[i] = freeAddr(t)
	}
	all := make([]broker.Config, n)
	for i := range all {
		all[i] = config(t, string(rune('a'+i)), peers[i], peers)
	}
	return all
}

func config(t testing.TB, name, listen string, peers []string) broker.Config {
	dir := t.TempDir()
	return broker.Config{
		Dir: filepath.Join(dir, "log"), ClusterDir: filepath.Join(dir, "cluster"), SyncInterval: time.Hour,
		Cluster: &engine.Cluster{Name: "test", Node: name, Listen: listen, Peers: peers, Secret: []byte("a secret with more than enough bytes")},
	}
}

// node is a node in this process.
type node struct {
	*broker.Broker
	log    *broker.Log
	said   *lines
	closed bool
}

// open starts a node and its log. It ends with the test.
func open(t testing.TB, c broker.Config) *node {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	said := &lines{}
	c.Log = slog.New(slog.NewTextHandler(said, nil))
	b, err := broker.Open(ctx, c)
	if err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	n := &node{Broker: b, said: said}
	t.Cleanup(func() {
		n.shut(t)
		if t.Failed() && c.Cluster != nil {
			t.Logf("node %s said:\n%s", c.Cluster.Node, said)
		}
	})
	if n.log, err = b.Log(ctx, logName, broker.Retention{}); err != nil {
		t.Fatal(err)
	}
	return n
}

// shut ends the node, once.
func (n *node) shut(t testing.TB) {
	t.Helper()
	if n.closed {
		return
	}
	n.closed = true
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := n.Close(ctx); err != nil {
		t.Error(err)
	}
}

// openAll starts several at the same time.
func openAll(t testing.TB, all []broker.Config) []*node {
	t.Helper()
	nodes := make([]*node, len(all))
	var opening sync.WaitGroup
	for i, c := range all {
		opening.Go(func() { nodes[i] = open(t, c) })
	}
	opening.Wait()
	return nodes
}

func text(name channel.Name, payload string) *broker.Message {
	return &broker.Message{Channel: name, Type: websocket.Text, Payload: []byte(payload)}
}

// store appends a message and waits for its answer.
func (n *node) store(m *broker.Message) (broker.Ack, error) {
	type answer struct {
		broker.Ack
		error
	}
	got := make(chan answer, 1)
	n.log.Append(context.Background(), m, func(a broker.Ack, err error) { got <- answer{a, err} })
	a := <-got
	return a.Ack, a.error
}

// put stores a text.
func (n *node) put(t testing.TB, name channel.Name, payload string) broker.Ack {
	t.Helper()
	ack, err := n.store(text(name, payload))
	if err != nil {
		t.Fatal(err)
	}
	return ack
}

// all reads the payloads of a channel.
func (n *node) all(t testing.TB, name channel.Name) (payloads []string) {
	t.Helper()
	for page := (&broker.Page{More: true}); page.More; {
		var err error
		if page, err = n.log.Read(t.Context(), name.Pattern(), page.End.Offset, 1000); err != nil {
			t.Fatal(err)
		}
		for _, m := range page.Messages {
			payloads = append(payloads, string(m.Payload))
		}
	}
	return payloads
}

func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); !holds(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("not in time: %s", what)
		}
	}
}

// writer appends numbered messages, without waiting for answers, until it is stopped.
type writer struct {
	stop chan struct{}
	done sync.WaitGroup

	mu     sync.Mutex
	failed []error
	slow   time.Duration // the longest that an answer took
	acked  int
}

func startWriter(n *node, name channel.Name) *writer {
	w := &writer{stop: make(chan struct{})}
	w.done.Go(func() {
		tick := time.NewTicker(2 * time.Millisecond)
		defer tick.Stop()
		for i := 0; ; i++ {
			select {
			case <-tick.C:
			case <-w.stop:
				return
			}
			begun := time.Now()
			w.done.Add(1)
			n.log.Append(context.Background(), text(name, fmt.Sprint(i)), func(_ broker.Ack, err error) {
				defer w.done.Done()
				w.mu.Lock()
				defer w.mu.Unlock()
				if err != nil {
					w.failed = append(w.failed, err)
				}
				w.acked++
				w.slow = max(w.slow, time.Since(begun))
			})
		}
	})
	return w
}

// count is how many have been answered.
func (w *writer) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.acked
}

// finish stops the writer, and checks that every message is there, once and in order, as a node has them.
func (w *writer) finish(t *testing.T, name channel.Name, nodes ...*node) {
	t.Helper()
	close(w.stop)
	w.done.Wait()
	for _, err := range w.failed {
		t.Errorf("a message was not acknowledged: %v", err)
	}
	t.Logf("%d messages acknowledged; the slowest took %s", w.acked, w.slow.Round(time.Millisecond))
	for _, n := range nodes {
		eventually(t, "a node has all messages", func() bool { return len(n.all(t, name)) >= w.acked })
		got := n.all(t, name)
		if len(got) != w.acked {
			t.Errorf("%d messages are there, and %d were acknowledged", len(got), w.acked)
		}
		for i, payload := range got {
			if payload != fmt.Sprint(i) {
				t.Fatalf("message %d is %q", i, payload)
			}
		}
	}
}
