package broker

import (
	"context"
	"fmt"
	"strings"
	"time"

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

// rescueTimeout is how long a rescue may take, whoever asks for it.
const rescueTimeout = 25 * time.Second

// Rescue makes the nodes that are left of a cluster whose majority is lost for ever a cluster of their own, with what they
// have: see [engine.Engine.Rescue]. Logs are kept on as many nodes as are left, and have a new epoch as soon as a node opens them
// again: what is left may lack the newest messages, and gives their offsets to others. Once begun it goes on when the context
// ends, because half a rescue helps nobody. The error may be ErrNoCluster, too.
func (b *Broker) Rescue(ctx context.Context, lost []string) error {
	m, together := b.Membership()
	if !together {
		return ErrNoCluster
	}
	if m.Leader == "" && b.Without() == nil {
		return fmt.Errorf("%w: the nodes have not agreed on who leads for less than %s; wait, and see whether they do", engine.ErrNoRescue, lostAfter)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rescueTimeout)
	defer cancel()
	if err := b.engine.Rescue(ctx, lost); err != nil {
		return err
	}
	b.config.Log.Warn("nodes are given up for ever, and what is left of the cluster goes on without them", "lost", lost)
	return b.lower(ctx, replicasFor(len(b.engine.Peers()), b.config.Replicas))
}

// lower keeps all logs on fewer nodes, of which no more are left, and gives them a new epoch. The nodes have just agreed
// on who leads, and may have to again, so it is tried until the context ends.
func (b *Broker) lower(ctx context.Context, replicas int) error {
	tick := time.NewTicker(raiseInterval)
	defer tick.Stop()
	done := map[string]bool{}
	for {
		err := b.lowerOnce(ctx, replicas, done)
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("the nodes are given up, but not all logs are kept on those that are left: %w", err)
		}
	}
}

// lowerOnce is lower, but for logs with which that is done.
func (b *Broker) lowerOnce(ctx context.Context, replicas int, done map[string]bool) error {
	streams, err := b.streams(ctx)
	if err != nil {
		return err
	}
	for _, info := range streams {
		name, err := setting[string](info, "name")
		if err != nil {
			return err
		}
		if done[name] || !strings.HasPrefix(name, streamPrefix) {
			continue
		}
		have, err := setting[int](info, "num_replicas")
		if err != nil {
			return err
		}
		meta, err := setting[map[string]string](info, "metadata")
		if err != nil {
			return err
		}
		meta[metaEpoch] = newEpoch()
		if _, err := (&Log{broker: b, stream: name}).update(ctx, info, map[string]any{"num_replicas": min(have, replicas)}, meta); err != nil {
			return fmt.Errorf("the log %s: %w", meta[metaLog], err)
		}
		done[name] = true
	}
	return nil
}
