package socket

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/holdfast-dev/holdfast/internal/auth"
	"github.com/holdfast-dev/holdfast/protocol"
)

// wanderer is a client that wanders over nodes which hear of its session late, and late connects of its own late, too.
type wanderer struct {
	nodes   []*sessions
	numbers []uint64 // of handshakes, by node
	secret  string   // the newest that it has
	reads   *attempt // the connection that it reads; the others it has given up
	all     []*attempt
	stuck   []func()   // connects that nodes have not read yet: they were stopped
	claims  [][]func() // on their way, by sender and receiver, in order
	now     time.Time
}

// attempt is a connection that it has made.
type attempt struct {
	*conn
	node   int
	closed bool // with 4409
}

// connect makes a connection to a node, which reads what was sent at once or much later, and whose answer may be lost.
func (w *wanderer) connect(node int, late, lost bool) {
	w.numbers[node]++
	a := &attempt{conn: &conn{id: fmt.Sprint(node, "/", w.numbers[node]), number: w.numbers[node], resumable: true}, node: node}
	w.all = append(w.all, a)
	shown := w.secret
	run := func() { w.run(a, shown, !late && !lost) }
	if late {
		w.stuck = append(w.stuck, run)
		return
	}
	run()
}

// run has the node of a connection read its connect.
func (w *wanderer) run(a *attempt, shown string, answered bool) {
	s := w.nodes[a.node]
	if shown == "" { // the first of all
		s.enter(a.conn)
	} else {
		_, old, why := s.resume(a.conn, &protocol.Session{ID: w.all[0].id, Secret: shown}, w.now)
		if why != "" {
			a.closed = true
			return
		}
		w.close(old)
		w.tell(a.node, claim{a.id, a.turn})
	}
	if answered {
		w.reads, w.secret = a, s.secret(a.conn, new(auth.Identity), w.now)
	}
}

// tell has the other nodes hear of a claim some time.
func (w *wanderer) tell(from int, c claim) {
	for to := range w.nodes {
		if to != from {
			w.send(from, to, c)
		}
	}
}

func (w *wanderer) send(from, to int, c claim) {
	at := from*len(w.nodes) + to
	w.claims[at] = append(w.claims[at], func() {
		old, turn := w.nodes[to].claimed(c, w.now)
		w.close(old)
		if old == nil && turn > c.Turn {
			w.send(to, from, claim{c.Session, turn})
		}
	})
}

func (w *wanderer) close(c *conn) {
	if i := slices.IndexFunc(w.all, func(a *attempt) bool { return a.conn == c }); i >= 0 {
		w.all[i].closed = true
	}
}

// deliver has a node hear the next claim of another.
func (w *wanderer) deliver(from, to int) {
	if at := from*len(w.nodes) + to; len(w.claims[at]) > 0 {
		hear := w.claims[at][0]
		w.claims[at] = w.claims[at][1:]
		hear()
	}
}

// settle delivers everything.
func (w *wanderer) settle() {
	for more := true; more; {
		more = false
		for from := range w.nodes {
			for to := range w.nodes {
				more = more || len(w.claims[from*len(w.nodes)+to]) > 0
				w.deliver(from, to)
			}
		}
	}
}

// However late nodes hear of each other, and read what a client has long given up: the connection that the client reads
// is not taken from it, and those that it had read before are over in the end.
func TestNoNodeTakesASessionFromTheConnectionThatItsClientReads(t *testing.T) {
	key := NewKey()
	rapid.Check(t, func(t *rapid.T) {
		const nodes = 3
		w := &wanderer{numbers: make([]uint64, nodes), claims: make([][]func(), nodes*nodes), now: time.Now()}
		for range nodes {
			w.nodes = append(w.nodes, newSessions(key, time.Minute))
		}
		w.connect(0, false, false)
		read := []*attempt{w.reads}
		for range rapid.IntRange(1, 20).Draw(t, "moves") {
			switch rapid.SampledFrom([]string{"connect", "lost", "late", "wake", "hear", "hear", "hear"}).Draw(t, "move") {
			case "connect":
				w.connect(rapid.IntRange(0, nodes-1).Draw(t, "node"), false, false)
				read = append(read, w.reads)
			case "lost": // it has given up what it read before
				w.connect(rapid.IntRange(0, nodes-1).Draw(t, "node"), false, true)
				w.connect(rapid.IntRange(0, nodes-1).Draw(t, "then"), false, false)
				read = append(read, w.reads)
			case "late":
				w.connect(rapid.IntRange(0, nodes-1).Draw(t, "node"), true, false)
				w.connect(rapid.IntRange(0, nodes-1).Draw(t, "then"), false, false)
				read = append(read, w.reads)
			case "wake":
				if len(w.stuck) > 0 {
					w.stuck[0]()
					w.stuck = w.stuck[1:]
				}
			case "hear":
				w.deliver(rapid.IntRange(0, nodes-1).Draw(t, "from"), rapid.IntRange(0, nodes-1).Draw(t, "to"))
			}
			if w.reads.closed {
				t.Fatalf("the connection %s of turn %d, which the client reads, is taken over", w.reads.id, w.reads.turn)
			}
		}
		for _, run := range w.stuck {
			run()
		}
		w.settle()
		for _, a := range read {
			if is := a == w.reads; a.closed == is {
				t.Fatalf("of the connections of the session the one of turn %d on node %d is closed: %v; the client reads it: %v", a.turn, a.node, a.closed, is)
			}
		}
	})
}
