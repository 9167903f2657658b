package outbox

import "context"

// kind is what a frame is to the order of frames (RFC 6455 section 5.4).
type kind uint8

const (
	message kind = iota // a whole message, which may not go between the parts of another
	part                // a part of the message that is being written in parts, or a control frame
)

// stream is a message that is being written in parts. Other messages wait behind it, with a bound of
// their own: they can't leave before it ends, and it must not wait for them.
type stream struct {
	ended   chan struct{} // closed when the next stream may begin
	waiting []item        // whole messages, in order
	size    int           // their bytes
}

// fits tells whether it may wait. As in the queue, the first one always may.
func (s *stream) fits(it item, limit int) bool {
	return len(s.waiting) == 0 || s.size+len(it.b) <= limit
}

func (s *stream) add(it item) {
	s.waiting = append(s.waiting, it)
	s.size += len(it.b)
}

// BeginStream reserves the outbox for a message in parts, which PushPart then takes. It waits for the
// one before to end, until ctx ends. Other messages wait until EndStream, up to the limit again;
// control frames do not. It returns ctx's error, ErrFinished, or the error that killed the outbox.
func (o *Outbox) BeginStream(ctx context.Context) error {
	for {
		o.mu.Lock()
		if o.closed() {
			defer o.mu.Unlock()
			return o.whyClosedLocked()
		}
		if o.stream == nil {
			o.stream = &stream{ended: make(chan struct{})}
			o.mu.Unlock()
			return nil
		}
		ended := o.stream.ended
		o.mu.Unlock()
		select {
		case <-ended:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// PushPart is Push for a part of the message that BeginStream has begun, or for a control frame.
func (o *Outbox) PushPart(ctx context.Context, buf *Buffer) error {
	return o.push(ctx, item{b: buf.B, buf: buf}, part)
}

// EndStream lets the messages go that have waited. Call it when the last part has been pushed.
func (o *Outbox) EndStream() {
	o.mu.Lock()
	if o.stream == nil { // finished or dead meanwhile
		o.mu.Unlock()
		return
	}
	for _, it := range o.stream.waiting {
		o.appendLocked(it)
	}
	o.stream.waiting = nil
	o.dropStreamLocked()
	o.wakeLocked()
	if o.busy {
		o.mu.Unlock()
		return
	}
	it, more := o.takeLocked()
	o.busy = more
	o.mu.Unlock()
	if more {
		o.pump(it)
	}
}

// dropStreamLocked forgets the message in parts and what waits behind it. Lock held.
func (o *Outbox) dropStreamLocked() {
	if o.stream == nil {
		return
	}
	for _, it := range o.stream.waiting {
		it.free()
	}
	close(o.stream.ended)
	o.stream = nil
}
