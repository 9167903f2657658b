package client

import (
	"context"
	"iter"
	"slices"

	"github.com/holdfast-dev/holdfast/protocol"
)

// SubscribeOptions say where a subscription begins and what it tells.
type SubscribeOptions struct {
	// Since is a position, as Subscription.Position returns it: begin behind it.
	Since string
	// Last begins with the newest so many messages (of a pattern: of each log). Not together with Since.
	// With neither, the subscription begins with what is published from now on.
	Last uint64

	NoEcho   bool // leave out what this client itself publishes
	Latest   bool // a newer message may replace an older one of its channel and key that has not been read
	Presence bool // tell who comes and goes, as events; for a channel that has presence
}

// Subscription is one subscription to a channel or a pattern. It outlives connections.
//
// Messages wait for the application in a bounded queue. When that is full, the client first reads no
// further for a moment, then gives the subscription up at the server until the queue is empty, and
// takes it up again where it was: nothing is lost that the history keeps, other subscriptions go on, and
// memory stays bounded. Of a channel without history messages are thrown away then, which a Gap tells.
type Subscription struct {
	c       *Client
	name    string // of the channel or pattern
	pattern bool
	options SubscribeOptions
	since   protocol.Positions // of options
	queue   *queue

	// Guarded by Client.mu.
	number    uint64             // on the wire; another one after a pause
	positions protocol.Positions // behind what is in the queue
	answered  bool               // the server has accepted it once
	asked     *link              // that it was asked for on
	home      *link              // whose pushes count; nil while there is none
	paused    bool               // the application reads too slowly
	retries   int                // refusals in a row
	repeats   repeats            // of messages without an offset
	handover  *handover          // nil while it is not being moved
	ended     bool
	first     chan struct{} // closed when it is answered first, or has ended
	firstErr  error
}

// Messages yields the messages in order. Errors are of two kinds: a *Lost or *Gap tells that messages are
// missing, and the iteration goes on; any other is the last thing that it yields: ErrClosed, the cause of
// ctx, or why the subscription or the client has ended. Messages that wait when a loop is left are there
// for the next one. Several loops at the same time share the messages among them.
func (s *Subscription) Messages(ctx context.Context) iter.Seq2[Message, error] {
	return func(yield func(Message, error) bool) {
		for event, err := range s.Events(ctx) {
			goOn := true
			switch e := event.(type) {
			case *Message:
				goOn = yield(*e, nil)
			case *Lost:
				goOn = yield(Message{}, e)
			case *Gap:
				goOn = yield(Message{}, e)
			case nil:
				goOn = yield(Message{}, err)
			}
			if !goOn {
				return
			}
		}
	}
}

// Events yields everything that the subscription tells, in order. An error is the last thing, and comes
// without an event.
func (s *Subscription) Events(ctx context.Context) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		for {
			event, drained, err := s.queue.take(ctx, s.name)
			if drained {
				s.goOn()
			}
			if !yield(event, err) || err != nil {
				return
			}
		}
	}
}

// Position returns where the application stands: behind the last message that an iteration has yielded.
// Handle the message first, then keep the position: it is for SubscribeOptions.Since. It is empty as long
// as there is none, and in channels without history.
func (s *Subscription) Position() string { return s.queue.position() }

// Name returns the channel or pattern.
func (s *Subscription) Name() string { return s.name }

// Close ends the subscription. Messages that wait are thrown away.
func (s *Subscription) Close() {
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	if s.ended {
		return
	}
	s.giveUp()
	s.finish(ErrClosed, true)
}

// finish ends the subscription. Lock held.
func (s *Subscription) finish(err error, drop bool) {
	if s.ended {
		return
	}
	s.ended = true
	if s.handover != nil {
		s.handover.drop()
	}
	delete(s.c.subs, s.number)
	s.queue.finish(err, drop)
	if !s.answered {
		s.firstErr = err
		close(s.first)
	}
}

