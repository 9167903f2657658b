package nodes

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/client/admin"
	"github.com/holdfast-dev/holdfast/internal/auth"
)

func TestTheProcessThatIsLeftOfThreeIsRescuedAndStoresAgain(t *testing.T) {
	key, id, hash := auth.NewAPIKey()
	c := Start(t, 3, Options{Auth: fmt.Sprintf(", api_keys: [{name: ops, id: %s, sha256: %s, manage: true}]", id, hash)})
	one := c.Nodes[0]
	asks, err := admin.New("http://"+one.HTTP, key, &admin.Options{HTTP: client, Attempts: 1})
	if err != nil {
		t.Fatal(err)
	}
	status(t, asks, "all logs are on three nodes", func(s admin.Cluster) bool {
		return s.Quorum != nil && s.Quorum.Here == 3 && len(s.Trouble) == 0
	})
	for _, n := range c.Nodes {
		publish(t, n, "chat/a", n.Name, "by "+n.Name)
	}
	if said, well := c.holdfast(t, key, one, "cluster", "rescue", "--lost", "n2,n3"); well || !strings.Contains(said, "a majority of the nodes is here, 3 of 3") {
		t.Errorf("a rescue of three nodes says\n%s", said)
	}
	status(t, asks, "n1 has all", func(s admin.Cluster) bool { return len(s.Trouble) == 0 })
	c.Nodes[1].Kill(t)
	c.Nodes[2].Kill(t)
	s := status(t, asks, "no majority", func(s admin.Cluster) bool {
		return has(s, "no_quorum") && has(s, "gone") && !s.Quorum.Since.IsZero()
	})
	if !strings.Contains(s.Trouble[0].Do, "holdfast cluster rescue --lost n2,n3") {
		t.Errorf("the first trouble is %+v", s.Trouble[0])
	}
	for begun := time.Now(); ; {
		said, well := c.holdfast(t, key, one, "cluster", "rescue", "--lost", "n2")
		if !well && strings.Contains(said, `"n3" is not connected either`) {
			break
		}
		if well || time.Since(begun) > patience {
			t.Fatalf("a rescue that does not name all says\n%s", said)
		}
	}
	said, well := c.holdfast(t, key, one, "cluster", "rescue", "--lost", "n3,n2")
	if !well || !strings.Contains(said, "n2, n3: given up.") {
		t.Fatalf("the rescue says\n%s", said)
	}
	publish(t, one, "chat/a", "after", "after the rescue")
	status(t, asks, "one node is a cluster", func(s admin.Cluster) bool { return s.Quorum.OK && s.Quorum.Members == 1 && len(s.Trouble) == 0 })

	one.Stop(t)
	one.Start(t) // with the peers that are given up in its list still
	one.AwaitReady(t)
	publish(t, one, "chat/a", "again", "after a restart")
	all := history(t, one, "chat/a")
	for _, text := range []string{"by n1", "by n2", "by n3", "after the rescue", "after a restart"} {
		if !strings.Contains(all, text) {
			t.Errorf("%q is lost: %s", text, all)
		}
	}
}
