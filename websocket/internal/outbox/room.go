package outbox

import "context"

// AwaitRoom waits until what waits takes no more than half of the limit, or ctx ends. It returns ctx's
// error, ErrFinished, or the error that killed the outbox.
func (o *Outbox) AwaitRoom(ctx context.Context) error {
	for {
		o.mu.Lock()
		if o.closed() {
			defer o.mu.Unlock()
			return o.whyClosedLocked()
		}
		if o.roomyLocked() {
			o.mu.Unlock()
			return nil
		}
		if err := o.waitLocked(ctx); err != nil {
			return err
		}
	}
}

// roomyLocked tells whether at most half of the queue is taken, and of the one behind a stream. Lock held.
func (o *Outbox) roomyLocked() bool {
	return o.size <= o.limit/2 && (o.stream == nil || o.stream.size <= o.limit/2)
}

// waitLocked waits until something has left, or ctx ends. Lock held on entry, released on return.
func (o *Outbox) waitLocked(ctx context.Context) error {
	if o.space == nil {
		o.space = make(chan struct{})
	}
	space := o.space
	o.mu.Unlock()
	select {
	case <-space:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
