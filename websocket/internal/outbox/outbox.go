// Package outbox is the sending half of a connection: a queue, bounded in bytes, in front of a sink
// that may block.
//
// The first write of an idle outbox is tried at once on the caller's goroutine, without blocking.
// What the sink does not take waits in the queue, and the goroutine that drains it exists only
// while something waits. Frames that gather meanwhile leave together in one write.
package outbox

import (
	"context"
	"errors"
	"sync"
)

// Sink is where the bytes go. The outbox calls it from one goroutine at a time.
type Sink interface {
	// TryWrite writes what can be written without blocking. If the sink is blocked, Write is called
	// next, with the rest of p, even if there is none: the sink may hold back bytes of its own.
	TryWrite(p []byte) (n int, blocked bool, err error)
	// Write writes all of p, after what TryWrite held back, and may block.
	Write(p []byte) error
}

// Result tells what became of a frame that was offered.
type Result uint8

const (
	Sent    Result = iota + 1 // handed to the sink
	Queued                    // waits for the sink; it leaves in order
	Dropped                   // the queue is full; the frame is gone
	Closed                    // the outbox takes nothing any more; the frame is gone
)

// ErrFinished is returned by Push after Finish.
var ErrFinished = errors.New("outbox: finished")

// item is one frame, or several gathered ones, on the way to the sink.
type item struct {
	b   []byte
	buf *Buffer // the pooled buffer behind b; nil if b is shared and immutable
}

func (it item) free() {
	if it.buf != nil {
		it.buf.Free()
	}
}

// Outbox queues frames for a sink. Its methods may be called from any goroutine. The zero value is
// not usable: call Init first.
type Outbox struct {
	sink    Sink
	limit   int         // of size, in bytes
	onError func(error) // called once, without the lock, when the sink fails

	drains sync.WaitGroup // the drain goroutine

	mu       sync.Mutex    // guards everything below
	busy     bool          // somebody is writing, or the outbox is held; only they touch the sink
	held     bool          // nobody is writing, though busy: frames gather until Release
	finished bool          // the last frame is queued or written
	err      error         // why the outbox is dead
	size     int           // bytes that wait or are being written
	queue    []item        // waits, oldest at head
	head     int           // index of the oldest in queue
	pong     *Buffer       // the newest pong that waits; it overtakes the queue
	space    chan struct{} // closed when there is room again; nil while nobody waits for that
	done     chan struct{} // made by Finish or Flush, closed when all is written or the outbox is dead
	stream   *stream       // the message that is being written in parts; nil for none
}

// Init makes o ready to write to sink with at most limit bytes waiting. onError is called once if
// the sink fails, on the goroutine that wrote.
func (o *Outbox) Init(sink Sink, limit int, onError func(error)) {
	o.sink, o.limit, o.onError = sink, limit, onError
}

// Send offers a frame without ever blocking. b is shared, not copied: it must never change. An
// empty queue accepts a frame of any size.
func (o *Outbox) Send(b []byte) Result {
	return o.offer(item{b: b}, message)
}

// SendBuffer is Send for a buffer whose ownership passes to the outbox, whatever the result.
func (o *Outbox) SendBuffer(buf *Buffer) Result {
	return o.offer(item{b: buf.B, buf: buf}, message)
}

// SendControl is SendBuffer for a control frame, which may go between the parts of a message.
func (o *Outbox) SendControl(buf *Buffer) Result {
	return o.offer(item{b: buf.B, buf: buf}, part)
}

func (o *Outbox) offer(it item, k kind) Result {
	o.mu.Lock()
	switch {
	case o.closed():
		o.mu.Unlock()
		it.free()
		return Closed
	case k == message && o.stream != nil:
		defer o.mu.Unlock()
		if !o.stream.fits(it, o.limit) {
			it.free()
			return Dropped
		}
		o.stream.add(it)
		return Queued
	case !o.busy:
		return o.beginLocked(it)
	case o.held && !o.fitsLocked(it):
		o.resumeLocked()
		return o.offer(it, k)
	case o.held:
		return o.gatherOneLocked(it)
	case !o.fitsLocked(it):
		o.mu.Unlock()
		it.free()
		return Dropped
	}
	o.appendLocked(it)
	o.mu.Unlock()
	return Queued
}

// Push queues a buffer and takes its ownership. While the queue is full it waits for room, until
// ctx ends. It returns ctx's error, ErrFinished, or the error that killed the outbox.
func (o *Outbox) Push(ctx context.Context, buf *Buffer) error {
	return o.push(ctx, item{b: buf.B, buf: buf}, message)
}

