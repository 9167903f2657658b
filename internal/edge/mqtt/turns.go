package mqtt

import (
	"context"
	"sync"
)

// turns lets one at a time decide who has the session of a client: a connection that comes, another node that wants it, this
// node when another has gone.
type turns struct {
	mu    sync.Mutex                   // guards taken
	taken map[sessionKey]chan struct{} // closed when the turn is over
}

// take takes the turn of a client if it is free. done ends it; nil if somebody else has it, who has it until wait is closed.
func (t *turns) take(key sessionKey) (done func(), wait <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if wait := t.taken[key]; wait != nil {
		return nil, wait
	}
	if t.taken == nil {
		t.taken = make(map[sessionKey]chan struct{})
	}
	mine := make(chan struct{})
	t.taken[key] = mine
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		delete(t.taken, key)
		close(mine)
	}, nil
}

// await takes the turn of a client when it is free. The error is that of ctx.
func (t *turns) await(ctx context.Context, key sessionKey) (done func(), err error) {
	for {
		done, wait := t.take(key)
		if done != nil {
			return done, nil
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}
