package together

import (
	"strings"
	"testing"

	"github.com/holdfast-dev/holdfast/internal/broker"
)

func TestANodeAloneGrowsToThreeWhileItIsWrittenToAndNothingIsLost(t *testing.T) {
	first := freeAddr(t)
	a := open(t, config(t, "a", first, []string{first}))
	w := startWriter(a, "chat/a")
	eventually(t, "messages are stored", func() bool { return w.count() > 50 })
	b := open(t, config(t, "b", freeAddr(t), []string{first}))
	if got := a.stream(t).Config.Replicas; got != 1 {
		t.Errorf("with two nodes the log is on %d", got)
	}
	c := open(t, config(t, "c", freeAddr(t), []string{first}))
	eventually(t, "the log is on three nodes", func() bool { return a.replicas(t) == 3 })
	more := w.count() + 50
	eventually(t, "messages are stored", func() bool { return w.count() > more })
	w.finish(t, "chat/a", a, b, c)
	if a.log.Epoch() != c.log.Epoch() {
		t.Error("the epoch is another one")
	}

	a.shut(t) // who was alone before is not needed any more
	if ack := b.put(t, "chat/b", "without a"); ack.Epoch != c.log.Epoch() {
		t.Errorf("got %+v", ack)
	}
}

func TestWithoutAMajorityMessagesAreRefusedWithWordsAndWhatIsThereCanBeRead(t *testing.T) {
	nodes := openAll(t, configs(t, 3))
	a := nodes[0]
	eventually(t, "the log is on three nodes", func() bool { return a.replicas(t) == 3 })
	a.put(t, "chat/a", "before")
	eventually(t, "every node has it", func() bool {
		for _, n := range nodes {
			if len(n.all(t, "chat/a")) != 1 {
				return false
			}
		}
		return true
	})
	nodes[1].shut(t)
	a.put(t, "chat/a", "with two")
	nodes[2].shut(t)
	var err error
	eventually(t, "a message is refused", func() bool {
		_, err = a.store(text("chat/a", "alone"))
		return err != nil
	})
	for _, words := range []string{broker.ErrUnavailable.Error(), "without a majority of the nodes of its cluster", "connected to 0 others", "of 3 nodes 2 are needed",
		"reading, and channels without history, go on", "start the nodes that are missing"} {
		if !strings.Contains(err.Error(), words) {
			t.Errorf("the error lacks %q: %v", words, err)
		}
	}
	if got := a.all(t, "chat/a"); len(got) != 2 || got[1] != "with two" {
		t.Errorf("alone it reads %q", got)
	}
}
