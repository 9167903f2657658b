package together

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/holdfast-dev/holdfast/internal/broker"
)

// keptAlone returns the configuration of a node of a cluster that was alone before, with 300 messages of which the oldest have
// gone, and the epoch of its log.
func keptAlone(t *testing.T) (broker.Config, string) {
	t.Helper()
	addr := freeAddr(t)
	c := config(t, "a", addr, []string{addr})
	alone := c
	alone.Cluster, alone.ClusterDir = nil, ""
	n := open(t, alone)
	for i := range 300 {
		n.put(t, "chat/a", fmt.Sprint(i))
	}
	l, err := n.Log(t.Context(), logName, broker.Retention{Count: 100})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := n.Log(t.Context(), logName, broker.Retention{}); err != nil {
		t.Fatal(err)
	}
	epoch := l.Epoch()
	n.shut(t)
	return c, epoch
}

func TestWhatANodeHasKeptAloneIsInTheClusterWithItsOffsets(t *testing.T) {
	c, epoch := keptAlone(t)
	before := contents(t, c.Dir)
	n := open(t, c)
	if n.log.Epoch() != epoch {
		t.Errorf("the epoch was %s and is %s", epoch, n.log.Epoch())
	}
	page, err := n.log.Read(t.Context(), "chat/a", 0, 1000)
	if err != nil || len(page.Messages) != 100 || page.Messages[0].Offset != 201 || string(page.Messages[99].Payload) != "299" {
		t.Fatalf("it reads %+v, %v", page, err)
	}
	if ack := n.put(t, "chat/a", "300"); ack.Offset != 301 || ack.Epoch != epoch {
		t.Errorf("the next one is answered %+v", ack)
	}
	n.shut(t)
	again := open(t, c)
	if got := again.all(t, "chat/a"); len(got) != 101 || got[100] != "300" {
		t.Errorf("started again, it reads %d messages", len(got))
	}
	for path, content := range contents(t, c.Dir) {
		if strings.HasSuffix(path, ".blk") && before[path] != content {
			t.Errorf("%s was changed", path)
		}
	}
	alone := c
	alone.Cluster = nil
	if _, err := broker.Open(t.Context(), alone); err == nil || !strings.Contains(err.Error(), "was taken into a cluster") {
		t.Errorf("the node can go on alone: %v", err)
	}
}

func TestTakingOverGoesOnWhereItWasStopped(t *testing.T) {
	c, epoch := keptAlone(t)
	open(t, c).shut(t)
	if err := os.Remove(filepath.Join(c.Dir, "holdfast.taken-over")); err != nil { // as if it had been killed before
		t.Fatal(err)
	}
	n := open(t, c)
	if n.log.Epoch() != epoch || len(n.all(t, "chat/a")) != 100 {
		t.Errorf("the epoch is %s, and it reads %d messages", n.log.Epoch(), len(n.all(t, "chat/a")))
	}
}

func TestALogFromElsewhereIsNotMixedWithThatOfTheCluster(t *testing.T) {
	first := freeAddr(t)
	a := open(t, config(t, "a", first, []string{first}))
	a.put(t, "chat/a", "of the cluster")
	c, _ := keptAlone(t)
	c.Cluster.Node, c.Cluster.Peers = "b", []string{first}
	b, err := broker.Open(t.Context(), c)
	if err == nil {
		t.Fatal(errors.Join(errors.New("it was opened"), b.Close(t.Context())))
	}
	if !strings.Contains(err.Error(), "the cluster has one of that name already, from elsewhere; start the node whose log is to be kept first") {
		t.Errorf("it says %v", err)
	}
	if got := a.all(t, "chat/a"); !slices.Equal(got, []string{"of the cluster"}) {
		t.Errorf("the cluster reads %q", got)
	}
}

// contents returns the files of a directory.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		files[path] = string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
