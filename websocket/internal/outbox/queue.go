package outbox

// maxIdleQueue is the largest queue, in frames, that an idle outbox keeps for the next burst.
const maxIdleQueue = 4

// fitsLocked tells whether it may be queued. Lock held. An empty queue takes a frame of any size,
// so the most that ever waits is the limit, or one frame, besides the write under way.
func (o *Outbox) fitsLocked(it item) bool {
	return o.head == len(o.queue) || o.size+len(it.b) <= o.limit
}

// appendLocked queues it. Lock held.
func (o *Outbox) appendLocked(it item) {
	// Reuse the room in front instead of growing, once that moves no more frames than have left.
	if o.head > len(o.queue)/2 && len(o.queue) == cap(o.queue) {
		n := copy(o.queue, o.queue[o.head:])
		clear(o.queue[n:])
		o.queue, o.head = o.queue[:n], 0
	}
	o.size += len(it.b)
	if n := len(o.queue); n > o.head && o.queue[n-1].join(it) {
		return
	}
	o.queue = append(o.queue, it)
}

// join copies next behind it, if both are pooled and there is room.
func (it *item) join(next item) bool {
	if it.buf == nil || next.buf == nil || len(it.b)+len(next.b) > cap(it.buf.B) {
		return false
	}
	it.buf.B = append(it.buf.B, next.b...)
	it.b = it.buf.B
	next.free()
	return true
}

// gatherLocked copies the pong and as many queued frames as fit into one buffer. Lock held.
func (o *Outbox) gatherLocked() item {
	batch := NewBuffer(0)
	if o.pong != nil {
		batch.B = append(batch.B, o.pong.B...)
		o.pong.Free()
		o.pong = nil
	}
	for o.head < len(o.queue) && len(batch.B)+len(o.queue[o.head].b) <= pooledBytes {
		it := o.popLocked()
		batch.B = append(batch.B, it.b...)
		it.free()
	}
	return item{b: batch.B, buf: batch}
}

// popLocked takes the oldest frame from the queue. Lock held; the queue is not empty.
func (o *Outbox) popLocked() item {
	it := o.queue[o.head]
	o.queue[o.head] = item{}
	o.head++
	if o.head == len(o.queue) {
		o.queue, o.head = o.queue[:0], 0
		if cap(o.queue) > maxIdleQueue {
			o.queue = nil
		}
	}
	return it
}

// discardLocked throws away everything that waits. Lock held.
func (o *Outbox) discardLocked() {
	for o.head < len(o.queue) {
		it := o.popLocked()
		o.size -= len(it.b)
		it.free()
	}
	if o.pong != nil {
		o.size -= len(o.pong.B)
		o.pong.Free()
		o.pong = nil
	}
}
