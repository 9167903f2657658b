package api

import (
	"slices"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/internal/cluster"
)

func TestANodeAloneIsAClusterWithoutTrouble(t *testing.T) {
	e := start(t)
	e.want(e.ask("GET", "/v1/cluster", ""), 200, `{"name":"test","node":"a","peers":[],"nodes":[{"name":"a","id":"`, `"state":"ready"`, `"logs":[],"trouble":[]}`)
	e.want(e.ask("POST", "/v1/cluster/remove", `{"node":"b"}`), 409, "keeps its logs alone")
	e.want(e.ask("POST", "/v1/cluster/remove", `{}`), 400, "name the node")
	e.want(e.ask("GET", "/v1/cluster", "", "Authorization: Bearer "+e.backend), 403, "manage: true")
}

// kinds returns what is said about a cluster: what fails with "!".
func kinds(a clusterAnswer) (all []string) {
	a.findTrouble()
	for _, t := range a.Trouble {
		kind := t.Kind
		if t.Fail {
			kind += "!"
		}
		if t.Do == "" || t.What == "" {
			kind += " without words"
		}
		all = append(all, kind)
	}
	return all
}

func TestWhatIsWrongWithAClusterIsSaidTheWorstFirst(t *testing.T) {
	well := func() clusterAnswer {
		a := clusterAnswer{Node: "a", Quorum: &quorum{OK: true, Leader: "a", Members: 3, Here: 3, Needed: 2}}
		for _, name := range []string{"a", "b", "c"} {
			a.Nodes = append(a.Nodes, clusterNode{Name: name, Version: "v1.2.3", State: cluster.Ready, Member: true, Endpoints: []string{"wss://" + name}})
		}
		a.Logs = []clusterLog{{Channels: "chat/#", Replicas: 3, Leader: "a", Others: []logReplica{{Node: "b", Current: true}, {Node: "c", Current: true}}}}
		return a
	}
	for _, test := range []struct {
		name   string
		change func(*clusterAnswer)
		want   []string
	}{
		{"all is well", func(*clusterAnswer) {}, nil},
		{"a node is gone", func(a *clusterAnswer) { a.Nodes[1] = clusterNode{Name: "b", State: gone, Member: true} }, []string{"gone!"}},
		{"two are", func(a *clusterAnswer) {
			a.Nodes[1], a.Nodes[2] = clusterNode{Name: "b", State: gone}, clusterNode{Name: "c", State: gone}
			a.Quorum, a.Logs = &quorum{Members: 3, Here: 1, Needed: 2, Since: time.Now()}, nil
		}, []string{"no_quorum!", "gone!", "gone!"}},
		{"nobody leads", func(a *clusterAnswer) { a.Quorum.OK, a.Quorum.Leader = false, "" }, []string{"no_quorum!"}},
		{"one is not ready", func(a *clusterAnswer) { a.Nodes[2].State = cluster.NotReady }, []string{"not_ready!"}},
		{"one drains", func(a *clusterAnswer) { a.Nodes[2].State = cluster.Draining }, nil},
		{"a clock is slow", func(a *clusterAnswer) { a.Nodes[2].SkewMillis = -1500 }, []string{"clock"}},
		{"a disk is nearly full", func(a *clusterAnswer) { a.Nodes[2].FreeBytes = 200 << 20 }, []string{"disk"}},
		{"a node keeps nothing", func(a *clusterAnswer) { a.Nodes[2].Member = false }, []string{"no_member"}},
		{"a node tells no endpoint", func(a *clusterAnswer) { a.Nodes[2].Endpoints = nil }, []string{"endpoints"}},
		{"a log has no leader", func(a *clusterAnswer) { a.Logs[0].Leader = "" }, []string{"log!"}},
		{"a log is on one node", func(a *clusterAnswer) { a.Logs[0].Replicas, a.Logs[0].Others = 1, nil }, []string{"replicas"}},
		{"a copy is behind", func(a *clusterAnswer) { a.Logs[0].Others[1].Current = false }, []string{"lag"}},
		{"a node that is gone is behind, too", func(a *clusterAnswer) {
			a.Nodes[2] = clusterNode{Name: "c", State: gone}
			a.Logs[0].Others[1] = logReplica{Node: "c", Lag: 2000}
		}, []string{"gone!"}},
		{"all copies of a node are behind", func(a *clusterAnswer) {
			a.Logs[0].Others[1].Current = false
			a.Logs = append(a.Logs, a.Logs[0], a.Logs[0])
		}, []string{"lag"}},
		{"a copy is gone", func(a *clusterAnswer) { a.Logs[0].Others[1] = logReplica{Node: "c", Offline: true} }, nil},
		{"two have one name", func(a *clusterAnswer) { a.Nodes[2].Name = "b" }, []string{"name!"}},
		{"one was killed, and is back", func(a *clusterAnswer) { a.Nodes[2].Name, a.Nodes[2].Started = "b", time.Now() }, nil},
		{"a version is another", func(a *clusterAnswer) { a.Nodes[2].Version = "v1.3.0" }, []string{"version"}},
		{"four nodes", func(a *clusterAnswer) { a.Quorum.Members, a.Quorum.Needed = 4, 3 }, []string{"even"}},
		{"one does not answer", func(a *clusterAnswer) { a.Unanswered = []string{"c"} }, []string{"unanswered!"}},
	} {
		a := well()
		test.change(&a)
		if got := kinds(a); !slices.Equal(got, test.want) {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
}

func TestAClockIsOffByMoreThanIsKnownOrNotAtAll(t *testing.T) {
	asked := time.Now()
	a := clusterAnswer{Nodes: []clusterNode{{ID: "x"}}}
	for _, test := range []struct {
		now  time.Duration
		want int64
	}{{0, 0}, {100 * time.Millisecond, 0}, {3 * time.Second, 2950}, {-2 * time.Second, -2050}} {
		a.Nodes[0].SkewMillis = 0
		a.report("x", &nodeReport{Now: asked.Add(test.now)}, asked, 100*time.Millisecond)
		if got := a.Nodes[0].SkewMillis; got != test.want {
			t.Errorf("%s: %d ms, want %d", test.now, got, test.want)
		}
	}
	a.report("who", &nodeReport{}, asked, 0)
}
