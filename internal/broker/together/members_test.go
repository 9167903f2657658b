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
	all := configs(t, 3)
	nodes := openAll(t, all)
	a := nodes[0]
	eventually(t, "the log is on three nodes", func() bool { return a.replicas(t) == 3 })
	a.put(t, "chat/a", "1")
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := a.Rescue(ctx, []string{"b", "c"}); !errors.Is(err, engine.ErrNoRescue) || !strings.Contains(err.Error(), "a majority of the nodes is here, 3 of 3") {
		t.Errorf("with all nodes a rescue gives %v", err)
	}
	epoch := a.log.Epoch()
	nodes[1].shut(t)
	nodes[2].shut(t)
	eventually(t, "the node knows that it has no majority", func() bool {
		lost := a.Without()
		return lost != nil && lost.Connected == 0
	})
	for _, test := range []struct {
		lost []string
		says string
	}{
		{nil, `"b" is not connected either`},
		{[]string{"b"}, `"c" is not connected either`},
		{[]string{"a", "b", "c"}, `"a" is here`},
		{[]string{"b", "c", "x"}, `no node "x" belongs`},
	} {
		if err := a.Rescue(ctx, test.lost); !errors.Is(err, engine.ErrNoRescue) || !strings.Contains(err.Error(), test.says) {
			t.Errorf("to give up %q gives %v", test.lost, err)
		}
	}
	if err := a.Rescue(ctx, []string{"c", "b"}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "messages are stored again", func() bool {
		_, err := a.store(text("chat/a", "2"))
		return err == nil
	})
	a.shut(t)
	a = open(t, all[0])
	if got := a.all(t, "chat/a"); got[0] != "1" || got[len(got)-1] != "2" {
		t.Errorf("it reads %q", got)
	}
	if a.log.Epoch() == epoch {
		t.Error("positions from before are still valid, though messages behind them may be lost")
	}
}
