package session

import (
	"sync"
	"time"

	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/cluster"
	"github.com/holdfast-dev/holdfast/internal/hooks"
)

// vacancy is how long a channel has to be without subscribers before it counts as vacated: who comes back meanwhile makes
// nothing of it.
const vacancy = 10 * time.Second

// occupancy tells the backend which channels have their first subscriber, on whichever node, and which have lost the last
// one. All nodes see the same, and tell it; that one of them is heard is the business of who is told.
type occupancy struct {
	rows rows // the channels with subscribers here, for the other nodes; nil if there are none

	mu     sync.Mutex // guards what follows; held while the backend is told, so that it is in order
	all    map[channel.Name]*occupied
	closed bool
}

// occupied is a channel that has subscribers, or had some a moment ago.
type occupied struct {
	subscribers int                 // on this node
	nodes       map[string]struct{} // others that have some
	vacated     *time.Timer         // runs while there are none
}

// empty tells whether nobody is there.
func (c *occupied) empty() bool { return c.subscribers == 0 && len(c.nodes) == 0 }

// Join makes the channels those of a cluster: who subscribes on another node counts, for who wants to know which are
// occupied. It is called before the cluster starts, and before anybody subscribes.
func (c *Channels) Join(nodes *cluster.Cluster) {
	c.occupancy.rows = nodes.Table("occupied", func(node, key string, value []byte) {
		c.hearOccupied(node, channel.Name(key), value != nil)
	})
}

// hearOccupied takes what another node says of its subscribers.
func (c *Channels) hearOccupied(node string, name channel.Name, has bool) {
	o := &c.occupancy
	o.mu.Lock()
	defer o.mu.Unlock()
	if !has {
		if one := o.all[name]; one != nil {
			delete(one.nodes, node)
			c.emptiedLocked(name, one)
		}
		return
	}
	one := c.occupyLocked(name)
	if one.nodes == nil {
		one.nodes = make(map[string]struct{})
	}
	one.nodes[node] = struct{}{}
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
	one := s.channels.occupyLocked(s.name)
	if one.subscribers++; one.subscribers == 1 && o.rows != nil {
		o.rows.Put(string(s.name), []byte{1})
	}
}

// occupyLocked returns a channel that gets a subscriber.
func (c *Channels) occupyLocked(name channel.Name) *occupied {
	o := &c.occupancy
	one := o.all[name]
	if one == nil {
		one = &occupied{}
		if o.all == nil {
			o.all = make(map[channel.Name]*occupied)
		}
		o.all[name] = one
		c.Listener.Tell(hooks.Event{Kind: hooks.Occupied, Channel: name})
	}
	if one.vacated != nil {
		one.vacated.Stop() // and if it waits for the lock, it will see that there is somebody
		one.vacated = nil
	}
	return one
}

// leave undoes take. s may be nil, or not taken.
func (s *seat) leave() {
	if s == nil || !s.taken {
		return
	}
	o := &s.channels.occupancy
	o.mu.Lock()
	defer o.mu.Unlock()
	one := o.all[s.name]
	if one.subscribers--; one.subscribers > 0 {
		return
	}
	if o.rows != nil {
		o.rows.Delete(string(s.name))
	}
	s.channels.emptiedLocked(s.name, one)
}

// emptiedLocked has a channel be vacated in a while if nobody is there any more.
func (c *Channels) emptiedLocked(name channel.Name, one *occupied) {
	o := &c.occupancy
	switch {
	case !one.empty() || one.vacated != nil:
		return
	case o.closed:
		c.vacateLocked(name)
		return
	}
	var timer *time.Timer
	timer = time.AfterFunc(vacancy, func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		if one.vacated == timer {
			c.vacateLocked(name)
		}
	})
	one.vacated = timer
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
