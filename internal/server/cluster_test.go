package server

import (
	"strings"
	"testing"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/cluster"
)

// sharing has a node use a NATS server.
func sharing(url, name string) func(*Config) {
	return func(c *Config) {
		c.Broker, c.Node, c.Endpoints = broker.Config{URL: url}, name, []string{"wss://" + name + ".example.com"}
	}
}

func TestNodesOfTheSameNATSAreACluster(t *testing.T) {
	nats := sharedNATS(t)
	a := start(t, sharing(nats, "a"))
	b := start(t, sharing(nats, "b"))
	until(t, func() bool {
		n, alive := a.cluster.Node(b.cluster.Self().ID)
		return alive && n.State == cluster.Ready && n.Name == "b" && n.Endpoints[0] == "wss://b.example.com"
	})
	if nodes := b.cluster.Nodes(); len(nodes) != 2 || nodes[0].ID != b.clients.Node() || nodes[1].Name != "a" {
		t.Errorf("b sees %+v", nodes)
	}
	if _, metrics := a.get("http://"+a.MetricsAddr().String()+"/metrics", ""); !strings.Contains(metrics, "holdfast_nodes 2\n") || !strings.Contains(metrics, "holdfast_nodes_came_total 1\n") {
		t.Errorf("the metrics do not tell of the nodes: %s", metrics)
	}
	if err := b.Shutdown(patience(t), "leaving"); err != nil {
		t.Error(err)
	}
	until(t, func() bool { return len(a.cluster.Nodes()) == 1 })
}
