package server

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/holdfast-dev/holdfast/client"
	"github.com/holdfast-dev/holdfast/internal/cluster"
)

func TestABalancedPlanMovesTheSurplusAndNoMore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var nodes []cluster.Node
		total := 0
		for i, n := range rapid.SliceOfN(rapid.IntRange(0, 10_000), 1, 9).Draw(t, "connections") {
			nodes = append(nodes, cluster.Node{ID: fmt.Sprint(i), Connections: n, Endpoints: []string{fmt.Sprint(i)}})
			total += n
		}
		fair := total / len(nodes)
		after := map[string]int{}
		for _, n := range nodes {
			after[n.ID] += n.Connections
		}
		for id, order := range balance(nodes) {
			going := 0
			for _, to := range order.To {
				after[to.Endpoints[0]] += to.Clients
				going += to.Clients
				if to.Endpoints[0] == id || to.Clients <= 0 {
					t.Errorf("%s lets %d go to %s", id, to.Clients, to.Endpoints[0])
				}
			}
			if going != order.Clients {
				t.Errorf("%s lets %d go, and sends %d", id, order.Clients, going)
			}
			after[id] -= order.Clients
		}
		for _, n := range nodes {
			got, most := after[n.ID], int(float64(total)/float64(len(nodes))*(1+tolerance))+len(nodes)
			if got > max(most, fair) || n.Connections < fair && got > fair || n.Connections >= fair && got < fair {
				t.Errorf("%s had %d and has %d; %d are fair", n.ID, n.Connections, got, fair)
			}
		}
	})
}

func TestAnOrderSendsClientsWhereTheyAreToGoAndNamesTheOthersBehind(t *testing.T) {
	order := &balanceOrder{Clients: 30, To: []balanceTarget{{[]string{"a"}, 20}, {[]string{"b", "b2"}, 10}, {[]string{"c"}, 0}}}
	counts := map[string]int{}
	for range 30 {
		all := order.next()
		if len(all) != 4 {
			t.Fatalf("%q", all)
		}
		counts[all[0]]++
	}
	if counts["a"] != 20 || counts["b"] != 10 {
		t.Errorf("%v", counts)
	}
	if all := order.next(); len(all) != 4 {
		t.Errorf("more than were to go: %q", all)
	}
	if all := new(balanceOrder).next(); all != nil {
		t.Errorf("nowhere to go: %q", all)
	}
}

// All clients come to one node; two more join, and the clients are shared out in one go.
func TestRebalancingGivesNewNodesTheirShare(t *testing.T) {
	f := startFleet(t, time.Second, "a", "b", "c")
	const clients = 60
	var all []*client.Client
	for range clients {
		all = append(all, f.dial(f.nodes[0]))
	}
	until(t, func() bool {
		for _, n := range f.nodes[1].cluster.Nodes() {
			if n.Name == "a" && n.Connections == clients {
				return true
			}
		}
		return false
	})
	moves, over, err := f.nodes[1].Rebalance(patience(t), false)
	if err != nil || len(moves) != 1 || moves[0].Node != "a" || moves[0].Clients != clients*2/3 || over != time.Second {
		t.Fatalf("%v over %v, %v", moves, over, err)
	}
	if _, _, err := f.nodes[2].Rebalance(patience(t), false); err == nil {
		t.Error("twice at the same time")
	}
	until(t, func() bool {
		sum := 0
		for _, n := range f.nodes {
			count := n.clients.Count()
			if count < clients/3 || count > clients/3 {
				return false
			}
			sum += count
		}
		return sum == clients
	})
	for _, c := range all {
		if c.State() != client.Ready {
			t.Errorf("a client is %v", c.State())
		}
	}
	until(t, func() bool {
		moves, _, err := f.nodes[0].Rebalance(patience(t), false)
		return err == nil && len(moves) == 0
	})
}
