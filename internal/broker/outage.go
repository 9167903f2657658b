package broker

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"

	"github.com/nats-io/nats.go"
)

// A machine that goes down may take with it what its disk did not have yet. In a cluster it gets that from the others. But
// when all machines with a log have gone down, its newest messages may be gone everywhere, and their offsets are
// given to others: so the log gets a new epoch, as that of a node alone does.

const (
	metaOutage = "holdfast-outage" // when the log got an epoch because of one

	wholeSubject = "holdfast.whole" // asks for the nodes that have lost nothing since they opened their directory
	wholeTimeout = 500 * time.Millisecond
	wholeAgain   = time.Minute // with a majority, after which a node has got from others what it had lost
)

// answerWhole tells other nodes that this one has lost nothing, if that is so.
func (b *Broker) answerWhole() error {
	_, err := b.live.Subscribe(wholeSubject, func(m *nats.Msg) {
		if b.engine.WentDown() && !b.whole.Load() {
			return
		}
		if err := m.Respond([]byte(b.config.Cluster.Node)); err != nil {
			b.config.Log.Warn("another node could not be answered", "error", err)
		}
	})
	return err
}

// noteWhole notes that this node has again what it had lost, once it has been with a majority for long enough. It
// is called again and again. with is since when it has been.
func (b *Broker) noteWhole(with time.Time) {
	if !b.engine.WentDown() || b.whole.Load() || time.Since(with) < wholeAgain {
		return
	}
	if err := b.engine.Recovered(); err != nil {
		b.config.Log.Warn("it can't be noted that this node has again what was lost when its machine went down; trying again", "error", err)
		return
	}
	b.whole.Store(true)
}

// wholeNodes asks which nodes have lost nothing.
func (b *Broker) wholeNodes(ctx context.Context) ([]string, error) {
	inbox := b.live.NewInbox()
	sub, err := b.live.SubscribeSync(inbox)
	if err == nil {
		err = b.live.PublishRequest(wholeSubject, inbox, nil)
	}
	if err != nil {
		return nil, unavailable(err)
	}
	ctx, cancel := context.WithTimeout(ctx, wholeTimeout)
	defer cancel()
	var nodes []string
	for {
		answer, err := sub.NextMsgWithContext(ctx)
		if err != nil { // none answers any more
			return nodes, sub.Unsubscribe()
		}
		if len(answer.Data) > 0 {
			nodes = append(nodes, string(answer.Data))
		}
	}
}

// outage gives the log another epoch in meta if all machines with it have gone down. Nodes that start at the same time
// come to the same.
func (l *Log) outage(ctx context.Context, info *streamInfo, meta map[string]string) error {
	b := l.broker
	if b.quorum == nil || !b.engine.WentDown() {
		return nil
	}
	if at, err := time.Parse(time.RFC3339Nano, meta[metaOutage]); err == nil && at.After(b.opened) {
		return nil // another node that starts now has seen to it
	}
	whole, err := b.wholeNodes(ctx)
	if err != nil {
		return err
	}
	keeps := []string{info.Cluster.Leader}
	for _, r := range info.Cluster.Replicas {
		keeps = append(keeps, r.Node)
	}
	if slices.ContainsFunc(keeps, func(node string) bool { return slices.Contains(whole, node) }) {
		return nil
	}
	b.config.Log.Warn("all machines with the log went down, so the newest messages may be lost; positions from before are not valid any more", "log", l.name)
	sum := sha256.Sum256([]byte(meta[metaEpoch]))
	meta[metaEpoch], meta[metaOutage] = hex.EncodeToString(sum[:])[:epochBytes], time.Now().UTC().Format(time.RFC3339Nano)
	return nil
}
