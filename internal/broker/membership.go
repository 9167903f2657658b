package broker

import (
	"context"
	"errors"

	"github.com/holdfast-dev/holdfast/internal/engine"
)

// Membership returns what this node knows of those that keep the logs together. ok is false if the embedded engine is
// alone, or NATS is external.
func (b *Broker) Membership() (m engine.Membership, ok bool) {
	if b.engine == nil || b.config.Cluster == nil {
		return m, false
	}
	return b.engine.Membership(), true
}

// Peers returns the nodes that belong to the cluster of the embedded engine, running or not; none if it is alone, or NATS is
// external.
func (b *Broker) Peers() []engine.Peer {
	if _, together := b.Membership(); !together {
		return nil
	}
	return b.engine.Peers()
}

// ErrNoCluster says that the logs are not kept by nodes together.
var ErrNoCluster = errors.New("this node keeps its logs alone, or with an external NATS server")

// Remove has a node belong to the cluster no more: see [engine.Engine.Remove]. The error may be ErrNoCluster, too.
func (b *Broker) Remove(ctx context.Context, node string) error {
	if _, together := b.Membership(); !together {
		return ErrNoCluster
	}
	return b.engine.Remove(ctx, node)
}

// Free returns how many bytes may still be written to the disk of the logs; ok is false if they are elsewhere.
func (b *Broker) Free() (bytes uint64, ok bool) {
	if b.engine == nil {
		return 0, false
	}
	bytes, err := b.engine.Free()
	return bytes, err == nil
}
