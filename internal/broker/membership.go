package broker

import "github.com/holdfast-dev/holdfast/internal/engine"

// Membership returns what this node knows of those that keep the logs together. ok is false if the embedded engine is
// alone, or NATS is external.
func (b *Broker) Membership() (m engine.Membership, ok bool) {
	if b.engine == nil || b.config.Cluster == nil {
		return m, false
	}
	return b.engine.Membership(), true
}
