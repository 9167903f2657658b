package hub

import (
	"sync"

	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/protocol"
	"github.com/holdfast-dev/holdfast/websocket"
)

// PushForm is a wire form of the multiplexed protocol.
type PushForm struct {
	Encoding protocol.Encoding
	Pattern  bool // for a subscription to a pattern: each message bears its channel and its epoch
}

const (
	pushForms = 4
	// maxSharedPushes is how many batches a publication keeps. Clients of the same program number their
	// subscriptions alike, so that few serve most of them.
	maxSharedPushes = 4
	// maxPushBytes is about the largest WebSocket message that several pushes are put into.
	maxPushBytes = 64 << 10
)

// index returns a number below pushForms.
func (f PushForm) index() int {
	i := int(f.Encoding)
	if f.Pattern {
		i += 2
	}
	return i
}

// pushes are a publication's wire forms of the multiplexed protocol.
type pushes struct {
	mu       sync.Mutex // guards what follows
	prepared [pushForms][]protocol.Prepared
	shared   []sharedPush // at most maxSharedPushes
}

// sharedPush is what all subscriptions with the same number are sent.
type sharedPush struct {
	form  int
	sub   uint64
	batch *websocket.Batch
}

// Pushes returns the wire form of the multiplexed protocol for a subscription's number. What does not
// depend on the number is encoded once, and subscriptions with the same number share the whole of it,
// compressed too, as long as there are few numbers; otherwise it is copied. epochOf names the epoch of
// a channel's offsets and is asked for patterns only.
func (p *Publication) Pushes(f PushForm, sub uint64, epochOf func(channel.Name) string) *websocket.Batch {
	all := p.pushes.Load()
	if all == nil {
		p.pushes.CompareAndSwap(nil, new(pushes))
		all = p.pushes.Load()
	}
	all.mu.Lock()
	defer all.mu.Unlock()
	form := f.index()
	for _, s := range all.shared {
		if s.sub == sub && s.form == form {
			return s.batch
		}
	}
	if all.prepared[form] == nil {
		all.prepared[form] = p.prepare(f, epochOf)
	}
	batch := f.batch(all.prepared[form], sub)
	if len(all.shared) < maxSharedPushes {
		all.shared = append(all.shared, sharedPush{form, sub, batch})
	}
	return batch
}

// prepare encodes all but the subscription's number.
func (p *Publication) prepare(f PushForm, epochOf func(channel.Name) string) []protocol.Prepared {
	all := make([]protocol.Prepared, len(p.Messages))
	for i, m := range p.Messages {
		push := protocol.Message{
			Offset:  m.Offset,
			Payload: protocol.Payload{Data: m.Payload, Binary: m.Type == websocket.Binary},
			ID:      m.ID,
			Key:     m.Key,
			Meta:    m.Meta.Texts(),
			Time:    m.Time,
		}
		if f.Pattern {
			push.Channel = string(m.Channel)
			if m.Offset > 0 {
				push.Epoch = epochOf(m.Channel)
			}
		}
		all[i] = f.Encoding.Prepare(&push)
	}
	return all
}

// batch puts pushes into as few WebSocket messages as their size allows.
func (f PushForm) batch(prepared []protocol.Prepared, sub uint64) *websocket.Batch {
	typ := websocket.Text
	if f.Encoding.Binary() {
		typ = websocket.Binary
	}
	frames := make([]*websocket.Frame, 0, 1)
	buffer := pushBuffers.Get().(*[]byte)
	for len(prepared) > 0 {
		n, bytes := 1, prepared[0].Len()
		for n < len(prepared) && bytes+prepared[n].Len() <= maxPushBytes {
			bytes += prepared[n].Len()
			n++
		}
		*buffer = f.Encoding.AppendMessages((*buffer)[:0], sub, prepared[:n]...)
		frames = append(frames, websocket.NewFrame(typ, *buffer))
		prepared = prepared[n:]
	}
	if cap(*buffer) <= 2*maxPushBytes {
		pushBuffers.Put(buffer)
	}
	return websocket.NewBatch(frames...)
}

// pushBuffers are what a frame is copied from.
var pushBuffers = sync.Pool{New: func() any { return new([]byte) }}
