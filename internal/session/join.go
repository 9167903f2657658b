package session

import (
	"log/slog"
	"time"

	"github.com/holdfast-dev/holdfast/internal/cluster"
)

// Join makes the clients those of this node of a cluster: the ids of their connections begin with its id, and the others
// are told how many there are, how many more a second could come, and which users have how many connections, if users have
// limits. It is called before anybody comes, and before the
// cluster starts.
func (cs *Clients) Join(c *cluster.Cluster, log *slog.Logger) {
	cs.node = c.Self().ID
	c.Measure(func(n *cluster.Node) {
		n.Connections = cs.Count()
		n.Handshakes = cs.handshakes.spare(time.Now())
	})
	users := c.Table("users", cs.hearUser(log)) // also if only others limit them
	if l := &cs.limits; l.ConnectionsPerUser > 0 || l.MessagesPerUser.Limited() || l.BytesPerUser.Limited() {
		cs.spread.rows = users
	}
}
