package cluster

import (
	"context"
	"errors"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestANodeAloneIsItsOwnCluster(t *testing.T) {
	c := Alone(Node{ID: NewID(), Name: "a"})
	c.Measure(func(n *Node) { n.Connections = 7 })
	c.Watch(func(n Node, _ bool) { t.Errorf("another node is seen: %v", n) })
	c.Hear("news", func(from string, _ []byte) { t.Errorf("%s tells itself something", from) })
	c.Answer("name", func(_ context.Context, from string, body []byte) ([]byte, error) {
		return append(body, " "+from...), nil
	})
	rows := c.Table("rows", func(node, key string, _ []byte) { t.Errorf("the row %s of %s is told", key, node) })
	if err := c.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.Tell("news", nil)
	rows.Put("a", []byte("1"))
	rows.Delete("a")
	c.Update(func(n *Node) { n.State = Ready })

	me := c.Self()
	if nodes := c.Nodes(); len(nodes) != 1 || nodes[0].ID != me.ID || nodes[0].State != Ready || nodes[0].Connections != 7 {
		t.Errorf("the nodes are %+v", nodes)
	}
	if got, err := c.Ask(t.Context(), me.ID, "name", []byte("I am")); err != nil || string(got) != "I am "+me.ID {
		t.Errorf("the node answers itself %q, %v", got, err)
	}
	if _, err := c.Ask(t.Context(), me.ID, "age", nil); !errors.Is(err, ErrUnknown) {
		t.Errorf("a question of a topic that nobody answers: %v", err)
	}
	if _, err := c.Ask(t.Context(), "another1", "name", nil); !errors.Is(err, ErrGone) {
		t.Errorf("a question to a node that is not there: %v", err)
	}
	if all := c.AskAll(t.Context(), "name", nil); len(all) != 0 {
		t.Errorf("others answer: %v", all)
	}
}
