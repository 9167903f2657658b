package server

import (
	"cmp"
	"context"
	"time"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/cluster"
)

// node returns what the cluster is told of this node.
func (c *Config) node() cluster.Node {
	return cluster.Node{
		ID:        cluster.NewID(),
		Name:      cmp.Or(c.Node, "holdfast"),
		Version:   c.Version,
		Started:   time.Now(),
		Endpoints: c.Endpoints,
		State:     cluster.Starting,
	}
}

// clusterName returns what the cluster is called, "" if it has no name.
func (c *Config) clusterName() string {
	if c.Broker.Cluster == nil {
		return ""
	}
	return c.Broker.Cluster.Name
}

// clusterPeers returns where the nodes connect to each other, none if they do not.
func (c *Config) clusterPeers() []string {
	if c.Broker.Cluster == nil {
		return nil
	}
	return c.Broker.Cluster.Peers
}

// watchVersions warns of nodes that may not understand this one. They are not refused: that would leave no way from one minor
// version to the next without stopping all nodes.
func (s *Server) watchVersions() {
	warned := map[string]bool{} // ids; Watch tells of one node at a time
	s.cluster.Watch(func(n cluster.Node, here bool) {
		switch {
		case !here:
			delete(warned, n.ID)
		case !warned[n.ID] && !cluster.Compatible(s.config.Version, n.Version):
			warned[n.ID] = true
			s.config.Log.Warn("another node is of another minor version: some of what the nodes tell each other may not be understood; update the older one soon",
				"node", n.Name, "version", n.Version, "own", s.config.Version)
		}
	})
}

// openCluster connects with the other nodes, if there can be any. It starts when all that is told and asked is registered.
func openCluster(ctx context.Context, c *Config, logs *broker.Broker) (*cluster.Cluster, error) {
	if logs == nil || !logs.Shared() {
		return cluster.Alone(c.node()), nil
	}
	return cluster.New(ctx, c.node(), logs.Connect, c.Log)
}

// largestTold returns the largest message that other nodes are told, 0 if there can be none.
func (c *Config) largestTold() int {
	if !c.Broker.Shared() {
		return 0
	}
	return max(int(c.MaxMessageBytes), cluster.MaxBodyBytes)
}
