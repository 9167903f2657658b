package mqtt

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/hub"
	"github.com/holdfast-dev/holdfast/internal/session"
	"github.com/holdfast-dev/holdfast/websocket"
)

// leading is what the node that leads a group knows besides. The group's lock guards it.
type leading struct {
	flow    *session.Subscription // not changed
	tag     uint64                // given last
	given   map[uint64]*given     // and not acknowledged
	later   []*broker.Message     // what no member has taken, to be given later; maxPending at most
	far     map[string]*farMember // other nodes with members
	order   []string              // of far
	turn    int
	held    map[place]bool    // what members have of a node that has led the group before
	reached []broker.Position // up to where its logs have been given out
	moved   bool              // since that was stored
	offset  uint64            // of what is stored, guarded by electing
	changed chan struct{}     // closed when there may be room again; nil while nobody waits
}

// given is a message that some node's member has.
type given struct {
	message *broker.Message
	node    string
	returns int // by members before
}

// begin begins to lead a group, where another node has stopped, or with what is new. Lock electing held.
func (g *group) begin(k knownLeader) error {
	lead := &leading{given: make(map[uint64]*given), far: make(map[string]*farMember), offset: k.offset}
	r := session.Request{Channels: g.key.pattern, OnlyNew: true, CatchUp: true, Start: session.Start{Since: k.At}}
	var err error
	if lead.flow, err = g.handler.channels.Open(r, g); err != nil {
		return err
	}
	if lead.reached = k.At; k.At == nil {
		lead.reached = lead.flow.Positions()
	} else {
		lead.held = g.heldAnywhere()
	}
	lead.moved = true
	ss := &g.handler.shares
	ss.mu.Lock()
	g.mu.Lock()
	for node, row := range ss.far[g.key.recordName()] {
		lead.setFar(node, row)
	}
	g.lead = lead
	g.mu.Unlock()
	ss.mu.Unlock()
	if k.At == nil {
		g.store(lead, false, false) // so that whoever leads next begins here
	}
	lead.flow.Start()
	if len(k.Given) > 0 {
		g.handler.goes(func() { g.giveOpen(k.Given) })
	}
	return nil
}

// giveOpen gives out what a node that has led the group before has left.
func (g *group) giveOpen(open []flightRecord) {
	for _, f := range open {
		d, ok := g.handler.recover(g.handler.work, f)
		if !ok {
			continue
		}
		g.mu.Lock()
		if g.lead != nil && !g.lead.skips(g, d.message) {
			g.giveAgainLocked(&given{message: d.message})
			g.sendFarLocked()
		}
		g.mu.Unlock()
	}
}

// Deliver implements session.Receiver: each message goes to the next member that takes it. If none takes the first of p,
// there is room for none of it; the others then go to members whose queue is full already, which bounds what that adds.
func (g *group) Deliver(p *hub.Publication) websocket.Result {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.lead == nil {
		return websocket.Closed
	}
	defer g.sendFarLocked()
	for i, m := range p.Messages {
		if g.lead.skips(g, m) {
			g.lead.reach(g, m)
			continue
		}
		if taken := g.giveLocked(m, false); !taken && i == 0 && m.Offset > 0 {
			return websocket.Dropped
		} else if !taken {
			g.giveLocked(m, true)
		}
		g.lead.reach(g, m)
	}
	return websocket.Sent
}

// giveLocked gives a message to the next member that takes it, here or elsewhere; one that is away, or has no room, if it must.
func (g *group) giveLocked(m *broker.Message, must bool) bool {
	lead := g.lead
	lead.tag++
	e := errand{g.handler.node, lead.tag}
	to, here := (*subscription).takes, len(g.members)
	if must {
		to = (*subscription).stores
	}
	slots := here
	for _, f := range lead.far {
		slots += f.slots(must)
	}
	triedHere := false
	for range slots {
		lead.turn = (lead.turn + 1) % slots
		node := ""
		if lead.turn < here {
			if triedHere {
				continue
			}
			triedHere = true
			if !g.offerHereLocked(m, e, to) {
				continue
			}
			node = g.handler.node
		} else if node = lead.giveFar(lead.turn-here, m, must); node == "" {
			continue
		}
		lead.given[lead.tag] = &given{message: m, node: node}
		return true
	}
	return false
}

