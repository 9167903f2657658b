package mqtt

import (
	"context"
	"slices"
	"sync"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/hub"
	"github.com/holdfast-dev/holdfast/internal/session"
	"github.com/holdfast-dev/holdfast/websocket"
)

// shares are the groups of shared subscriptions of this node (MQTT 5, section 4.8.2).
type shares struct {
	mu     sync.Mutex // guards groups, and their flows; held while one is opened or cancelled
	groups map[groupKey]*group
}

type groupKey struct {
	name    string
	pattern channel.Pattern
}

// group is subscriptions of several sessions of which each message goes to one. It is the receiver of the session.Subscription
// that they have together.
type group struct {
	handler *Handler
	key     groupKey
	flow    *session.Subscription // guarded by shares.mu

	mu      sync.Mutex // guards what follows; taken before that of a session
	members []*subscription
	next    int           // whose turn it was
	changed chan struct{} // closed when a member comes or goes; nil while nobody waits
}

// join makes sub a member of its group, which is made if there is none.
func (ss *shares) join(sub *subscription) error {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	g := ss.groups[*sub.share]
	if g != nil {
		g.set(func() { g.members = append(g.members, sub) })
		return nil
	}
	h := sub.session.handler
	g = &group{handler: h, key: *sub.share, members: []*subscription{sub}}
	var err error
	if g.flow, err = h.channels.Open(session.Request{Channels: g.key.pattern, OnlyNew: true, CatchUp: true}, g); err != nil {
		return err
	}
	if ss.groups == nil {
		ss.groups = make(map[groupKey]*group)
	}
	ss.groups[g.key] = g
	g.flow.Start()
	return nil
}

// leave undoes join. The group ends with its last member.
func (ss *shares) leave(sub *subscription) {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	g := ss.groups[*sub.share]
	if g == nil {
		return // it could not be opened
	}
	empty := false
	g.set(func() {
		g.members = slices.DeleteFunc(g.members, func(m *subscription) bool { return m == sub })
		empty = len(g.members) == 0
	})
	if empty {
		delete(ss.groups, g.key)
		g.flow.Cancel()
	}
}

// set changes the members.
func (g *group) set(change func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	change()
	g.wakeLocked()
}

func (g *group) wakeLocked() {
	if g.changed != nil {
		close(g.changed)
		g.changed = nil
	}
}

// Deliver implements session.Receiver: each message goes to the next member that takes it. If none takes the first of p,
// there is room for none of it; the others then go to members whose queue is full already, which bounds what that adds.
func (g *group) Deliver(p *hub.Publication) websocket.Result {
	g.mu.Lock()
	defer g.mu.Unlock()
	for i, m := range p.Messages {
		taken := g.offerLocked(m, (*subscription).takes)
		if !taken && i == 0 && m.Offset > 0 {
			return websocket.Dropped
		}
		if !taken {
			g.offerLocked(m, (*subscription).stores)
		}
	}
	return websocket.Sent
}

// offerLocked offers a message to the members, from the one whose turn it is.
func (g *group) offerLocked(m *broker.Message, to func(*subscription, *broker.Message) bool) bool {
	for range g.members {
		g.next = (g.next + 1) % len(g.members)
		if to(g.members[g.next], m) {
			return true
		}
	}
	return false
}

// takes takes a message of the group if the member has a connection, and room.
func (sub *subscription) takes(m *broker.Message) bool {
	s := sub.session
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn == nil || s.over || !s.pending.fits(weight(m), s.handler.config.SendQueueBytes) {
		return false
	}
	d, ok := s.chooseLocked(sub, m)
	if !ok {
		return false
	}
	s.sendLocked(d)
	s.drainLocked()
	return true
}

// stores takes a message whether there is room or a connection or not, if the member has subscribed with more than QoS 0.
func (sub *subscription) stores(m *broker.Message) bool {
	s := sub.session
	s.mu.Lock()
	defer s.mu.Unlock()
	d, ok := s.chooseLocked(sub, m)
	if s.over || !ok || d.qos == 0 || !s.pending.fits(weight(m), 2*s.handler.config.SendQueueBytes) {
		return false
	}
	s.pending.add(d)
	s.drainLocked()
	return true
}

// handOn gives to other members what the session, which is over, has not acknowledged of its groups' messages. Those with QoS
// 2 may have come, and go to nobody else (MQTT 5, section 4.8.2).
func (s *mqttSession) handOn() {
	var left []delivery
	s.mu.Lock()
	for f := s.window.oldest; f != nil; f = f.after {
		if f.qos == 1 {
			left = append(left, f.delivery)
		}
	}
	left = append(left, s.pending.queue[s.pending.head:]...)
	s.pending, s.window = pending{}, window{}
	s.mu.Unlock()
	for _, d := range left {
		if d.sub != nil && d.sub.share != nil {
			s.handler.shares.offer(*d.sub.share, d.message)
		}
	}
}

// offer offers a message to the members of a group, if there are any.
func (ss *shares) offer(key groupKey, m *broker.Message) {
	ss.mu.Lock()
	g := ss.groups[key]
	ss.mu.Unlock()
	if g == nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.offerLocked(m, (*subscription).takes) {
		g.offerLocked(m, (*subscription).stores)
	}
}

// Flush implements session.Receiver: it waits until a member has room.
func (g *group) Flush(ctx context.Context) error {
	g.mu.Lock()
	members := slices.Clone(g.members)
	if g.changed == nil {
		g.changed = make(chan struct{})
	}
	changed := g.changed
	g.mu.Unlock()
	any, cancel := context.WithCancel(ctx)
	defer cancel()
	var waiting sync.WaitGroup
	for _, sub := range members {
		waiting.Go(func() {
			if sub.session.flush(any) == nil {
				cancel()
			}
		})
	}
	select {
	case <-changed:
	case <-any.Done():
	}
	cancel()
	waiting.Wait()
	return ctx.Err()
}

// Live implements session.Receiver.
func (g *group) Live(broker.Position) {}

// Lost implements session.Receiver.
func (g *group) Lost(since broker.Position) {
	g.handler.config.Log.Warn("messages are not kept any more that a share has missed", "edge", "mqtt", "share", g.key.name, "channels", g.key.pattern, "since", since)
}

// Gap implements session.Receiver.
func (g *group) Gap(n int) {
	g.handler.config.Log.Debug("messages dropped for a slow share", "edge", "mqtt", "share", g.key.name, "channels", g.key.pattern, "messages", n)
}

// TooSlow implements session.Receiver. It is not called: a group takes or drops what is not in a log.
func (g *group) TooSlow() {}
