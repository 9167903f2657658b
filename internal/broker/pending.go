package broker

import (
	"sync"
	"time"
)

// maxInFlight is how many messages may be on their way into the logs. A full stream takes 10,000
// before it refuses.
const maxInFlight = 4096

// pending is the messages in flight. Each has a slot; its token says which, and which use of it,
// so that an answer that comes too late for its message is not taken for another's.
type pending struct {
	mu    sync.Mutex
	slots [maxInFlight]slot // guarded by mu, as all below
	free  []uint16
}

type slot struct {
	token  uint64 // of the present use, or of the last one
	done   func(Ack, error)
	log    *Log
	weight int64     // what it takes of the room in flight
	sent   time.Time // zero if the slot is free
}

func newPending() *pending {
	p := &pending{free: make([]uint16, maxInFlight)}
	for i := range p.free {
		p.free[i] = uint16(i)
		p.slots[i].token = uint64(i)
	}
	return p
}

// add takes a slot, of which there is one for everything that has room in flight, and returns its
// token.
func (p *pending) add(l *Log, weight int64, done func(Ack, error)) (token uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	last := len(p.free) - 1
	s := &p.slots[p.free[last]]
	p.free = p.free[:last]
	*s = slot{token: s.token + maxInFlight, done: done, log: l, weight: weight, sent: time.Now()}
	return s.token
}

// take gives the slot of a token free and returns what it held; false if the token is not in use.
func (p *pending) take(token uint64) (slot, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	index := token % maxInFlight
	s := p.slots[index]
	if s.token != token || s.sent.IsZero() {
		return slot{}, false
	}
	p.release(uint16(index))
	return s, true
}

// takeIf gives all slots free that late holds for, and returns what they held.
func (p *pending) takeIf(late func(slot) bool) (taken []slot) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.free) == maxInFlight {
		return nil
	}
	for i := range p.slots {
		if s := p.slots[i]; !s.sent.IsZero() && late(s) {
			taken = append(taken, s)
			p.release(uint16(i))
		}
	}
	return taken
}

// release gives a slot free. The caller holds mu.
func (p *pending) release(index uint16) {
	p.slots[index] = slot{token: p.slots[index].token}
	p.free = append(p.free, index)
}
