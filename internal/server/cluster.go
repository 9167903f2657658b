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