// reach notes that messages have been given out up to m.
func (lead *leading) reach(g *group, m *broker.Message) {
	if m.Offset == 0 {
		return
	}
	lead.moved = true
	epoch := g.handler.channels.Epoch(m.Channel)
	for i := range lead.reached {
		if at := &lead.reached[i]; at.Epoch == epoch {
			at.Offset = max(at.Offset, m.Offset)
			return
		}
	}
	lead.reached = append(lead.reached, broker.Position{Epoch: epoch, Offset: m.Offset})
}

// reachedBy returns up to where messages have been given out, and which of these are not acknowledged; lastly without those that
// other nodes have. The group's lock is held.
func (lead *leading) reachedBy(g *group, lastly bool) (at []broker.Position, open []flightRecord) {
	at = append(at, lead.reached...)
	note := func(m *broker.Message) {
		if m.Offset > 0 {
			open = append(open, flightRecord{Channel: m.Channel, Epoch: g.handler.channels.Epoch(m.Channel), Offset: m.Offset})
		}
	}
	for _, one := range lead.given {
		if one.node == g.handler.node || !lastly { // the others go on with theirs
			note(one.message)
		}
	}
	for _, m := range lead.later {
		note(m)
	}
	slices.SortFunc(open, func(a, b flightRecord) int { return cmp.Compare(a.Offset, b.Offset) })
	if len(open) > maxGivenStored {
		for _, f := range open {
			for i := range at {
				if at[i].Epoch == f.Epoch {
					at[i].Offset = min(at[i].Offset, f.Offset-1)
				}
			}
		}
		open = nil
	}
	return at, open
}

// done notes that a node's members have acknowledged messages, and gives those that they have returned to others.
func (g *group) done(node string, tags, returned []uint64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	lead := g.lead
	if lead == nil {
		return
	}
	defer g.sendFarLocked()
	for _, tag := range tags {
		if one := lead.given[tag]; one != nil && one.node == node {
			delete(lead.given, tag)
			lead.freed(one)
			lead.moved = true
		}
	}
	for _, tag := range returned {
		if one := lead.given[tag]; one != nil && one.node == node {
			delete(lead.given, tag)
			lead.freed(one)
			g.giveAgainLocked(one)
		}
	}
	g.wakeLocked()
}

// giveAgainLocked gives a message to another member than had it, now or later.
func (g *group) giveAgainLocked(one *given) {
	one.returns++
	if one.returns < maxReturns && (g.giveLocked(one.message, false) || g.giveLocked(one.message, true)) {
		g.lead.given[g.lead.tag].returns = one.returns
		return
	}
	if len(g.lead.later) < maxPending {
		g.lead.later = append(g.lead.later, one.message)
		return
	}
	g.handler.config.Log.Debug("a message of a share is given to nobody: all members are full", "edge", "mqtt", "share", g.key.name, "channel", one.message.Channel)
}

// maxReturns is how often a message is given at once that members return; then it waits a while.
const maxReturns = 4

// giveLaterLocked gives what no member has taken.
func (g *group) giveLaterLocked() {
	later := g.lead.later
	g.lead.later = nil
	for i, m := range later {
		if !g.giveLocked(m, false) && !g.giveLocked(m, true) {
			g.lead.later = later[i:]
			break
		}
	}
	g.sendFarLocked()
}

func (g *group) wakeLocked() {
	if lead := g.lead; lead != nil && lead.changed != nil {
		close(lead.changed)
		lead.changed = nil
	}
}

// Flush implements session.Receiver: it waits until a member may have room.
func (g *group) Flush(ctx context.Context) error {
	g.mu.Lock()
	lead := g.lead
	if lead == nil {
		g.mu.Unlock()
		return context.Canceled
	}
	if lead.changed == nil {
		lead.changed = make(chan struct{})
	}
	changed := lead.changed
	members := append([]*subscription(nil), g.members...)
	g.mu.Unlock()
	return awaitAny(ctx, changed, members)
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

// awaitAny waits until a channel is closed, or a member may have room.
func awaitAny(ctx context.Context, changed <-chan struct{}, members []*subscription) error {
	one, cancel := context.WithCancel(ctx)
	defer cancel()
	var waiting sync.WaitGroup
	for _, sub := range members {
		waiting.Go(func() {
			if sub.session.flush(one) == nil {
				cancel()
			}
		})
	}
	select {
	case <-changed:
	case <-one.Done():
	}
	cancel()
	waiting.Wait()
	return ctx.Err()
}
