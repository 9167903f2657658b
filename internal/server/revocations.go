package server

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/holdfast-dev/holdfast/internal/auth"
	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
)

// revocationLog keeps what has been revoked in a log of its own, for all nodes. It is an auth.Store.
type revocationLog struct{ log *broker.Log }

var _ auth.Store = revocationLog{}

const (
	revocationLogName = "//revoked" // which is no pattern, so that no rule has it
	revocationPage    = 1000        // values
	// revocationCheck is how often it is looked whether the live feed has missed any.
	revocationCheck = 5 * time.Second
)

// openRevocationLog opens the log of what is revoked for keep, 0 for ever. Of each key it has the latest
// value.
func openRevocationLog(ctx context.Context, b *broker.Broker, keep time.Duration) (revocationLog, error) {
	log, err := b.Log(ctx, revocationLogName, broker.Retention{Count: 1, Age: keep})
	return revocationLog{log}, err
}

// Put implements auth.Store. The log keeps a value for at least as long as is asked.
func (l revocationLog) Put(ctx context.Context, key string, value []byte, _ time.Duration) error {
	sum := sha256.Sum256([]byte(key))
	return put(ctx, l.log, channel.Name(hex.EncodeToString(sum[:])), value)
}

// Follow implements auth.Store.
func (l revocationLog) Follow(ctx context.Context, changed func([]byte), ready func()) error {
	stop := l.log.Follow(func(batch []broker.Live) {
		for _, m := range batch {
			changed(m.Payload)
		}
	})
	defer stop()
	tick := time.NewTicker(revocationCheck)
	defer tick.Stop()
	after, err := l.read(ctx, 0, changed)
	if err != nil {
		return err
	}
	ready()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if next, err := l.read(ctx, after, changed); err == nil { // else the next time
			after = next
		}
	}
}

// read gives what is behind an offset to changed, and returns the offset that it has come to.
func (l revocationLog) read(ctx context.Context, after uint64, changed func([]byte)) (uint64, error) {
	for {
		page, err := l.log.Read(ctx, "#", after, revocationPage)
		if err != nil {
			return after, err
		}
		for _, m := range page.Messages {
			changed(m.Payload)
		}
		after = page.End.Offset
		if !page.More {
			return after, nil
		}
	}
}
