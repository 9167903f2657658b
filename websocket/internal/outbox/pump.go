package outbox

// beginLocked starts to write on the caller's goroutine. Lock held on entry, released on return.
func (o *Outbox) beginLocked(it item) Result {
	o.busy = true
	o.size += len(it.b)
	o.mu.Unlock()
	return o.pump(it)
}

// maxInline is how many writes one caller makes, its own included, before a goroutine takes over.
const maxInline = 8

// pump writes it, and what gathers meanwhile, until nothing waits, the sink would block, or the
// caller has done its share. The caller has set busy. Cost: one system call a frame, no allocation.
func (o *Outbox) pump(it item) Result {
	result := Closed // of the caller's own frame, which is the first
	for writes := 0; ; {
		n, blocked, err := o.sink.TryWrite(it.b)
		if err != nil {
			it.free()
			o.fail(err)
			return result
		}
		if blocked {
			if o.startDrain(it, n) && result == Closed {
				result = Queued
			}
			return result
		}
		result = Sent
		var more bool
		if it, more = o.next(it); !more {
			return result
		}
		if writes++; writes == maxInline {
			o.startDrain(it, 0)
			return result
		}
	}
}

// startDrain hands the writing to a goroutine that may block, unless the outbox has died.
func (o *Outbox) startDrain(it item, written int) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err != nil {
		o.busy = false
		it.free()
		return false
	}
	o.drains.Add(1) // under the lock, so that it never races with Wait after Abort
	go o.drain(it, written)
	return true
}

func (o *Outbox) drain(it item, written int) {
	defer o.drains.Done()
	for more := true; more; {
		if err := o.sink.Write(it.b[written:]); err != nil {
			it.free()
			o.fail(err)
			return
		}
		written = 0
		it, more = o.next(it)
	}
}

// next accounts for an item that was written and takes what follows. When nothing does, the outbox
// is idle again and next returns false.
func (o *Outbox) next(written item) (item, bool) {
	n := len(written.b)
	written.free()
	o.mu.Lock()
	defer o.mu.Unlock()
	o.size -= n
	if o.size <= o.limit/2 {
		o.wakeLocked()
	}
	return o.takeLocked()
}

// takeLocked takes what is to be written next. When nothing waits, the outbox is idle again and more
// is false. Lock held; the caller writes, or is about to.
func (o *Outbox) takeLocked() (it item, more bool) {
	waiting := len(o.queue) - o.head
	if o.err != nil || (waiting == 0 && o.pong == nil) {
		o.busy = false
		o.wakeLocked()
		if o.finished && o.err == nil {
			close(o.done)
		}
		return item{}, false
	}
	if o.pong == nil && (waiting == 1 || len(o.queue[o.head].b) > pooledBytes/2) {
		return o.popLocked(), true
	}
	return o.gatherLocked(), true
}

// fail is the end of a write that the sink refused.
func (o *Outbox) fail(err error) {
	o.mu.Lock()
	o.busy = false
	first := o.dieLocked(err)
	o.mu.Unlock()
	if first {
		o.onError(err)
	}
}
