package client

import (
	"slices"
	"time"

	"github.com/holdfast-dev/holdfast/protocol"
)

// patience is for how long the client reads no further because one subscription's queue is full. Then that
// subscription is given up until it is empty: the others must not wait for it, and the application may be
// waiting for an answer that comes behind the messages.
const patience = 250 * time.Millisecond

// handle takes what has come in one WebSocket message. It is called by the link's reader.
func (c *Client) handle(l *link, items []protocol.FromServer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, it := range items {
		if l.refused != nil || c.end != nil {
			return
		}
		if it.Reply != nil && it.Reply.ID == 0 && it.Reply.Err != nil {
			l.fault = it.Reply.Err
			l.conn.CloseNow()
			return
		}
		if it.Reply != nil {
			if waits := c.awaiting[it.Reply.ID]; waits != nil {
				waits.replied(l, it.Reply)
			}
			continue
		}
		stuck := c.pushed(l, it.Push, true)
		if stuck == nil {
			continue
		}
		c.mu.Unlock()
		stuck.queue.awaitRoom(len(it.Push.(*protocol.Message).Data), patience)
		c.mu.Lock()
		c.pushed(l, it.Push, false)
	}
}

// pushed takes a push. It returns the subscription whose queue is full, if the push is to be tried again
// without patience. Lock held.
func (c *Client) pushed(l *link, push protocol.Push, patient bool) *Subscription {
	switch p := push.(type) {
	case *protocol.Message:
		if s := c.at(l, p.Sub, p); s != nil {
			return s.message(p, patient)
		}
	case *protocol.Live:
		if s := c.at(l, p.Sub, p); s != nil {
			s.positions = s.positions.AdvanceAll(p.Position)
			s.note(&Live{})
		}
	case *protocol.Lost:
		if s := c.at(l, p.Sub, p); s != nil {
			s.positions = s.positions.Without(p.Since).AdvanceAll(p.Position)
			s.note(&Lost{Channel: s.name, Since: p.Since.String(), Position: p.Position.String(), Why: p.Why})
		}
	case *protocol.Gap:
		if s := c.at(l, p.Sub, p); s != nil {
			s.queue.note(entry{event: &Gap{Channel: s.name, Missed: p.Missed}})
		}
	case *protocol.PresenceChange:
		if s := c.at(l, p.Sub, p); s != nil {
			s.queue.note(entry{event: &Presence{Join: p.Join, Leave: p.Leave, Count: p.Count, Partial: p.Partial}})
		}
	case *protocol.Unsubscribed:
		if s := c.at(l, p.Sub, p); s != nil {
			if s.handover != nil { // it goes on where it is answered already
				s.handover.finish(true)
				return nil
			}
			s.home = nil
			s.refused(&p.Error, &p.Error)
		}
	case *protocol.Move:
		c.advised(l, p)
	case *protocol.Expiring:
		if c.options.Token != nil && !c.refreshes {
			c.refreshLocked()
		}
	}
	return nil
}

// advised notes the advice to move, once. Lock held.
func (c *Client) advised(l *link, m *protocol.Move) {
	if c.current != l {
		return // it is being left already
	}
	select {
	case c.moves <- m:
	default:
	}
}

// at returns the subscription that a push of a link is for, or nil if it does not count, or not yet. Lock held.
func (c *Client) at(l *link, number uint64, p protocol.Push) *Subscription {
	s := c.subs[number]
	switch {
	case s == nil:
	case s.home == l:
		return s
	case s.handover != nil && s.handover.to == l:
		s.handover.hold(p)
	}
	return nil
}

// message takes a message, and moves the position behind it once it is in the queue. Lock held.
func (s *Subscription) message(m *protocol.Message, patient bool) (stuck *Subscription) {
	at := protocol.Position{Offset: m.Offset, Epoch: m.Epoch}
	if at.Epoch == "" && len(s.positions) == 1 {
		at.Epoch = s.positions[0].Epoch
	}
	if last, ok := s.positions.Offset(at.Epoch); ok && m.Offset != 0 && m.Offset <= last {
		return nil // a repeat
	}
	key := repeatKey{m.Channel, m.ID}
	if m.Offset == 0 && m.ID != "" && s.repeats.has(key) {
		return nil
	}
	message := &Message{Channel: m.Channel, Offset: m.Offset, Epoch: at.Epoch, Payload: m.Payload, ID: m.ID, Key: m.Key, Meta: m.Meta, Time: m.Time}
	if message.Channel == "" {
		message.Channel = s.name
	}
	switch {
	case s.queue.offer(entry{event: message, at: at}, s.options.Latest):
		if m.Offset != 0 {
			s.positions, _ = s.positions.Advance(at)
		} else if m.ID != "" {
			s.repeats.add(key)
		}
	case m.Offset == 0:
		// To hold up everything for each message that will be missed anyway would be no help.
		s.queue.miss()
	case patient:
		return s
	default:
		s.pause()
	}
	return nil
}

// note adds an event that may have moved the position. Lock held.
func (s *Subscription) note(event Event) {
	s.queue.note(entry{event: event, all: slices.Clone(s.positions), moves: true})
}
