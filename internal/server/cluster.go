package server

import (
	"cmp"
	"time"

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
