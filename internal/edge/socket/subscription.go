package socket

import (
	"context"
	"slices"
	"sync"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/hub"
	"github.com/holdfast-dev/holdfast/internal/session"
	"github.com/holdfast-dev/holdfast/protocol"
	"github.com/holdfast-dev/holdfast/websocket"
)

// subscription is one of a client's. It is the receiver of its session.Subscription.
type subscription struct {
	conn     *conn
	number   uint64
	pattern  channel.Pattern
	form     hub.PushForm
	retained bool         // the channel keeps its last message for those who come
	withheld bool         // the client has a position, but may not read what is kept
	present  channel.Name // where it makes the session present; "" for nowhere

	flow  *session.Subscription
	watch *hub.Watch    // nil unless the client wants to know who comes and goes
	begun chan struct{} // closed when the client has been answered

	mu        sync.Mutex         // guards what follows; the logs of a pattern deliver at the same time
	replaying []string           // epochs of the logs that have not been live yet
	at        protocol.Positions // of those that have, while there are others
	lost      protocol.Positions // behind which messages are lost; the client is told with the next one
}

// reads tells whether something has to be read from a log before the client can be answered.
func (s *subscription) reads(v *protocol.Subscribe) bool {
	return len(v.Since) > 0 || v.Last > 0 || s.retained
}

// beginsAt makes the answer.
func (s *subscription) beginsAt(begins []session.Beginning, since protocol.Positions) *protocol.SubscribeOK {
	ok := &protocol.SubscribeOK{Sub: s.number}
	var epochs protocol.Positions
	more := false
	for _, b := range begins {
		at := position(b.At)
		ok.Position = append(ok.Position, at)
		ok.Replay += uint64(b.Messages)
		more = more || b.More
		epochs = append(epochs, protocol.Position{Epoch: at.Epoch})
		s.replaying = append(s.replaying, at.Epoch)
		if b.Lost && b.Messages > 0 && since != nil {
			ok.Oldest = append(ok.Oldest, protocol.Position{Offset: at.Offset + 1, Epoch: at.Epoch})
		}
		if _, had := since.Offset(at.Epoch); b.Lost && had || b.Lost && hasTyped(since) {
			ok.Why = protocol.WhyExpired
		}
	}
	if more {
		ok.Replay = 0
	}
	switch gone := slices.Clone(since).Without(append(epochs, protocol.Position{})); {
	case since != nil && len(begins) == 0:
		ok.Why = protocol.WhyNoHistory
	case len(gone) > 0:
		ok.Why = protocol.WhyReset
	}
	if s.withheld {
		ok.Why, ok.Oldest = protocol.WhyNoHistory, nil
	}
	if ok.Lost = ok.Why != ""; !ok.Lost {
		ok.Oldest = nil
	}
	return ok
}

// hasTyped tells whether an offset has been typed without its epoch.
func hasTyped(since protocol.Positions) bool {
	_, typed := since.Offset("")
	return typed
}

// cancel ends it. When it returns, nothing of it is sent any more.
func (s *subscription) cancel() {
	if s.watch != nil {
		s.watch.Cancel()
	}
	s.flow.Cancel()
}

// Deliver implements session.Receiver.
func (s *subscription) Deliver(p *hub.Publication) websocket.Result {
	out := s.conn.out
	if out.full.Load() {
		return websocket.Dropped
	}
	channels := s.conn.handler.channels
	s.mu.Lock()
	defer s.mu.Unlock()
	first, last := p.Messages[0], p.Messages[len(p.Messages)-1]
	if len(s.lost) > 0 && first.Offset > 0 {
		s.tellLostLocked(broker.Position{Epoch: channels.Epoch(first.Channel), Offset: first.Offset - 1})
	}
	result := out.deliver(p.Pushes(s.form, s.number, channels.Epoch))
	if len(s.at) > 0 && last.Offset > 0 && (result == websocket.Sent || result == websocket.Queued) {
		s.at, _ = s.at.Advance(protocol.Position{Epoch: channels.Epoch(last.Channel), Offset: last.Offset})
	}
	return result
}

// Flush implements session.Receiver.
func (s *subscription) Flush(ctx context.Context) error { return s.conn.out.flush(ctx) }

// Live implements session.Receiver. The first one of a pattern waits until all its logs are live.
func (s *subscription) Live(at broker.Position) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tellLostLocked(at)
	live := protocol.Positions{position(at)}
	if len(s.replaying) > 0 {
		s.at, _ = s.at.Advance(live[0])
		s.replaying = slices.DeleteFunc(s.replaying, func(epoch string) bool { return epoch == at.Epoch })
		if len(s.replaying) > 0 {
			return
		}
		live, s.at = s.at, nil
	}
	s.conn.out.push(&protocol.Live{Sub: s.number, Position: live})
}

// Lost implements session.Receiver. The client is told when it is known where it goes on.
func (s *subscription) Lost(since broker.Position) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, told := s.lost.Offset(since.Epoch); !told {
		s.lost = append(s.lost, position(since))
	}
}

// tellLostLocked tells that messages of a log are lost up to a place, if any are.
func (s *subscription) tellLostLocked(goesOn broker.Position) {
	offset, lost := s.lost.Offset(goesOn.Epoch)
	if !lost {
		return
	}
	since := protocol.Positions{{Offset: offset, Epoch: goesOn.Epoch}}
	s.lost = s.lost.Without(since)
	s.conn.out.push(&protocol.Lost{Sub: s.number, Since: since, Position: protocol.Positions{position(goesOn)}, Why: protocol.WhyExpired})
}

// Gap implements session.Receiver.
func (s *subscription) Gap(n int) {
	s.conn.out.push(&protocol.Gap{Sub: s.number, Missed: uint64(n)})
}

// TooSlow implements session.Receiver.
func (s *subscription) TooSlow() {
	s.conn.expel(websocket.CloseTryAgainLater, "too slow: the queue of unread messages is full")
}
