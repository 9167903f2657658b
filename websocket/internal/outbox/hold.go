package outbox

// Hold makes an idle outbox keep what it is given, so that the answers to messages that came together
// leave in one write. It is for one goroutine, which calls Release soon. An outbox that is writing is
// not held: what it is given gathers anyway. A hold ends early when there is enough for a write, when
// the queue is full, and with Finish.
func (o *Outbox) Hold() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.busy && !o.closed() {
		o.busy, o.held = true, true
	}
}

// Release ends a hold and sends what has gathered. Without a hold it does nothing.
func (o *Outbox) Release() {
	o.mu.Lock()
	if !o.held {
		o.mu.Unlock()
		return
	}
	o.resumeLocked()
}

// gatherOneLocked keeps a frame that comes during a hold, and ends the hold when there is enough for
// a write. Lock held on entry, released on return.
func (o *Outbox) gatherOneLocked(it item) Result {
	o.appendLocked(it)
	if o.size < pooledBytes {
		o.mu.Unlock()
		return Queued
	}
	return o.resumeLocked()
}

// resumeLocked ends a hold by writing what has gathered. Lock held on entry, released on return.
func (o *Outbox) resumeLocked() Result {
	o.held = false
	it, more := o.takeLocked()
	o.mu.Unlock()
	if !more {
		return Queued
	}
	return o.pump(it)
}
