package mqtt

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/go-json-experiment/json"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/cluster"
	"github.com/holdfast-dev/holdfast/internal/session"
)

// serial does one thing after the other, in a goroutine that exists while there is any.
type serial struct {
	mu      sync.Mutex // guards what follows
	waiting []func()
	running bool
}

func (s *serial) do(h *Handler, f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting = append(s.waiting, f)
	if !s.running {
		s.running = true
		h.goes(s.run)
	}
}

func (s *serial) run() {
	for {
		s.mu.Lock()
		if len(s.waiting) == 0 {
			s.running = false
			s.mu.Unlock()
			return
		}
		f := s.waiting[0]
		s.waiting = s.waiting[1:]
		s.mu.Unlock()
		f()
	}
}

// register registers what nodes tell each other of groups.
func (ss *shares) register(c *cluster.Cluster) {
	ss.table = c.Table("mqtt.shares", func(node, key string, value []byte) {
		value = slices.Clone(value)
		ss.events.do(ss.handler, func() { ss.hearMembers(node, key, value) })
	})
	c.Hear(topicGive, func(from string, body []byte) {
		body = slices.Clone(body)
		ss.events.do(ss.handler, func() { ss.hearGive(from, body) })
	})
	c.Hear(topicDone, func(from string, body []byte) {
		body = slices.Clone(body)
		ss.events.do(ss.handler, func() { ss.hearDone(from, body) })
	})
	c.Answer(topicHeld, ss.answerHeld)
	c.Hear(topicOrphan, func(from string, body []byte) {
		body = slices.Clone(body)
		ss.events.do(ss.handler, func() { ss.hearOrphan(from, body) })
	})
	c.Watch(func(n cluster.Node, here bool) {
		if !here {
			ss.events.do(ss.handler, func() { ss.hearGone(n.ID) })
		}
	})
}

// tellMembers tells the other nodes how many members a group has here.
func (ss *shares) tellMembers(of groupKey) {
	ss.telling.Lock()
	defer ss.telling.Unlock()
	ss.mu.Lock()
	g := ss.groups[of]
	ss.mu.Unlock()
	var members []*subscription
	if g != nil {
		members = g.list()
	}
	row := farRow{Share: of.name, Pattern: of.pattern}
	for _, sub := range members {
		row.All++
		sub.session.mu.Lock()
		if sub.session.conn != nil {
			row.Members++
		}
		row.QoS = max(row.QoS, sub.options.QoS)
		sub.session.mu.Unlock()
	}
	key := string(of.recordName())
	if row.All == 0 {
		ss.table.Delete(key)
		return
	}
	if text, err := json.Marshal(row); err == nil { // which it always can be
		ss.table.Put(key, text)
	}
}

// retell tells of the groups that a session is a member of, since it has got a connection or lost it.
func (s *mqttSession) retell() {
	s.mu.Lock()
	var groups []*group
	for _, sub := range s.subs {
		if sub.group != nil {
			groups = append(groups, sub.group)
		}
	}
	s.mu.Unlock()
	for _, g := range groups {
		s.handler.shares.tellMembers(g.key)
	}
}

// hearMembers notes the members of another node.
func (ss *shares) hearMembers(node, key string, text []byte) {
	var row farRow
	if len(text) > 0 {
		if err := json.Unmarshal(text, &row); err != nil {
			ss.handler.config.Log.Warn("another node's members of a share can't be read", "edge", "mqtt", "node", node, "error", err)
			return
		}
	}
	name := channel.Name(key)
	ss.mu.Lock()
	if row.All == 0 {
		before := ss.far[name][node]
		row.Share, row.Pattern = before.Share, before.Pattern
		if delete(ss.far[name], node); len(ss.far[name]) == 0 {
			delete(ss.far, name)
		}
	} else {
		if ss.far[name] == nil {
			ss.far[name] = make(map[string]farRow)
		}
		ss.far[name][node] = row
	}
	g := ss.groups[groupKey{row.Share, row.Pattern}]
	ss.mu.Unlock()
	if g == nil {
		return
	}
	g.mu.Lock()
	if g.lead != nil && row.All > 0 {
		g.lead.setFar(node, row)
		g.wakeLocked()
	} else if g.lead != nil {
		g.dropFarLocked(node)
	}
	g.mu.Unlock()
	if row.All == 0 {
		ss.endIfEmpty(g)
	}
}

