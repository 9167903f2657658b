package socket

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/holdfast-dev/holdfast/protocol"
	"github.com/holdfast-dev/holdfast/websocket"
)

// out is the way to a client. Messages of channels may be refused when the send queue is full, since
// there is a rule for that. Replies and what a subscription tells may not: they wait here. What waits is
// bounded because the connection takes no command while anything does, and no subscription sends.
type out struct {
	carrier  carrier
	encoding protocol.Encoding
	work     context.Context // ends with the connection
	audit    func(*protocol.Error) (ref string)
	running  sync.WaitGroup // drain

	full    atomic.Bool // something waits; what is delivered now would overtake it
	mu      sync.Mutex  // guards what follows
	over    bool
	waiting []*websocket.Frame
	drained chan struct{} // closed when nothing waits any more; nil if nothing does
}

// ok answers a command that has worked.
func (o *out) ok(id uint64, result protocol.Result) {
	o.say(func(b []byte) []byte { return o.encoding.AppendOK(b, id, result) })
}

// refuse answers one that has not. Unless somebody has told the audit before, it does.
func (o *out) refuse(id uint64, err *protocol.Error) {
	if err.Ref == "" && !notThere[err.Code] {
		err.Ref = o.audit(err)
	}
	o.say(func(b []byte) []byte { return o.encoding.AppendError(b, id, err) })
}

// notThere are the errors that refuse nothing: there is none of what was asked for.
var notThere = map[protocol.Code]bool{
	protocol.CodeNoHistory: true, protocol.CodeNoPresence: true, protocol.CodeUnknownMethod: true,
	protocol.CodeAlreadySubscribed: true, protocol.CodeUnknownSubscription: true,
}

func (o *out) push(p protocol.Push) {
	o.say(func(b []byte) []byte { return o.encoding.AppendPush(b, p) })
}

// say sends one object, or has it wait. It does not block.
func (o *out) say(appendTo func([]byte) []byte) {
	typ := websocket.Text
	if o.encoding.Binary() {
		typ = websocket.Binary
	}
	buffer := buffers.Get().(*[]byte)
	*buffer = appendTo((*buffer)[:0])
	f := websocket.NewFrame(typ, *buffer)
	if cap(*buffer) <= maxPooledBytes {
		buffers.Put(buffer)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.over || len(o.waiting) == 0 && o.carrier.Send(f) != websocket.Dropped {
		return
	}
	o.waiting = append(o.waiting, f)
	if o.drained == nil {
		o.drained = make(chan struct{})
		o.full.Store(true)
		o.running.Go(o.drain)
	}
}

const maxPooledBytes = 64 << 10

// buffers are what frames are copied from.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

// drain sends what waits, as the client takes it.
func (o *out) drain() {
	for {
		err := o.carrier.Flush(o.work)
		o.mu.Lock()
		if err != nil {
			o.waiting = nil // the client is gone
		}
		for len(o.waiting) > 0 && o.carrier.Send(o.waiting[0]) != websocket.Dropped {
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

// close ends the way when the connection and its work are over.
func (o *out) close() {
	o.mu.Lock()
	o.over = true
	o.mu.Unlock()
	o.running.Wait()
}

// deliver offers messages of a subscription.
func (o *out) deliver(b *websocket.Batch) websocket.Result {
	if o.full.Load() {
		return websocket.Dropped
	}
	return o.carrier.SendBatch(b)
}

// settle waits until nothing waits. It returns an error only when ctx ends.
func (o *out) settle(ctx context.Context) error {
	o.mu.Lock()
	drained := o.drained
	o.mu.Unlock()
	if drained == nil {
		return nil
	}
	select {
	case <-drained:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// flush waits until everything has left.
func (o *out) flush(ctx context.Context) error {
	if err := o.settle(ctx); err != nil {
		return err
	}
	return o.carrier.Flush(ctx)
}
