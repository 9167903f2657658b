package hub

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/websocket"
)

// Publication is one or several messages that leave together, on their way to the subscribers. Each
// wire form of it is encoded once, when it is first asked for, and shared by all of them. Once it is
// published it never changes.
type Publication struct {
	// Messages are in order, at least one. All are of one channel, except on the way to a
	// subscriber of a pattern.
	Messages []*broker.Message

	raw   sync.Once
	batch *websocket.Batch // made by raw

	pushes atomic.Pointer[pushes] // nil until it is asked for
	forms  atomic.Pointer[forms]  // likewise
}

// forms are wire forms that edges make.
type forms struct {
	mu   sync.Mutex // guards what follows
	made []form
}

type form struct{ key, value any }

// Form returns a wire form that an edge makes of p: what encode returns for a key, of which there are few. It is made once
// and shared. encode must not use p's forms.
func (p *Publication) Form(key any, encode func() any) any {
	all := p.forms.Load()
	if all == nil {
		p.forms.CompareAndSwap(nil, new(forms))
		all = p.forms.Load()
	}
	all.mu.Lock()
	defer all.mu.Unlock()
	for _, f := range all.made {
		if f.key == key {
			return f.value
		}
	}
	value := encode()
	all.made = append(all.made, form{key, value})
	return value
}

// Bundle puts messages together, of which there is at least one. They must not change any more.
func Bundle(messages ...*broker.Message) *Publication {
	return &Publication{Messages: messages}
}

// NewPublication copies what came in, at least one message, as messages of a channel that are
// stored nowhere. Text must be valid UTF-8. The copy is the frame that raw WebSockets are sent, so
// that there is only one.
func NewPublication(name channel.Name, messages ...websocket.Message) *Publication {
	p := &Publication{Messages: make([]*broker.Message, len(messages))}
	all := make([]broker.Message, len(messages))
	frames := make([]*websocket.Frame, len(messages))
	now := time.Now()
	for i, m := range messages {
		frames[i] = websocket.NewFrame(m.Type, m.Payload)
		all[i] = broker.Message{Channel: name, Type: m.Type, Payload: frames[i].Payload(), Time: now}
		p.Messages[i] = &all[i]
	}
	p.raw.Do(func() { p.batch = websocket.NewBatch(frames...) })
	return p
}

// From names the subscription that the messages are published through, before they are. It returns p.
func (p *Publication) From(source string) *Publication {
	for _, m := range p.Messages {
		m.Source = source
	}
	return p
}

// Batch returns the wire form of raw WebSockets.
func (p *Publication) Batch() *websocket.Batch {
	p.raw.Do(func() {
		frames := make([]*websocket.Frame, len(p.Messages))
		for i, m := range p.Messages {
			frames[i] = websocket.NewFrame(m.Type, m.Payload)
		}
		p.batch = websocket.NewBatch(frames...)
	})
	return p.batch
}

// After returns the part of p behind an offset: p itself, a publication of its own, or nil.
func (p *Publication) After(offset uint64) *Publication {
	for i, m := range p.Messages {
		switch {
		case m.Offset <= offset:
		case i == 0:
			return p
		default:
			return Bundle(p.Messages[i:]...)
		}
	}
	return nil
}