func (o *Outbox) push(ctx context.Context, it item, k kind) error {
	for {
		o.mu.Lock()
		switch {
		case o.closed():
			defer o.mu.Unlock()
			it.free()
			return o.whyClosedLocked()
		case k == message && o.stream != nil:
			if o.stream.fits(it, o.limit) {
				o.stream.add(it)
				o.mu.Unlock()
				return nil
			}
		case !o.busy:
			if o.beginLocked(it) == Closed {
				return o.Flush() // dead, so this only returns why
			}
			return nil
		case o.held && !o.fitsLocked(it):
			o.resumeLocked()
			continue
		case o.held:
			if o.gatherOneLocked(it) == Closed {
				return o.Flush()
			}
			return nil
		case o.fitsLocked(it):
			o.appendLocked(it)
			o.mu.Unlock()
			return nil
		}
		if err := o.waitLocked(ctx); err != nil {
			it.free()
			return err
		}
	}
}

// Pong sends a pong frame ahead of whatever is queued. Of several that wait only the newest is
// sent, which RFC 6455 section 5.5.3 allows: a peer that pings without reading costs one frame.
func (o *Outbox) Pong(buf *Buffer) {
	o.mu.Lock()
	switch {
	case o.closed():
		o.mu.Unlock()
		buf.Free()
	case !o.busy:
		o.beginLocked(item{b: buf.B, buf: buf})
	default:
		if o.pong != nil {
			o.size -= len(o.pong.B)
			o.pong.Free()
		}
		o.pong = buf
		o.size += len(buf.B)
		o.mu.Unlock()
	}
}

// Finish queues the last frame, whatever the limit says. With discard, what waits is thrown away
// first, so that the last frame follows the one being written. A message in parts is cut off, and
// what waits behind it is thrown away. Only the first call counts.
func (o *Outbox) Finish(buf *Buffer, discard bool) {
	o.mu.Lock()
	if o.closed() {
		o.mu.Unlock()
		buf.Free()
		return
	}
	o.finished = true
	if o.done == nil {
		o.done = make(chan struct{})
	}
	if discard {
		o.discardLocked()
	}
	o.dropStreamLocked()
	o.wakeLocked()
	it := item{b: buf.B, buf: buf}
	if !o.busy {
		o.beginLocked(it)
		return
	}
	o.appendLocked(it)
	if o.held { // the goroutine that holds may be waiting for the peer's answer to this frame
		o.resumeLocked()
		return
	}
	o.mu.Unlock()
}

// Flush waits until everything up to the last frame has been written, and returns nil, or until it
// can't be, and returns why. Call it only when Finish or Abort has been called or is about to be: it
// waits for that too.
func (o *Outbox) Flush() error {
	o.mu.Lock()
	if o.done == nil && o.err == nil {
		o.done = make(chan struct{})
	}
	done := o.done
	o.mu.Unlock()
	if done != nil {
		<-done
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.err
}

// Abort makes the outbox refuse everything and throws away what waits. A write that blocks in the
// sink is not interrupted: close the sink's transport too.
func (o *Outbox) Abort(err error) {
	o.mu.Lock()
	o.dieLocked(err)
	o.mu.Unlock()
}

// Wait returns when the drain goroutine, if there is one, has ended. Call it after Abort.
func (o *Outbox) Wait() { o.drains.Wait() }

// Busy reports whether something is being written or waits.
func (o *Outbox) Busy() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.busy
}

// closed tells that no frame is accepted. Lock held.
func (o *Outbox) closed() bool { return o.finished || o.err != nil }

// whyClosedLocked returns why no frame is accepted. Lock held.
func (o *Outbox) whyClosedLocked() error {
	if o.err != nil {
		return o.err
	}
	return ErrFinished
}

// wakeLocked wakes whoever waits for room. Lock held.
func (o *Outbox) wakeLocked() {
	if o.space != nil {
		close(o.space)
		o.space = nil
	}
}

// dieLocked marks the outbox dead. Lock held. It reports whether this was the first time.
func (o *Outbox) dieLocked(err error) bool {
	if o.err != nil {
		return false
	}
	o.err = err
	o.discardLocked()
	o.dropStreamLocked()
	o.queue = nil
	o.wakeLocked()
	if o.done == nil {
		return true
	}
	select {
	case <-o.done:
	default:
		close(o.done)
	}
	return true
}
