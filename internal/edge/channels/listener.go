package channels

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/hub"
	"github.com/holdfast-dev/holdfast/internal/session"
	"github.com/holdfast-dev/holdfast/protocol"
	"github.com/holdfast-dev/holdfast/websocket"
)

// listener is one client of an event stream, with one or several subscriptions.
type listener struct {
	handler *Handler
	client  *session.Client
	stream  *websocket.EventStream
	flows   []*flow
	several bool                 // each event says its channel, and its id has the positions of all flows
	slot    int                  // of the heartbeats
	ended   atomic.Pointer[told] // why we have ended the stream; nil if we have not

	mu      sync.Mutex // guards what follows, and at of each flow; held while something is sent, so that ids only grow
	waiting []byte     // what has been told while the queue was full; it goes before anything else
}

// flow is one subscription of a listener. It is the receiver of its session.Subscription.
type flow struct {
	to      *listener
	pattern channel.Pattern
	epoch   string // of a channel that keeps its messages
	sub     *session.Subscription
	logs    int // that it has positions in

	// withheld tells that the client has a position behind which there may be messages that it does not get: it may not read them, or
	// none are kept.
	withheld bool

	at protocol.Positions // what the client has got, or will have when what was sent before has reached it
}

// serve sends what comes until the stream is over.
func (l *listener) serve() {
	h := l.handler
	defer l.client.Leave()
	defer func() {
		for _, f := range l.flows {
			f.sub.Cancel()
		}
	}()
	h.beats.add(l)
	defer h.beats.remove(l)
	for _, f := range l.flows {
		f.sub.Start()
	}
	l.stream.Wait()
	if end := l.ended.Load(); end != nil {
		l.client.Ended(end.Code, end.Reason)
	}
	h.config.Log.Debug("event stream over", "channels", l.flows[0].pattern, "remote", l.client.From())
}

// Deliver implements session.Receiver.
func (f *flow) Deliver(p *hub.Publication) websocket.Result {
	l := f.to
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.several {
		return l.sendLocked(eventsOf(p, f.epoch))
	}
	before := slices.Clone(f.at)
	result := l.sendLocked(f.envelopesLocked(p))
	if result == websocket.Dropped {
		f.at = before
	}
	return result
}

// envelopesLocked returns the events of p, each with the positions that it leads to. Lock held.
func (f *flow) envelopesLocked(p *hub.Publication) []byte {
	var b []byte
	epochOf := f.to.handler.channels.Epoch
	for i, data := range envelopesOf(p, epochOf) {
		if m := p.Messages[i]; m.Offset > 0 {
			f.at, _ = f.at.Advance(protocol.Position{Epoch: epochOf(m.Channel), Offset: m.Offset})
			b = f.to.appendID(b)
		}
		b = append(b, data...)
	}
	return b
}

// sendLocked sends b behind what waits, or, if the result is Dropped or Closed, not. Lock held.
func (l *listener) sendLocked(b []byte) websocket.Result {
	if len(l.waiting) > 0 {
		if l.stream.Send(l.waiting) == websocket.Dropped {
			return websocket.Dropped
		}
		l.waiting = nil
	}
	return l.stream.Send(b)
}

// tell sends a named event, or has it wait: there are few of them, and none gets lost.
func (l *listener) tell(name string, withID bool, data told) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tellLocked(name, withID, data)
}

func (l *listener) tellLocked(name string, withID bool, data told) {
	var b []byte
	if withID {
		b = l.appendID(b)
	}
	b = appendTold(b, name, data)
	if l.sendLocked(b) == websocket.Dropped {
		l.waiting = append(slices.Clip(l.waiting), b...)
	}
}

// beat sends a comment, unless the queue is full.
func (l *listener) beat() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sendLocked(heartbeat)
}

var heartbeat = []byte(":\n\n")

// appendID appends the line that says where the client goes on from when it comes back; nothing if that can't be said yet, or of no
// flow. Lock held, once something is sent.
func (l *listener) appendID(b []byte) []byte {
	logs := 0
	for _, f := range l.flows {
		if len(f.at) < f.logs {
			return b
		}
		logs += f.logs
	}
	if logs == 0 {
		return b
	}
	b = append(b, "id: "...)
	for i, f := range l.flows {
		if i > 0 {
			b = append(b, flowSeparator...)
		}
		b = append(b, f.at.String()...)
	}
	return append(b, '\n')
}

// told is the data of a named event. What does not apply is left out.
type told struct {
	Channel  channel.Pattern `json:"channel,omitempty"` // or pattern, of a stream of several
	Position string          `json:"position,omitempty"`
	Since    string          `json:"since,omitempty"`
	Why      string          `json:"why,omitempty"`
	Missed   int             `json:"missed,omitempty"`
	Code     int             `json:"code,omitempty"`
	Reason   string          `json:"reason,omitempty"`
}

func appendTold(b []byte, name string, data told) []byte {
	text, err := json.Marshal(data)
	if err != nil {
		panic(err) // strings and numbers always can be
	}
	b = append(append(b, "event: "...), name...)
	return append(append(append(b, "\ndata: "...), text...), "\n\n"...)
}

// about returns what a named event says of the flow that it is about.
func (f *flow) about(data told) told {
	if f.to.several {
		data.Channel = f.pattern
	}
	return data
}

// Flush implements session.Receiver.
func (f *flow) Flush(ctx context.Context) error { return f.to.stream.Flush(ctx) }

// Live implements session.Receiver.
func (f *flow) Live(at broker.Position) {
	l := f.to
	l.mu.Lock()
	defer l.mu.Unlock()
	here := protocol.Position{Offset: at.Offset, Epoch: at.Epoch}
	f.at, _ = f.at.Advance(here)
	l.tellLocked("live", true, f.about(told{Position: here.String()}))
}

// Lost implements session.Receiver.
func (f *flow) Lost(since broker.Position) {
	f.to.tell("lost", false, f.about(told{Since: since.String(), Why: string(protocol.WhyExpired)}))
}

// Gap implements session.Receiver.
func (f *flow) Gap(n int) { f.to.tell("gap", false, f.about(told{Missed: n})) }

// TooSlow implements session.Receiver.
func (f *flow) TooSlow() {
	f.to.End(protocol.CloseCode(websocket.CloseTryAgainLater), "too slow: the queue of unread messages is full")
}

// GoAway implements session.Connection.
func (l *listener) GoAway(ctx context.Context, reason string) {
	l.stream.Close(ctx, l.lastWords(int(websocket.CloseGoingAway), reason))
}

// lastWords returns the event that tells why the stream ends, and notes that for the backend.
func (l *listener) lastWords(code int, reason string) []byte {
	l.ended.CompareAndSwap(nil, &told{Code: code, Reason: reason})
	return appendTold(nil, "close", told{Code: code, Reason: reason})
}

// Expiring implements session.Connection. A listener has no way to send another token: it comes back with one.
func (l *listener) Expiring(time.Duration) {}

// End implements session.Connection.
func (l *listener) End(code protocol.CloseCode, reason string) {
	l.stream.Expel(l.lastWords(int(code), reason))
}

// Subscriptions implements session.Connection.
func (l *listener) Subscriptions() []channel.Pattern {
	all := make([]channel.Pattern, len(l.flows))
	for i, f := range l.flows {
		all[i] = f.pattern
	}
	return all
}
