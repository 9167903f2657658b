//go:build linux

package storm

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// kind is a way in which something breaks.
type kind string

const (
	kill       kind = "kill"        // SIGKILL; started again after a moment
	killLeader kind = "kill leader" // the same, of the node that leads the log then, whichever that is
	wipe       kind = "wipe"        // SIGKILL; started again without its data
	pause      kind = "pause"       // SIGSTOP, SIGCONT
	stop       kind = "stop"        // SIGTERM; started again when it has ended
	roll       kind = "roll"        // SIGTERM of one node after the other, each started again
	resets     kind = "resets"      // half of the connections are reset: of clients, of devices, between nodes
	slowness   kind = "slowness"    // everything takes longer to pass
	cutClients kind = "cut clients" // no client reaches the node
	drain      kind = "drain"       // all clients are moved to other nodes, and the node takes clients again after a moment
	rebalance  kind = "rebalance"   // clients are shared out among the nodes
	fullDisk   kind = "disk full"   // nothing more can be written; when there is room again, the node is started anew
	jump       kind = "clock"       // the wall clock jumps, and back
	cutRoutes  kind = "cut routes"  // no other node, or the log, reaches the node
)

// fault is one of a schedule.
type fault struct {
	Number int
	Kind   kind
	Node   int           // which; of some kinds, where it begins
	Calm   time.Duration // before it, since all was well
	Lasts  time.Duration // until it is undone
	Slow   time.Duration // with slowness, for each chunk that passes
	Ahead  time.Duration // with jump, by how much the clock is wrong
}

func (f fault) String() string {
	s := fmt.Sprintf("%3d  after %4.1f s of calm  %-11s  n%d  for %4.1f s", f.Number, f.Calm.Seconds(), f.Kind, f.Node+1, f.Lasts.Seconds())
	if f.Slow > 0 {
		s += fmt.Sprintf(", %d ms", f.Slow.Milliseconds())
	}
	if f.Ahead != 0 {
		s += fmt.Sprintf(", %+.0f s", f.Ahead.Seconds())
	}
	return s
}

// pace is how much happens.
type pace struct {
	calm, most time.Duration // between faults at most; how long one lasts at most
	drain      time.Duration // over which a node that stops has its clients leave
}

// starting is about how long a node takes to start, and to be one of the others again.
const starting = 3 * time.Second

// takes returns about how long a fault takes until all is well again.
func (f *fault) takes(p pace) time.Duration {
	switch f.Kind {
	case kill, killLeader, wipe:
		return f.Lasts + starting
	case stop, fullDisk:
		return f.Lasts + p.drain + starting
	case roll:
		return 3 * (f.Lasts + p.drain + starting)
	}
	return f.Lasts
}

// maxJump is by how many seconds clocks jump at most: with the 15 s in which clients repeat a publication it is less than
// the 30 s that ids are remembered for.
const maxJump = 12

// schedule draws faults that take about so long together. It depends on nothing else: the same seed gives the same
// schedule. Every kind comes once before one comes again.
func schedule(seed uint64, nodes int, kinds []kind, p pace, lasts time.Duration) (all []fault) {
	chance := rand.New(rand.NewPCG(seed, 0))
	between := func(least, most time.Duration) time.Duration {
		return (least + time.Duration(chance.Int64N(int64(most-least)+1))).Round(100 * time.Millisecond)
	}
	var bag []kind
	for took := time.Duration(0); ; {
		if len(bag) == 0 {
			bag = slices.Clone(kinds)
			chance.Shuffle(len(bag), func(i, j int) { bag[i], bag[j] = bag[j], bag[i] })
		}
		f := fault{Number: len(all) + 1, Kind: bag[0], Node: chance.IntN(nodes), Calm: between(p.calm/3, p.calm), Lasts: between(p.most/10, p.most)}
		bag = bag[1:]
		switch f.Kind {
		case slowness:
			f.Slow = time.Duration(10+chance.IntN(190)) * time.Millisecond
		case jump:
			f.Ahead = time.Duration(1+chance.IntN(maxJump)) * time.Second * time.Duration(1-2*chance.IntN(2))
		case resets, rebalance:
			f.Lasts = 0
		case kill, killLeader, stop, roll, wipe:
			f.Lasts = min(f.Lasts, p.most/3) // and the start comes on top
		}
		if took += f.Calm + f.takes(p); took > lasts {
			return all
		}
		all = append(all, f)
	}
}

// without tells which kinds of faults can't be had here, and why.
func without() (all []string) {
	for name, why := range map[kind]string{jump: noClocks, fullDisk: noDisks()} {
		if why != "" {
			all = append(all, fmt.Sprintf("%s: %s", name, why))
		}
	}
	slices.Sort(all)
	return all
}

// kindsOf returns what can happen to nodes of a formation.
func kindsOf(formation string) []kind {
	of := []kind{kill, pause, stop, resets, slowness, cutClients}
	if noClocks == "" {
		of = append(of, jump)
	}
	if noDisks() == "" {
		of = append(of, fullDisk)
	}
	switch formation {
	case shared:
		return append(of, cutRoutes, roll, drain, rebalance)
	case cluster:
		return append(of, cutRoutes, roll, drain, rebalance, wipe, killLeader)
	}
	return of
}

func TestTheSameSeedGivesTheSameSchedule(t *testing.T) {
	p := pace{calm: 10 * time.Second, most: 15 * time.Second}
	told := func(seed uint64) string {
		var lines []string
		for _, f := range schedule(seed, 3, kindsOf(cluster), p, 20*time.Minute) {
			lines = append(lines, f.String())
		}
		return strings.Join(lines, "\n")
	}
	if first, again := told(1), told(1); first != again || first == told(2) {
		t.Error("it does not depend on the seed alone")
	}
}

func TestEveryKindOfFaultComesBeforeOneComesAgain(t *testing.T) {
	kinds := kindsOf(cluster)
	all := schedule(5, 3, kinds, pace{calm: 10 * time.Second, most: 15 * time.Second}, 20*time.Minute)
	if len(all) < 2*len(kinds) {
		t.Fatalf("%d faults in 20 minutes", len(all))
	}
	seen := map[kind]int{}
	for i, f := range all {
		if seen[f.Kind] != i/len(kinds) {
			t.Errorf("fault %d is the kind %q for the %d. time", i, f.Kind, seen[f.Kind]+1)
		}
		seen[f.Kind]++
	}
}
