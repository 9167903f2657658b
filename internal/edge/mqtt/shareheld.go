package mqtt

import (
	"context"

	"github.com/go-json-experiment/json"

	"github.com/holdfast-dev/holdfast/internal/broker"
)

// When the node that has led a group goes, others have messages that it has given to their members. Who leads the group next leaves
// these out, and is told when a member gives one back.

const (
	topicHeld   = "mqtt.share.held"   // which ones a node's members have
	topicOrphan = "mqtt.share.orphan" // messages that are given back, for whoever leads now
)

// place names a message of a log.
type place struct {
	epoch  string
	offset uint64
}

// heldRecord is a message that a node's members have.
type heldRecord struct {
	Epoch  string `json:"epoch"`
	Offset uint64 `json:"offset"`
}

// answerHeld tells which messages of a group the members here have.
func (ss *shares) answerHeld(_ context.Context, _ string, body []byte) ([]byte, error) {
	var of sharedDone
	if err := json.Unmarshal(body, &of); err != nil {
		return nil, err
	}
	ss.mu.Lock()
	g := ss.groups[groupKey{of.Share, of.Pattern}]
	ss.mu.Unlock()
	var all []heldRecord
	if g != nil {
		all = g.heldHere()
	}
	return json.Marshal(all)
}

func (g *group) heldHere() (all []heldRecord) {
	w := &g.work
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, m := range w.held {
		if m.Offset > 0 {
			all = append(all, heldRecord{g.handler.channels.Epoch(m.Channel), m.Offset})
		}
	}
	return all
}

// heldAnywhere returns which messages of the group members have, on all nodes that answer.
func (g *group) heldAnywhere() map[place]bool {
	all := make(map[place]bool)
	note := func(some []heldRecord) {
		for _, r := range some {
			all[place{r.Epoch, r.Offset}] = true
		}
	}
	note(g.heldHere())
	ctx, cancel := context.WithTimeout(g.handler.work, askTimeout)
	defer cancel()
	body, err := json.Marshal(sharedDone{Share: g.key.name, Pattern: g.key.pattern})
	if err != nil {
		return all
	}
	for _, answer := range g.handler.config.Cluster.AskAll(ctx, topicHeld, body) {
		var some []heldRecord
		if answer.Err == nil {
			answer.Err = json.Unmarshal(answer.Body, &some)
		}
		if answer.Err != nil {
			g.handler.config.Log.Warn("what members of a share have is not known, and may come again", "edge", "mqtt", "share", g.key.name, "node", answer.Node.Name, "error", answer.Err)
			continue
		}
		note(some)
	}
	return all
}

// skips tells whether a member has a message already that another node has given it.
func (lead *leading) skips(g *group, m *broker.Message) bool {
	if len(lead.held) == 0 || m.Offset == 0 {
		return false
	}
	at := place{g.handler.channels.Epoch(m.Channel), m.Offset}
	skips := lead.held[at]
	delete(lead.held, at)
	return skips
}

// orphans has messages given to others that were given by a node that is gone.
func (ss *shares) orphans(g *group, all []*broker.Message) {
	g.mu.Lock()
	if g.lead != nil {
		for _, m := range all {
			g.giveAgainLocked(&given{message: m})
		}
		g.sendFarLocked()
		g.mu.Unlock()
		return
	}
	g.mu.Unlock()
	ss.mu.Lock()
	leader := ss.known[g.key].Node
	ss.mu.Unlock()
	for _, m := range all {
		b, err := m.MarshalBinary()
		if err != nil {
			continue
		}
		p := sharedParcel{Channel: m.Channel, Message: b, Offset: m.Offset, Time: m.Time}
		if len(b) > mostFarBytes {
			p.Message, p.Epoch = nil, ss.handler.channels.Epoch(m.Channel)
		}
		ss.tellNode(leader, topicOrphan, sharedParcels{g.key.name, g.key.pattern, []sharedParcel{p}})
	}
}

// hearOrphan gives out a message that was given by a node that is gone.
func (ss *shares) hearOrphan(from string, body []byte) {
	var all sharedParcels
	if err := json.Unmarshal(body, &all); err != nil {
		ss.handler.config.Log.Warn("another node gives back what can't be read", "edge", "mqtt", "node", from, "error", err)
		return
	}
	ss.mu.Lock()
	g := ss.groups[groupKey{all.Share, all.Pattern}]
	ss.mu.Unlock()
	for _, p := range all.Parcels {
		m, err := ss.unpack(&p)
		if err == nil && g != nil {
			ss.orphans(g, []*broker.Message{m})
		}
	}
}
