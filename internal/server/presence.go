package server

import "github.com/holdfast-dev/holdfast/internal/hub"

// openPresence makes the presence of all channels, over all nodes.
func (s *Server) openPresence() {
	s.presence = hub.NewPresence(presenceGrace, s.backends.changed)
	rows := s.cluster.Table("presence", func(node, key string, value []byte) {
		if err := s.presence.Row(node, key, value); err != nil {
			s.config.Log.Warn("what a node says of presence can't be read", "node", node, "row", key, "error", err)
		}
	})
	s.presence.Share(s.cluster.Self().ID, rows)
}
