package cluster

import (
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"context"
)

// network is buses in memory that can lose frames, hold them back, and cut nodes off.
type network struct {
	mu    sync.Mutex
	buses []*fakeBus
	loses func(from, to, subject string) bool // nil for nothing
	late  map[string]time.Duration            // by subject: how long each frame takes
}

// fakeBus is the bus of one node.
type fakeBus struct {
	net   *network
	owner string

	takes  sync.WaitGroup
	mu     sync.Mutex
	woken  *sync.Cond
	queues map[string][][]byte // by subject, what has not been taken
	paused bool                // as by SIGSTOP: nothing is taken and nothing gets out
	closed bool
}

func (n *network) bus(owner string) *fakeBus {
	b := &fakeBus{net: n, owner: owner, queues: make(map[string][][]byte)}
	b.woken = sync.NewCond(&b.mu)
	n.mu.Lock()
	defer n.mu.Unlock()
	n.buses = append(n.buses, b)
	return b
}

func (b *fakeBus) publish(subject string, f []byte) error {
	b.awaitEndOfPause()
	b.net.mu.Lock()
	defer b.net.mu.Unlock()
	for _, to := range b.net.buses {
		if to != b && (b.net.loses == nil || !b.net.loses(b.owner, to.owner, subject)) {
			to.put(subject, append([]byte(nil), f...))
		}
	}
	return nil
}

func (b *fakeBus) awaitEndOfPause() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for b.paused {
		b.woken.Wait()
	}
}

func (b *fakeBus) put(subject string, f []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, subscribed := b.queues[subject]; subscribed && !b.closed {
		b.queues[subject] = append(b.queues[subject], f)
		b.woken.Broadcast()
	}
}

func (b *fakeBus) subscribe(subject string, take func([]byte)) error {
	b.mu.Lock()
	b.queues[subject] = nil
	b.mu.Unlock()
	b.takes.Go(func() {
		for {
			b.mu.Lock()
			for !b.closed && (b.paused || len(b.queues[subject]) == 0) {
				b.woken.Wait()
			}
			if b.closed {
				b.mu.Unlock()
				return
			}
			f := b.queues[subject][0]
			b.queues[subject] = b.queues[subject][1:]
			b.mu.Unlock()
			if late := b.net.lateness(subject); late > 0 {
				<-time.After(late)
				b.awaitEndOfPause()
			}
			take(f)
		}
	})
	return nil
}

func (b *fakeBus) maxBytes() int { return 1 << 20 }

func (b *fakeBus) close() error {
	b.mu.Lock()
	b.closed = true
	b.woken.Broadcast()
	b.mu.Unlock()
	b.takes.Wait()
	b.net.mu.Lock()
	defer b.net.mu.Unlock()
	for i, other := range b.net.buses {
		if other == b {
			b.net.buses = append(b.net.buses[:i], b.net.buses[i+1:]...)
			break
		}
	}
	return nil
}

// pause stops a node, or has it go on. Nothing is on its way then: who waits for a mutex keeps time from passing.
func (n *network) pause(owner string, paused bool) {
	synctest.Wait()
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, b := range n.buses {
		if b.owner == owner {
			b.mu.Lock()
			b.paused = paused
			b.woken.Broadcast()
			b.mu.Unlock()
		}
	}
}

// lose says what gets lost from now on.
func (n *network) lose(loses func(from, to, subject string) bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.loses = loses
}

// slow has each frame on a subject take a while from now on, and on no other.
func (n *network) slow(subject string, late time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.late = map[string]time.Duration{subject: late}
}

func (n *network) lateness(subject string) time.Duration {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.late[subject]
}

// node is a cluster with a record of what it was told.
type node struct {
	*Cluster
	rows *Table

	mu    sync.Mutex
	told  []string
	known map[string]map[string]string // rows by node and key
	stale bool                         // a row became less than it was
}

// newNode returns a node that has not started yet.
func (n *network) newNode(id string) *node {
	b := n.bus(id)
	c := newCluster(Node{ID: id, Name: id, State: Ready}, b, slog.New(slog.DiscardHandler))
	c.connect = func(context.Context, string) (bus, error) { return n.bus(id), nil }
	one := &node{Cluster: c, known: make(map[string]map[string]string)}
	one.rows = c.Table("rows", one.changed)
	c.Watch(func(other Node, here bool) {
		if here {
			one.note(other.Name + " is " + string(other.State))
		} else {
			one.note(other.Name + " has gone")
		}
	})
	return one
}

func (o *node) changed(from, key string, value []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if value == nil {
		delete(o.known[from], key)
		if len(o.known[from]) == 0 {
			delete(o.known, from)
		}
		return
	}
	if o.known[from] == nil {
		o.known[from] = make(map[string]string)
	}
	o.stale = o.stale || string(value) < o.known[from][key]
	o.known[from][key] = string(value)
}

func (o *node) note(what string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.told = append(o.told, what)
}

// heard returns what has been noted since the last time.
func (o *node) heard() (told []string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	told, o.told = o.told, nil
	return told
}

// row returns what is known of a row of a node.
func (o *node) row(of, key string) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.known[of][key]
}

func (o *node) begin(t testing.TB) *node {
	t.Helper()
	if err := o.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	return o
}

// settled is longer than it takes until everything is known that can be.
const settled = goneAfter + 5*time.Second
