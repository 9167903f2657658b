package together

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/holdfast-dev/holdfast/internal/broker"
)

// powerCut makes the directory of a node that was closed that of one whose machine has lost its power.
func powerCut(t *testing.T, c broker.Config) {
	t.Helper()
	if err := os.Remove(filepath.Join(c.ClusterDir, "holdfast.clean")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(c.ClusterDir, "holdfast.boot"), []byte("another start of the machine"), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestALogHasANewEpochWhenAllMachinesWithItWentDownAndOnlyThen(t *testing.T) {
	all := configs(t, 3)
	nodes := openAll(t, all)
	eventually(t, "the log is on three nodes", func() bool { return nodes[0].replicas(t) == 3 })
	nodes[0].put(t, "chat/a", "1")
	epoch := nodes[0].log.Epoch()

	nodes[2].shut(t)
	powerCut(t, all[2])
	if again := open(t, all[2]); again.log.Epoch() != epoch {
		t.Error("one machine went down, and the epoch is another one")
	} else {
		nodes[2] = again
	}

	for i, n := range nodes {
		n.shut(t)
		powerCut(t, all[i])
	}
	nodes = openAll(t, all)
	for _, n := range nodes {
		if got := n.log.Epoch(); got == epoch || got != nodes[0].log.Epoch() {
			t.Errorf("all machines went down, and the epoch is %s; it was %s, and another node says %s", got, epoch, nodes[0].log.Epoch())
		}
	}
	if got := nodes[0].all(t, "chat/a"); len(got) != 1 {
		t.Errorf("it reads %q", got)
	}
}
