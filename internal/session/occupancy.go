package session

import (
	"sync"
	"time"

	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/hooks"
)

// vacancy is how long a channel has to be without subscribers before it counts as vacated: who comes back meanwhile makes
// nothing of it.
const vacancy = 10 * time.Second

// occupancy tells the backend which channels have their first subscriber on this node, and which have lost the last one.
type occupancy struct {
	mu     sync.Mutex // guards what follows; held while the backend is told, so that it is in order
	all    map[channel.Name]*occupied
	closed bool
}

// occupied is a channel that has subscribers, or had some a moment ago.
type occupied struct {
	subscribers int
	vacated     *time.Timer // runs while there are none
}

// seat is a subscription's place in a channel that somebody wants to know about.
type seat struct {
	channels *Channels
	name     channel.Name
	taken    bool
}

// seat returns one for a subscription to p, or nil if nobody wants to know.
func (c *Channels) seat(p channel.Pattern) *seat {
	name, one := p.IsName()
	if !one || !c.Listener.Tells(hooks.Occupied, name) && !c.Listener.Tells(hooks.Vacated, name) {
		return nil
	}
	return &seat{channels: c, name: name}
}

// take counts the subscription, which has begun. s may be nil.
func (s *seat) take() {
	if s == nil {
		return
	}
	s.taken = true
	o := &s.channels.occupancy
	o.mu.Lock()
	defer o.mu.Unlock()
	c := o.all[s.name]
	if c == nil {
		c = &occupied{}
		if o.all == nil {
			o.all = make(map[channel.Name]*occupied)
		}
		o.all[s.name] = c
		s.channels.Listener.Tell(hooks.Event{Kind: hooks.Occupied, Channel: s.name})
	}
	c.subscribers++
	if c.vacated != nil {
		c.vacated.Stop() // and if it waits for the lock, it will see that there is somebody
		c.vacated = nil
	}
}

// leave undoes take. s may be nil, or not taken.
func (s *seat) leave() {
	if s == nil || !s.taken {
		return
	}
	o := &s.channels.occupancy
	o.mu.Lock()
	defer o.mu.Unlock()
	c := o.all[s.name]
	if c.subscribers--; c.subscribers > 0 {
		return
	}
	if o.closed {
		s.channels.vacateLocked(s.name)
		return
	}
	var timer *time.Timer
	timer = time.AfterFunc(vacancy, func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		if c.vacated == timer {
			s.channels.vacateLocked(s.name)
		}
	})
	c.vacated = timer
}

// vacateLocked tells that a channel has no subscribers any more. Lock of the occupancy held.
func (c *Channels) vacateLocked(name channel.Name) {
	delete(c.occupancy.all, name)
	c.Listener.Tell(hooks.Event{Kind: hooks.Vacated, Channel: name})
}

// Close tells which channels are vacated, without waiting for those who might come back. It is called when the
// subscriptions have been cancelled.
func (c *Channels) Close() {
	o := &c.occupancy
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
	for name, one := range o.all {
		if one.vacated != nil {
			one.vacated.Stop()
			one.vacated = nil
			c.vacateLocked(name)
		}
	}
}
