package session

import "github.com/holdfast-dev/holdfast/internal/cluster"

// Join makes the clients those of this node of a cluster: the ids of their connections begin with its id, and the others
// are told how many there are, and how many more a second could come. It is called before anybody comes, and before the
// cluster starts.
func (cs *Clients) Join(c *cluster.Cluster) {
	cs.node = c.Self().ID
	c.Measure(func(n *cluster.Node) {
		n.Connections = cs.Count()
		n.Handshakes = cs.limits.Handshakes.PerSecond
	})
}
