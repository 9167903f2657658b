package outbox

import "context"

// Drained waits until the sink has everything, or ctx ends. It returns ctx's error, ErrFinished, or the
// error that killed the outbox.
func (o *Outbox) Drained(ctx context.Context) error {
	for {
		o.mu.Lock()
		if o.closed() {
			defer o.mu.Unlock()
			return o.whyClosedLocked()
		}
		if o.drainedLocked() {
			o.mu.Unlock()
			return nil
		}
		if err := o.waitLocked(ctx); err != nil {
			return err
		}
	}
}

// drainedLocked tells whether nothing is on the way to the sink, nor waits behind a stream. Lock held.
func (o *Outbox) drainedLocked() bool {
	return !o.busy && (o.stream == nil || len(o.stream.waiting) == 0)
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
