package nodes

import (
	"context"
	"fmt"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/client/admin"
	"github.com/holdfast-dev/holdfast/internal/auth"
)

// holdfast runs the command against a node, and returns what it has printed, and whether it has ended with 0.
func (c *Cluster) holdfast(t *testing.T, key string, n *Node, args ...string) (string, bool) {
	t.Helper()
	ctx, cancel := patient(t)
	defer cancel()
	cmd := exec.CommandContext(ctx, c.binary, append(args, "--server", "http://"+n.HTTP)...)
	cmd.Env = append(cmd.Environ(), "HOLDFAST_API_KEY="+key)
	said, err := cmd.CombinedOutput()
	return string(said), err == nil
}

// status waits until what a node says of the cluster is as it should be.
func status(t *testing.T, c *admin.Client, what string, good func(admin.Cluster) bool) admin.Cluster {
	t.Helper()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	var last admin.Cluster
	var failed error
	for begun := time.Now(); time.Since(begun) < patience; <-tick.C {
		ctx, cancel := patient(t)
		last, failed = c.Cluster(ctx)
		cancel()
		if failed == nil && good(last) {
			return last
		}
	}
	t.Fatalf("%s: the status is not so: %+v, %v", what, last, failed)
	return last
}

func has(s admin.Cluster, kind string) bool {
	for _, t := range s.Trouble {
		if t.Kind == kind {
			return true
		}
	}
	return false
}

func TestWhoLooksAfterAClusterSeesWhatIsWrongAndWhatToDo(t *testing.T) {
	key, id, hash := auth.NewAPIKey()
	c := Start(t, 3, Options{Auth: fmt.Sprintf(", api_keys: [{name: ops, id: %s, sha256: %s, manage: true}]", id, hash)})
	one := c.Nodes[0]
	asks, err := admin.New("http://"+one.HTTP, key, &admin.Options{HTTP: client, Attempts: 1})
	if err != nil {
		t.Fatal(err)
	}
	s := status(t, asks, "three nodes", func(s admin.Cluster) bool {
		return len(s.Nodes) == 3 && s.Quorum != nil && s.Quorum.OK && s.Quorum.Here == 3 && len(s.Trouble) == 0
	})
	for _, n := range s.Nodes {
		if n.State != "ready" || !n.Member || n.FreeBytes == 0 || len(n.Endpoints) != 1 {
			t.Errorf("%+v", n)
		}
	}
	said, well := c.holdfast(t, key, one, "cluster", "status")
	if !well || !strings.Contains(said, "3 of 3 nodes are here, and 2 are needed") || !strings.Contains(said, "chat/#") || !strings.Contains(said, "Nothing is wrong.") {
		t.Errorf("status says\n%s", said)
	}
	if said, well = c.holdfast(t, key, one, "cluster", "check"); !well || strings.Count(said, "ok ") != 8 {
		t.Errorf("check says\n%s", said)
	}
	if said, well = c.holdfast(t, key, one, "cluster", "remove", "n3"); well || !strings.Contains(said, "drain it and stop it first") {
		t.Errorf("remove of a node that is there says\n%s", said)
	}
	if said, well = c.holdfast(t, key, one, "cluster", "add", "n4", "--wait", "0s"); !well || !strings.Contains(said, "node: n4") || !strings.Contains(said, c.peers[2]+", n4:6222]") || strings.Contains(said, Secret) {
		t.Errorf("add says\n%s", said)
	}

	c.Nodes[2].Kill(t)
	status(t, asks, "one is killed", func(s admin.Cluster) bool { return has(s, "gone") && s.Quorum.OK && s.Quorum.Here == 2 })
	said, well = c.holdfast(t, key, one, "cluster", "status")
	if well || !strings.Contains(said, "FAIL  the node n3 is not here") || !strings.Contains(said, "holdfast cluster remove n3") {
		t.Errorf("status without n3 says\n%s", said)
	}
	if said, well = c.holdfast(t, key, one, "cluster", "remove", "n3"); !well {
		t.Fatalf("remove says\n%s", said)
	}
	status(t, asks, "one is removed", func(s admin.Cluster) bool { return !has(s, "gone") && s.Quorum.Members == 2 })

	c.Nodes[1].Kill(t)
	s = status(t, asks, "no majority", func(s admin.Cluster) bool { return has(s, "no_quorum") && !s.Quorum.Since.IsZero() })
	t.Log(s.Trouble[0].What)
	if s.Trouble[0].Kind != "no_quorum" || !strings.Contains(s.Trouble[0].Do, "n2") {
		t.Errorf("the first trouble is %+v", s.Trouble[0])
	}
	awaitReadiness(t, one, http.StatusServiceUnavailable)
	if said, well = c.holdfast(t, key, one, "cluster", "remove", "n2"); well || !strings.Contains(said, "only while a majority") {
		t.Errorf("remove without a majority says\n%s", said)
	}
	c.Nodes[1].Start(t)
	awaitReadiness(t, one, http.StatusOK)
}

// awaitReadiness waits until /readyz of a node answers with a status.
func awaitReadiness(t *testing.T, n *Node, want int) {
	t.Helper()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	got := 0
	for begun := time.Now(); time.Since(begun) < patience; <-tick.C {
		if got = ready(t, n); got == want {
			return
		}
	}
	t.Fatalf("/readyz of %s answers %d, not %d", n.Name, got, want)
}

func ready(t *testing.T, n *Node) int {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+n.HTTP+"/readyz", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := client.Do(r)
	if err != nil {
		return 0
	}
	if err := answer.Body.Close(); err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode
}
