package hub

import "sync"

// topic is one ephemeral channel, or a pattern of them, with its subscribers.
type topic struct {
	users int // subscriptions made and not cancelled; guarded by Hub.mu, so that a topic in use stays in the hub

	mu   sync.Mutex      // guards subs; held during a fan-out, which gives all subscribers the same order
	subs []*Subscription // in no order; each knows its index
	told uint64          // of bus.losses, how many the subscribers have been told of; guarded by mu
}

func (t *topic) add(s *Subscription) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s.index = len(t.subs)
	t.subs = append(t.subs, s)
}

func (t *topic) remove(s *Subscription) {
	t.mu.Lock()
	defer t.mu.Unlock()
	last := t.subs[len(t.subs)-1]
	t.subs[s.index], last.index = last, s.index
	t.subs[len(t.subs)-1] = nil
	t.subs = t.subs[:len(t.subs)-1]
}

// deliver gives p to the subscribers but one, and returns to how many. What was lost before is told first.
func (t *topic) deliver(p *Publication, except *Subscription, losses uint64) (n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.missedLocked(losses)
	for _, s := range t.subs {
		if s != except {
			s.subscriber.Deliver(p)
			n++
		}
	}
	return n
}

// missed tells the subscribers that messages may be missing.
func (t *topic) missed(losses uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.missedLocked(losses)
}

// missedLocked tells of losses, if they have not been told of.
func (t *topic) missedLocked(losses uint64) {
	if losses <= t.told {
		return
	}
	t.told = losses
	for _, s := range t.subs {
		s.subscriber.Missed()
	}
}