// dropFarLocked gives to others what a node's members had that has none any more, or is gone. What they may have got with QoS 2
// goes to nobody else (MQTT 5, section 4.8.2).
func (g *group) dropFarLocked(node string) {
	lead := g.lead
	f := lead.far[node]
	if f == nil {
		return
	}
	delete(lead.far, node)
	lead.order = slices.DeleteFunc(lead.order, func(n string) bool { return n == node })
	var tags []uint64
	for tag, one := range lead.given {
		if one.node == node {
			tags = append(tags, tag)
		}
	}
	slices.Sort(tags)
	for _, tag := range tags {
		one := lead.given[tag]
		delete(lead.given, tag)
		if f.QoS < 2 || qosOf(one.message) < 2 {
			g.giveAgainLocked(one)
		}
	}
	g.sendFarLocked()
	g.wakeLocked()
}

// hearGone has groups led that a node has led that is gone.
func (ss *shares) hearGone(node string) {
	ss.mu.Lock()
	var orphans []*group
	for key, k := range ss.known {
		if g := ss.groups[key]; g != nil && k.Node == node {
			orphans = append(orphans, g)
		}
	}
	ss.mu.Unlock()
	for _, g := range orphans {
		ss.handler.goes(func() { g.follow(0) })
	}
}

// hearGive gives messages of the node that leads a group to members here.
func (ss *shares) hearGive(from string, body []byte) {
	var all sharedParcels
	if err := json.Unmarshal(body, &all); err != nil {
		ss.handler.config.Log.Warn("another node gives messages of a share that can't be read", "edge", "mqtt", "node", from, "error", err)
		return
	}
	ss.mu.Lock()
	g := ss.groups[groupKey{all.Share, all.Pattern}]
	ss.mu.Unlock()
	back := sharedDone{Share: all.Share, Pattern: all.Pattern}
	for _, p := range all.Parcels {
		m, err := ss.unpack(&p)
		e := errand{from, p.Tag}
		switch {
		case err != nil:
			ss.handler.config.Log.Warn("another node gives a message of a share that can't be read", "edge", "mqtt", "node", from, "error", err)
			back.Done = append(back.Done, p.Tag)
		case g == nil, !g.offerHere(m, e, (*subscription).takes) && !(p.Must && g.offerHere(m, e, (*subscription).stores)):
			back.Returned = append(back.Returned, p.Tag)
		}
	}
	if len(back.Done)+len(back.Returned) > 0 {
		ss.tellNode(from, topicDone, back)
	}
}

var errNotKept = errors.New("it is not kept any more")

// unpack returns the message of a parcel, which may have to be read from the log.
func (ss *shares) unpack(p *sharedParcel) (*broker.Message, error) {
	if p.Message != nil {
		m := &broker.Message{Channel: p.Channel, Offset: p.Offset, Time: p.Time}
		return m, m.UnmarshalBinary(p.Message)
	}
	ctx, cancel := context.WithTimeout(ss.handler.work, restoreTimeout)
	defer cancel()
	at := broker.Position{Epoch: p.Epoch, Offset: p.Offset - 1}
	page, err := ss.handler.channels.History(ctx, p.Channel, session.Start{Since: []broker.Position{at}}, 1)
	if err != nil {
		return nil, err
	}
	if len(page.Messages) == 0 || page.Messages[0].Offset != p.Offset {
		return nil, errNotKept
	}
	return page.Messages[0], nil
}

// hearDone notes what became of messages that another node's members were given.
func (ss *shares) hearDone(from string, body []byte) {
	var done sharedDone
	if err := json.Unmarshal(body, &done); err != nil {
		ss.handler.config.Log.Warn("another node tells of a share what can't be read", "edge", "mqtt", "node", from, "error", err)
		return
	}
	ss.mu.Lock()
	g := ss.groups[groupKey{done.Share, done.Pattern}]
	ss.mu.Unlock()
	if g != nil {
		g.done(from, done.Done, done.Returned)
	}
}

// report tells the node that has given messages what became of them.
func (g *group) report(done []errand, returned map[errand]*broker.Message) {
	var orphans []*broker.Message
	told := make(map[string]*sharedDone)
	of := func(e errand) *sharedDone {
		if told[e.leader] == nil {
			told[e.leader] = &sharedDone{Share: g.key.name, Pattern: g.key.pattern}
		}
		return told[e.leader]
	}
	for _, e := range done {
		d := of(e)
		d.Done = append(d.Done, e.tag)
	}
	for e, m := range returned {
		if _, alive := g.handler.config.Cluster.Node(e.leader); !alive {
			orphans = append(orphans, m)
			continue
		}
		d := of(e)
		d.Returned = append(d.Returned, e.tag)
	}
	if len(orphans) > 0 {
		slices.SortFunc(orphans, func(a, b *broker.Message) int { return cmp.Compare(a.Offset, b.Offset) })
		g.handler.shares.orphans(g, orphans)
	}
	for leader, d := range told {
		if leader == g.handler.node {
			slices.Sort(d.Returned)
			g.done(leader, d.Done, d.Returned)
		} else {
			g.handler.shares.tellNode(leader, topicDone, d)
		}
	}
}
