package broker

import (
	"context"
	"errors"
	"time"
)

const (
	settlePatience = time.Minute // for the nodes of a cluster to agree about a log
	settleRetry    = 100 * time.Millisecond

	codeClusterUnavailable = 10008
	codeClusterNotLeader   = 10009
)

// settle opens a log. In a cluster that may have to wait, because nodes start, and elect who leads: then it is tried
// again, for up to a minute, until the log can be read. The caller holds mu.
func (b *Broker) settle(ctx context.Context, l *Log, r Retention) error {
	if b.config.Cluster == nil {
		return l.configure(ctx, r)
	}
	ctx, cancel := context.WithTimeout(ctx, settlePatience)
	defer cancel()
	for {
		err := l.configure(ctx, r)
		if err == nil {
			_, err = l.leaderFirst(ctx, l.subjects+">", 1)
		}
		if err == nil || !passing(err) {
			return err
		}
		select {
		case <-time.After(settleRetry):
		case <-ctx.Done():
			return err
		}
	}
}

// passing tells whether an error may be one of an election.
func passing(err error) bool {
	return errors.Is(err, ErrUnavailable) || isCode(err, codeClusterUnavailable) || isCode(err, codeClusterNotLeader) ||
		isCode(err, codeStreamNotFound) || // it was there, or has been made, but not every node knows yet
		isCode(err, codeNoPeers) || isCode(err, codeNotEnoughPeers) || isCode(err, codeInsufficientResources)
}
