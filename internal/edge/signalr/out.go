package signalr

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/holdfast-dev/holdfast/internal/edge/signalr/hubproto"
	"github.com/holdfast-dev/holdfast/websocket"
)

// out is the way to a client. Messages of channels may be refused when too much waits, since there is a rule for that. Answers may
// not: they wait here. What waits is bounded because the connection runs nothing more while anything does.
//
// With stateful reconnect, what has been sent is kept until the client says that it has it, so that it can be sent again on another
// link; until there is one, it gathers here.
type out struct {
	work    context.Context // ends with the connection
	running sync.WaitGroup  // drain
	last    atomic.Int64    // when something was sent; in nanoseconds since 1970

	full     atomic.Bool // something waits; what is delivered now would overtake it
	mu       sync.Mutex  // guards what follows
	encoding hubproto.Encoding
	link     link  // nil while there is none
	kept     *kept // nil without stateful reconnect
	over     bool
	waiting  []*parcel
	drained  chan struct{} // closed when nothing waits any more; nil if nothing does
}

var errNoLink = errors.New("the client has no connection")

// say sends a message, or has it wait. It does not block.
func (o *out) say(m hubproto.Message) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.over {
		return
	}
	p := newParcel(o.encoding, m)
	if o.kept != nil && p.tracked > 0 {
		o.kept.add(p)
	}
	o.pushLocked(p)
}

// pushLocked sends what must not be dropped. Lock held.
func (o *out) pushLocked(p *parcel) {
	if o.link == nil {
		return // what is tracked is kept; of the rest, nothing matters later
	}
	if len(o.waiting) == 0 && o.sendLocked(p) != websocket.Dropped {
		return
	}
	o.waiting = append(o.waiting, p)
	if o.drained == nil {
		o.drained = make(chan struct{})
		o.full.Store(true)
		o.running.Go(o.drain)
	}
}

func (o *out) sendLocked(p *parcel) websocket.Result {
	o.last.Store(time.Now().UnixNano())
	return o.link.send(p)
}

// drain sends what waits, as the client takes it, on whatever link there is.
func (o *out) drain() {
	for {
		o.mu.Lock()
		l := o.link
		o.mu.Unlock()
		err := errNoLink
		if l != nil {
			err = l.flush(o.work)
		}
		o.mu.Lock()
		if o.link == l && err != nil {
			o.waiting = nil // there is nobody to send it to; what is tracked is kept
		}
		for len(o.waiting) > 0 && o.sendLocked(o.waiting[0]) != websocket.Dropped {
			o.waiting = o.waiting[1:]
		}
		if len(o.waiting) == 0 {
			o.waiting = nil
			o.full.Store(false)
			close(o.drained)
			o.drained = nil
			o.mu.Unlock()
			return
		}
		o.mu.Unlock()
	}
}

// deliver offers messages of a channel.
func (o *out) deliver(p *parcel) websocket.Result {
	if o.full.Load() {
		return websocket.Dropped
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.over, o.link == nil && o.kept == nil:
		return websocket.Closed
	case len(o.waiting) > 0, o.kept != nil && !o.kept.hasRoom(p):
		return websocket.Dropped
	}
	result := websocket.Queued
	if o.link != nil {
		result = o.sendLocked(p)
	}
	if o.kept != nil && result == websocket.Closed {
		result = websocket.Queued // until there is another link
	}
	if o.kept != nil && result != websocket.Dropped {
		o.kept.add(p)
	}
	return result
}

// settle waits until nothing waits. It returns an error only when ctx ends.
func (o *out) settle(ctx context.Context) error {
	o.mu.Lock()
	drained := o.drained
	o.mu.Unlock()
	return await(ctx, drained)
}

// await waits until a channel is closed, if there is one, or ctx ends.
func await(ctx context.Context, closed <-chan struct{}) error {
	if closed == nil {
		return nil
	}
	select {
	case <-closed:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// flush waits until everything has left, or, with stateful reconnect, until there is room again for what is kept.
func (o *out) flush(ctx context.Context) error {
	if err := o.settle(ctx); err != nil {
		return err
	}
	o.mu.Lock()
	l, k := o.link, o.kept
	var room <-chan struct{}
	if k != nil {
		room = k.awaitRoom()
	}
	o.mu.Unlock()
	if k != nil {
		return await(ctx, room)
	}
	if l == nil {
		return errNoLink
	}
	return l.flush(ctx)
}

// attach begins to send on a link, with what the client may not have got on others, and returns the one that was used before, if any.
func (o *out) attach(l link) (before link) {
	o.mu.Lock()
	defer o.mu.Unlock()
	before = o.link
	o.link = l
	o.waiting = nil // that was for the one before
	if o.kept == nil {
		return before // the client has not been greeted
	}
	o.pushLocked(newParcel(o.encoding, &hubproto.Sequence{Sequence: o.kept.first()}))
	for _, p := range o.kept.parcels {
		o.pushLocked(p.parcel)
	}
	return before
}

// detach stops sending on a link. It returns false if that is not, or not any more, the one that is used.
func (o *out) detach(l link) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.link != l {
		return false
	}
	o.link, o.waiting = nil, nil
	return true
}

// acknowledged notes that the client has the tracked messages up to a number.
func (o *out) acknowledged(upTo uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.kept != nil {
		o.kept.drop(upTo)
	}
}

// expel ends the way with a last message.
func (o *out) expel(m *hubproto.Close, code websocket.CloseCode, reason string) {
	o.mu.Lock()
	l, over, encoding := o.link, o.over, o.encoding
	o.over = true
	o.mu.Unlock()
	if l == nil || over {
		return
	}
	var last *parcel
	if m != nil {
		last = newParcel(encoding, m)
	}
	l.expel(last, code, reason)
}

// close ends the way when the connection and its work are over.
func (o *out) close() {
	o.mu.Lock()
	o.over, o.link = true, nil
	o.mu.Unlock()
	o.running.Wait()
}

// greeted says how messages are written from now on, and whether what is sent is kept.
func (o *out) greeted(e hubproto.Encoding, reconnects bool, most int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.encoding = e
	if reconnects {
		o.kept = newKept(most)
	}
}

// sayRaw sends what is no message: the answer to a handshake.
func (o *out) sayRaw(b []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.over {
		o.pushLocked(&parcel{batch: websocket.NewBatch(websocket.NewFrame(websocket.Text, b))})
	}
}

// current returns the link that is used, or nil.
func (o *out) current() link {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.link
}

// polls tells whether the client fetches what is sent by polls.
func (o *out) polls() bool {
	_, polls := o.current().(*pollLink)
	return polls
}

// silentMeansGone tells whether a client that sends nothing is taken to be gone: not while it polls, nor while it has no link, for which there
// is another limit.
func (o *out) silentMeansGone() bool {
	switch l := o.current().(type) {
	case nil:
		return false
	case *pollLink:
		return !l.attended()
	}
	return true
}

// carriesBytes tells whether the link carries more than text.
func (o *out) carriesBytes() bool {
	_, text := o.current().(*eventLink)
	return !text
}
