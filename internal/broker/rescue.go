package broker

import (
	"context"

	"github.com/holdfast-dev/holdfast/internal/engine"
)

// Without says what it means that this node is without a majority of the nodes, and since when; nil if it is with one, or
// if there is no cluster.
func (b *Broker) Without() *NoQuorum {
	if b.quorum == nil {
		return nil
	}
	return b.quorum.lost.Load()
}

// Rescue makes the nodes that are left of a cluster whose majority is lost for ever a cluster of their own, with what they
// have: see [engine.Engine.Rescue]. Logs are kept on as many nodes as are left. The error may be ErrNoCluster, too.
func (b *Broker) Rescue(ctx context.Context) ([]engine.Peer, error) {
	if _, together := b.Membership(); !together {
		return nil, ErrNoCluster
	}
	removed, err := b.engine.Rescue(ctx)
	if err != nil {
		return nil, err
	}
	return removed, b.lower(ctx, replicasFor(len(b.engine.Peers()), b.config.Replicas))
}
