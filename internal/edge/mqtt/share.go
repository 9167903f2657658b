package mqtt

import (
	"slices"
	"sync"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/cluster"
)

// shares are the groups of shared subscriptions that have members on this node, or are led by it (MQTT 5, section 4.8.2).
// Of the nodes with members of a group, one leads it: it gets the messages, and gives each to a member, here or on another
// node. Which one is in the log.
type shares struct {
	handler *Handler
	table   *cluster.Table // of the members of each group on this node
	events  serial         // what other nodes tell
	telling sync.Mutex     // held while members are counted and told, so that the last count is told last; taken before others

	mu     sync.Mutex // guards what follows
	groups map[groupKey]*group
	known  map[groupKey]knownLeader           // of all groups
	ended  []endedGroup                       // of these, those that are over, the first one in front
	far    map[channel.Name]map[string]farRow // members on other nodes, by the name of the group's record
}

type groupKey struct {
	name    string
	pattern channel.Pattern
}

// group is subscriptions of several sessions of which each message goes to one.
type group struct {
	handler *Handler
	key     groupKey
	work    work

	electing sync.Mutex // held while it is decided whether this node leads it; taken before all others

	mu      sync.Mutex // guards what follows; taken before that of a session
	members []*subscription
	lead    *leading // nil if another node leads it
	next    int      // whose turn it was
}

// join makes sub a member of its group, which is made if there is none here.
func (ss *shares) join(sub *subscription) error {
	ss.mu.Lock()
	g := ss.groups[*sub.share]
	if g == nil {
		g = &group{handler: sub.session.handler, key: *sub.share}
		g.work.group = g
		if ss.groups == nil {
			ss.groups = make(map[groupKey]*group)
		}
		ss.groups[g.key] = g
	}
	g.mu.Lock()
	sub.group = g
	g.members = append(g.members, sub)
	g.wakeLocked()
	g.mu.Unlock()
	ss.mu.Unlock()
	ss.tellMembers(g.key)
	return g.elect()
}

// leave undoes join. The group ends with its last member.
func (ss *shares) leave(sub *subscription) {
	ss.mu.Lock()
	g := ss.groups[*sub.share]
	ss.mu.Unlock()
	if g == nil {
		return
	}
	g.mu.Lock()
	g.members = slices.DeleteFunc(g.members, func(m *subscription) bool { return m == sub })
	g.wakeLocked()
	g.mu.Unlock()
	ss.tellMembers(g.key)
	ss.endIfEmpty(g)
}

// endIfEmpty ends a group here that has no members: if this node leads it, only when no other has members either.
func (ss *shares) endIfEmpty(g *group) {
	g.electing.Lock()
	defer g.electing.Unlock()
	g.work.look() // so that nothing is lost of what its members had
	ss.mu.Lock()
	g.mu.Lock()
	empty := len(g.members) == 0 && (g.lead == nil || len(ss.far[g.key.recordName()]) == 0)
	var lead *leading
	if empty {
		delete(ss.groups, g.key)
		lead, g.lead = g.lead, nil
	}
	g.mu.Unlock()
	ss.mu.Unlock()
	if !empty {
		return
	}
	g.work.stop()
	if lead != nil {
		lead.flow.Cancel()
		g.store(lead, true, true)
	}
}

// list returns the members on this node.
func (g *group) list() []*subscription {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.members)
}

// offerHere offers a message to the members of this node, from the one whose turn it is.
func (g *group) offerHere(m *broker.Message, e errand, to func(*subscription, *broker.Message, errand) bool) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.offerHereLocked(m, e, to)
}

func (g *group) offerHereLocked(m *broker.Message, e errand, to func(*subscription, *broker.Message, errand) bool) bool {
	g.work.hold(e, m)
	for range g.members {
		g.next = (g.next + 1) % len(g.members)
		if to(g.members[g.next], m, e) {
			return true
		}
	}
	g.work.drop(e)
	return false
}

// takes takes a message of the group if the member has a connection, and room.
func (sub *subscription) takes(m *broker.Message, e errand) bool {
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
	d.errand = e
	s.sendLocked(d)
	s.drainLocked()
	return true
}

// stores takes a message whether there is room or a connection or not, if the member has subscribed with more than QoS 0.
func (sub *subscription) stores(m *broker.Message, e errand) bool {
	s := sub.session
	s.mu.Lock()
	defer s.mu.Unlock()
	d, ok := s.chooseLocked(sub, m)
	if s.over || !ok || d.qos == 0 || !s.pending.fits(weight(m), 2*s.handler.config.SendQueueBytes) {
		return false
	}
	d.errand = e
	s.pending.add(d)
	s.drainLocked()
	return true
}

// handOn gives to other members what the session, which is over, has not acknowledged of its groups' messages. Those with QoS
// 2 may have come, and go to nobody else (MQTT 5, section 4.8.2).
func (s *mqttSession) handOn() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for f := s.window.oldest; f != nil; f = f.after {
		if f.qos == 1 {
			f.giveBack()
		}
	}
	s.handOnPendingLocked(true)
	s.pending, s.window = pending{}, window{}
}

// handOnPendingLocked gives to other members what the client has not been sent of its groups' messages: all of it, or what a log has.
func (s *mqttSession) handOnPendingLocked(all bool) {
	for i := range s.pending.queue[s.pending.head:] {
		if d := &s.pending.queue[s.pending.head+i]; all || d.message.Offset > 0 {
			d.giveBack()
		}
	}
}

// giveBack gives a message of a group to another member. Its session's lock is held.
func (d *delivery) giveBack() {
	if d.errand.leader != "" && d.sub.group != nil {
		d.sub.group.work.giveBack(d.errand)
	}
}
