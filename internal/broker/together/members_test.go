package together

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/engine"
)

func TestANodeThatIsGoneForGoodIsReplaced(t *testing.T) {
	all := configs(t, 3)
	nodes := openAll(t, all)
	a, c := nodes[0], nodes[2]
	eventually(t, "the log is on three nodes", func() bool { return a.replicas(t) == 3 })
	a.put(t, "chat/a", "1")
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := a.Remove(ctx, "x"); !errors.Is(err, engine.ErrNoPeer) {
		t.Errorf("to remove a node that never was gives %v", err)
	}
	c.shut(t)
	d := open(t, config(t, "d", freeAddr(t), all[0].Cluster.Peers))
	eventually(t, "the node that has gone is removed", func() bool { return a.Remove(ctx, "c") == nil })
	eventually(t, "the log is on the three others", func() bool {
		logs, err := a.Placements(ctx)
		if err != nil || len(a.Peers()) != 3 || len(logs) != 1 {
			return false
		}
		at := slices.IndexFunc(logs[0].Replicas, func(r broker.Replica) bool { return r.Node == "d" })
		return logs[0].Leader == "d" || at >= 0 && logs[0].Replicas[at].Current
	})
	if got := d.all(t, "chat/a"); !slices.Equal(got, []string{"1"}) {
		t.Errorf("the new node reads %q", got)
	}
}

func TestTheNodeThatIsLeftOfThreeCanGoOnAlone(t *testing.T) {
	nodes := openAll(t, configs(t, 3))
	a := nodes[0]
	eventually(t, "the log is on three nodes", func() bool { return a.replicas(t) == 3 })
	a.put(t, "chat/a", "1")
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if _, err := a.Rescue(ctx); err == nil || !strings.Contains(err.Error(), "a majority of the nodes is there") {
		t.Errorf("with all nodes a rescue gives %v", err)
	}
	nodes[1].shut(t)
	nodes[2].shut(t)
	eventually(t, "the node knows that it has no majority", func() bool {
		lost := a.Without()
		return lost != nil && lost.Connected == 0
	})
	removed, err := a.Rescue(ctx)
	if err != nil || len(removed) != 2 {
		t.Fatalf("the rescue gives %+v, %v", removed, err)
	}
	eventually(t, "messages are stored again", func() bool {
		_, err := a.store(text("chat/a", "2"))
		return err == nil
	})
	if got := a.all(t, "chat/a"); got[0] != "1" || got[len(got)-1] != "2" {
		t.Errorf("it reads %q", got)
	}
}