// giveUp lets the server stop sending. Lock held.
func (s *Subscription) giveUp() {
	if s.handover != nil {
		s.handover.drop()
	}
	if s.home != nil {
		s.home.send(s.c.number(), &protocol.Unsubscribe{Sub: s.number})
	}
	if s.asked != nil && s.asked != s.home {
		s.asked.send(s.c.number(), &protocol.Unsubscribe{Sub: s.number})
	}
	s.home, s.asked = nil, nil
}

// pause gives the subscription up until the application has read what waits. Lock held.
func (s *Subscription) pause() {
	s.giveUp()
	delete(s.c.subs, s.number)
	s.number = s.c.number()
	s.c.subs[s.number] = s
	s.paused = true
}

// goOn takes a paused subscription up again.
func (s *Subscription) goOn() {
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	if !s.paused || s.ended {
		return
	}
	s.paused = false
	if s.c.current != nil {
		s.ask(s.c.current)
	}
}

// ask sends the subscribe command. Lock held.
func (s *Subscription) ask(l *link) {
	s.asked = l
	verb := &protocol.Subscribe{
		Sub: s.number, Since: s.since, Last: s.options.Last,
		Presence: s.options.Presence, NoEcho: s.options.NoEcho, Latest: s.options.Latest,
	}
	if s.answered {
		verb.Since, verb.Last = slices.Clone(s.positions), 0
	}
	if s.pattern {
		verb.Pattern = s.name
	} else {
		verb.Channel = s.name
	}
	id := s.c.number()
	s.c.awaiting[id] = &asking{s: s, id: id, number: s.number, link: l}
	l.send(id, verb)
}

// asking waits for the answer to one subscribe command.
type asking struct {
	s          *Subscription
	id, number uint64
	link       *link
}

func (a *asking) replied(l *link, r *protocol.Reply) {
	s := a.s
	delete(s.c.awaiting, a.id)
	if s.ended || s.number != a.number || s.asked != a.link || l != a.link {
		return // it has been given up meanwhile, or asked for elsewhere
	}
	var ok protocol.SubscribeOK
	if err := r.Result(&ok); err != nil {
		s.refused(r.Err, err)
		return
	}
	s.retries = 0
	moves := s.home != nil && s.home != l && !s.home.over()
	if moves && (len(ok.Position) == 0 || s.pattern) {
		s.handOver(l, &ok)
		return
	}
	s.accepted(l, &ok, moves)
	s.c.settled()
}

// accepted begins or continues the subscription on a link, moved there if another one has served it until now. Lock held.
func (s *Subscription) accepted(l *link, ok *protocol.SubscribeOK, moved bool) {
	s.home = l
	since := s.positions.String()
	if !s.answered {
		since = s.since.String()
	}
	s.positions = s.positions.Only(ok.Position).AdvanceAll(ok.Position)
	e := entry{all: slices.Clone(s.positions), moves: true}
	switch {
	case ok.Lost:
		e.event = &Lost{Channel: s.name, Since: since, Position: s.positions.String(), Why: ok.Why}
		s.queue.note(e)
	case !s.answered:
		s.queue.begin(e.all)
	case len(ok.Position) == 0 && !moved:
		e.event = &Gap{Channel: s.name, Away: true}
		s.queue.note(e)
	}
	if !s.answered {
		s.answered = true
		close(s.first)
	}
}

// refused ends the subscription, or asks again later. err is refused, or tells that the answer can't be
// understood. Lock held.
func (s *Subscription) refused(refused *protocol.Error, err error) {
	if refused == nil || !refused.Retry {
		s.finish(err, false)
		s.c.settled()
		return
	}
	s.askLater(refused)
}

// askLater asks again after a while. Lock held.
func (s *Subscription) askLater(refused *protocol.Error) {
	s.asked = nil
	b := backoff{attempts: s.retries}
	s.retries++
	s.c.after(refused.After+b.next(protocol.ReconnectBackoff), func() {
		if !s.ended && !s.paused && s.asked == nil && s.c.current != nil {
			s.ask(s.c.current)
		}
	})
}
