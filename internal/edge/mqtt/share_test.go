package mqtt

import (
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/internal/edge/mqtt/packet"
)

// take gets n messages of QoS 1 and acknowledges them.
func (c *client) take(n int) (all []string) {
	c.t.Helper()
	for range n {
		p := await[*packet.Publish](c)
		all = append(all, string(p.Payload))
		c.complete(p)
	}
	return all
}

// membersAre waits until the node that leads the only group knows of so many members on other nodes.
func membersAre(t *testing.T, nodes []*edge, far int) {
	t.Helper()
	until(t, "who leads knows all members", func() bool {
		n := 0
		for _, e := range nodes {
			for _, g := range e.shares.list() {
				g.mu.Lock()
				if g.lead != nil {
					for _, f := range g.lead.far {
						n += f.Members
					}
				}
				g.mu.Unlock()
			}
		}
		return n == far
	})
}

func TestAShareGivesEachMessageToOneMemberOfAllNodes(t *testing.T) {
	t.Parallel()
	nodes := startNodes(t, "one", "two", "three")
	var members []*client
	for i, e := range nodes {
		members = append(members, e.connect(packet.V5, fmt.Sprint("m", i)).subscribe("$share/workers/kept/jobs", 1))
	}
	membersAre(t, nodes, 2)
	b := nodes[1].connect(packet.V5, "b")
	var want, got []string
	for i := range 30 {
		want = append(want, strconv.Itoa(i))
		b.publish("kept/jobs", strconv.Itoa(i), 1)
	}
	for _, m := range members {
		got = append(got, m.take(10)...) // each its share
	}
	for _, m := range members {
		m.wantNothing()
	}
	slices.SortFunc(got, func(a, b string) int { x, _ := strconv.Atoi(a); y, _ := strconv.Atoi(b); return x - y })
	if !slices.Equal(got, want) {
		t.Errorf("the members got %v", got)
	}
}

func TestWhatAMemberOnAnotherNodeLeavesGoesToOneHere(t *testing.T) {
	t.Parallel()
	nodes := startNodes(t, "one", "two")
	here := nodes[0].connect(packet.V5, "here").subscribe("$share/workers/kept/jobs", 1)
	far := nodes[1].connect(packet.V5, "far").subscribe("$share/workers/kept/jobs", 1)
	membersAre(t, nodes, 1)
	b := nodes[0].connect(packet.V5, "b")
	for i := range 4 {
		b.publish("kept/jobs", strconv.Itoa(i), 1)
	}
	got := here.take(2)
	await[*packet.Publish](far)
	await[*packet.Publish](far) // and acknowledges nothing
	far.drop()
	if got = append(got, here.take(2)...); len(slices.Compact(slices.Sorted(slices.Values(got)))) != 4 {
		t.Errorf("got %v", got)
	}
}

func TestWhenTheNodeThatLeadsAShareGoesAnotherLeadsItFromThere(t *testing.T) {
	t.Parallel()
	nodes := startNodes(t, "one", "two")
	first := nodes[0].connect(packet.V5, "first").subscribe("$share/workers/kept/jobs", 1)
	second := nodes[1].connect(packet.V5, "second").subscribe("$share/workers/kept/jobs", 1)
	membersAre(t, nodes, 1)
	b := nodes[1].connect(packet.V5, "b")
	for i := range 4 {
		b.publish("kept/jobs", strconv.Itoa(i), 1)
	}
	await[*packet.Publish](first) // and acknowledges none of its two
	got := second.take(2)
	nodes[0].stop()
	nodes[0].config.Cluster.Close()
	for i := range 4 {
		b.publish("kept/jobs", strconv.Itoa(4+i), 1)
	}
	if got = append(got, second.take(6)...); len(slices.Compact(slices.Sorted(slices.Values(got)))) != 8 {
		t.Errorf("got %v", got)
	}
	second.wantNothing()
}

func TestAShareThatIsOverIsForgottenAndMayBeginAnew(t *testing.T) {
	t.Parallel()
	nodes := startNodes(t, "one", "two")
	a := nodes[0].connect(packet.V5, "a").subscribe("$share/workers/kept/jobs", 1)
	a.unsubscribe("$share/workers/kept/jobs")
	for _, e := range nodes {
		until(t, "it is forgotten", func() bool {
			e.shares.forgetEnded(time.Now().Add(2 * endedKept))
			e.shares.mu.Lock()
			defer e.shares.mu.Unlock()
			return len(e.shares.known) == 0 && len(e.shares.ended) == 0 && len(e.shares.far) == 0
		})
	}
	again := nodes[1].connect(packet.V5, "again").subscribe("$share/workers/kept/jobs", 1)
	nodes[0].connect(packet.V5, "b").publish("kept/jobs", "x", 1)
	again.want("kept/jobs", "x")
}

func TestWhatIsToldLastOfASharesMembersIsTrue(t *testing.T) {
	t.Parallel()
	nodes := startNodes(t, "one", "two")
	var coming sync.WaitGroup
	for i := range 8 {
		c := nodes[0].connect(packet.V5, fmt.Sprint("m", i))
		coming.Go(func() {
			for range 5 {
				c.subscribe("$share/workers/kept/jobs", 1)
				c.unsubscribe("$share/workers/kept/jobs")
			}
			c.subscribe("$share/workers/kept/jobs", 1)
		})
	}
	coming.Wait()
	name := groupKey{"workers", "kept/jobs"}.recordName()
	until(t, "the other node knows how many there are", func() bool {
		nodes[1].shares.mu.Lock()
		defer nodes[1].shares.mu.Unlock()
		return nodes[1].shares.far[name][nodes[0].node].Members == 8
	})
}
