package client

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/holdfast-dev/holdfast/protocol"
)

// The timing of docs/protocol.md.
const (
	firstWait     = 500 * time.Millisecond // before the first attempt, at most
	longestWait   = 30 * time.Second
	laterWait     = 10 * time.Second // after being told that it was too much
	greetTimeout  = 10 * time.Second // handshake and reply to connect
	provenAfter   = 10 * time.Second // a connection that lived so long starts the backoff over
	defaultDedup  = 30 * time.Second
	refreshBefore = time.Minute // ahead of a token's expiry, at most
)

// backoff counts attempts in a row.
type backoff struct{ attempts int }

// next returns how long to wait before the next attempt: full jitter.
func (b *backoff) next(after protocol.Reconnect) time.Duration {
	most := min(longestWait, firstWait<<min(b.attempts, 16))
	b.attempts++
	wait := randomly(most)
	if after == protocol.ReconnectLater {
		wait += laterWait
	}
	return wait
}

// randomly returns a random time from 0 to most.
func randomly(most time.Duration) time.Duration {
	if most <= 0 {
		return 0
	}
	return rand.N(most + 1)
}

// sleep waits, and tells whether it has slept its time.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
