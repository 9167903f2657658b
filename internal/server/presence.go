package server

import (
	"context"
	"time"

	"github.com/holdfast-dev/holdfast/internal/cluster"
	"github.com/holdfast-dev/holdfast/internal/hub"
)

// openPresence makes the presence of all channels, over all nodes.
func (s *Server) openPresence() {
	s.presence = hub.NewPresence(presenceGrace, s.backends.changed)
	rows := s.cluster.Table("presence", func(node, key string, value []byte) {
		if err := s.presence.Row(node, key, value); err != nil {
			s.config.Log.Warn("what a node says of presence can't be read", "node", node, "row", key, "error", err)
		}
	})
	s.presence.Share(s.cluster.Self().ID, rows)
	s.watchContact()
}

// watchContact notices when this node has seen no other for a while, and sees again one that it knew: then those have
// missed this one.
func (s *Server) watchContact() {
	lost := make(map[string]bool) // by id: those that have gone and may come back; guarded by the cluster, which tells one thing at a time
	s.cluster.Watch(func(n cluster.Node, here bool) {
		switch {
		case !here:
			lost[n.ID] = true
		case lost[n.ID] && len(s.cluster.Nodes()) == 2: // it is the first that is seen again
			clear(lost)
			s.presence.Missed()
		case len(lost) >= maxLost:
			clear(lost)
		}
	})
}

const (
	maxLost   = 1000 // nodes
	pauseTick = time.Second
	// pauseLimit is more than two ticks are ever apart while the process runs, and less than it takes the others to miss it.
	pauseLimit = 4 * time.Second
)

// watchPauses notices when the process was stopped for so long that the other nodes have missed it, until ctx ends.
func (s *Server) watchPauses(ctx context.Context) {
	ticker := time.NewTicker(pauseTick)
	defer ticker.Stop()
	for looked := time.Now(); ; {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		now := time.Now()
		if now.Sub(looked) > pauseLimit && len(s.cluster.Nodes()) > 1 {
			s.presence.Missed()
		}
		looked = now
	}
}
