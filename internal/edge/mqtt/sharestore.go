package mqtt

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/edge/mqtt/packet"
	"github.com/holdfast-dev/holdfast/websocket"
)

// shareRecord says which node leads a group, up to where messages have been given out, and which of these are not acknowledged. Like
// that of a session it is only stored behind the one that its writer knows.
type shareRecord struct {
	Share   string            `json:"share"`
	Pattern channel.Pattern   `json:"pattern"`
	Node    string            `json:"node,omitzero"` // "" for none
	At      []broker.Position `json:"at,omitzero"`
	Given   []flightRecord    `json:"given,omitzero"`
}

// maxGivenStored is how many are stored one by one. If more are not acknowledged, everything behind the oldest comes again when the
// node is killed.
const maxGivenStored = 1024

// knownLeader is a record and its offset.
type knownLeader struct {
	shareRecord
	offset uint64
}

// over tells whether the group is: whoever leads it next begins anew.
func (r *shareRecord) over() bool { return r.Node == "" && len(r.At) == 0 && len(r.Given) == 0 }

// endedGroup is one that is over, by the record at an offset.
type endedGroup struct {
	groupKey
	offset uint64
	heard  time.Time
}

// endedKept is for how long it is known of a group that it is over: longer than the live feed is ever behind, so that nothing older is
// taken for new. Who makes the group again finds its record in the log.
const endedKept = time.Minute

// forgetEnded forgets groups that are over: their names are of strangers' choosing, and there may be any number.
func (ss *shares) forgetEnded(now time.Time) {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	n := 0
	for ; n < len(ss.ended) && now.Sub(ss.ended[n].heard) > endedKept; n++ {
		if one := &ss.ended[n]; ss.known[one.groupKey].offset == one.offset {
			delete(ss.known, one.groupKey)
		}
	}
	ss.ended = slices.Delete(ss.ended, 0, n)
}

// recordName returns under which name the leader of a group is stored.
func (k groupKey) recordName() channel.Name {
	sum := sha256.Sum256([]byte(k.name + "\x00" + string(k.pattern)))
	return channel.Name(hex.EncodeToString(sum[:]))
}

// open reads who leads which group, and goes on following that.
func (ss *shares) open(ctx context.Context) error {
	ss.known, ss.far = make(map[groupKey]knownLeader), make(map[channel.Name]map[string]farRow)
	if log := ss.handler.config.Shares; log != nil {
		if err := ss.handler.followLog(ctx, log, ss.learn); err != nil {
			return err
		}
	}
	ss.handler.running.Go(ss.keepUp)
	return nil
}

// learn notes who leads a group.
func (ss *shares) learn(m *broker.Message) {
	var r shareRecord
	if err := json.Unmarshal(m.Payload, &r); err != nil {
		ss.handler.config.Log.Warn("who leads a share can't be read", "edge", "mqtt", "error", err)
		return
	}
	key := groupKey{r.Share, r.Pattern}
	ss.mu.Lock()
	defer ss.mu.Unlock()
	if m.Offset <= ss.known[key].offset {
		return // the live feed is behind
	}
	ss.known[key] = knownLeader{r, m.Offset}
	if r.over() {
		ss.ended = append(ss.ended, endedGroup{key, m.Offset, time.Now()})
	}
	if g := ss.groups[key]; g != nil && r.Node != ss.handler.node {
		ss.handler.goes(func() { g.follow(m.Offset) })
	}
}

// follow gives up leading a group that another node leads, and leads one that none does.
func (g *group) follow(offset uint64) {
	g.electing.Lock()
	g.mu.Lock()
	lead := g.lead
	if lead != nil && lead.offset < offset {
		g.lead = nil
	} else {
		lead = nil
	}
	g.mu.Unlock()
	g.electing.Unlock()
	if lead != nil {
		lead.flow.Cancel()
	}
	if err := g.elect(); err != nil {
		g.handler.config.Log.Warn("a share is led by nobody", "edge", "mqtt", "share", g.key.name, "error", err)
	}
}

const maxElections = 5

// elect has this node lead the group if no other does.
func (g *group) elect() error {
	g.electing.Lock()
	defer g.electing.Unlock()
	g.mu.Lock()
	needless := g.lead != nil || len(g.members) == 0
	g.mu.Unlock()
	if needless {
		return nil
	}
	ss := &g.handler.shares
	if g.handler.config.Shares == nil {
		return g.begin(knownLeader{})
	}
	for try := range maxElections {
		k, err := ss.leaderOf(g.key, try > 0)
		if err != nil {
			return err
		}
		if _, alive := g.handler.config.Cluster.Node(k.Node); alive && k.Node != g.handler.node {
			return nil
		}
		k.Share, k.Pattern, k.Node = g.key.name, g.key.pattern, g.handler.node
		ack, err := ss.write(k.shareRecord, k.offset)
		if err == nil {
			k.offset = ack.Offset
			return g.begin(k)
		}
		if !errors.Is(err, broker.ErrNotLast) {
			return err
		}
	}
	return &packet.Error{Code: packet.ServerBusy, Reason: "the nodes do not agree on who leads the share; subscribe again"}
}

// leaderOf returns who leads a group, as far as is known, or by the log.
func (ss *shares) leaderOf(key groupKey, read bool) (k knownLeader, err error) {
	if !read {
		ss.mu.Lock()
		defer ss.mu.Unlock()
		return ss.known[key], nil
	}
	ctx, cancel := context.WithTimeout(ss.handler.work, restoreTimeout)
	defer cancel()
	page, err := ss.handler.config.Shares.Read(ctx, key.recordName().Pattern(), 0, 1)
	if err != nil || len(page.Messages) == 0 {
		return k, err
	}
	k.offset = page.Messages[0].Offset
	return k, json.Unmarshal(page.Messages[0].Payload, &k.shareRecord)
}

// write stores a record behind another.
func (ss *shares) write(r shareRecord, last uint64) (broker.Ack, error) {
	text, err := json.Marshal(r)
	if err != nil {
		return broker.Ack{}, err
	}
	type result struct {
		ack broker.Ack
		err error
	}
	stored := make(chan result, 1)
	m := &broker.Message{Channel: groupKey{r.Share, r.Pattern}.recordName(), Type: websocket.Text, Payload: text, Time: time.Now()}
	ss.handler.config.Shares.AppendAfter(context.WithoutCancel(ss.handler.work), last, m, func(ack broker.Ack, err error) { stored <- result{ack, err} })
	got := <-stored // it is answered in some seconds at most
	return got.ack, got.err
}

// store stores how far a group has come, and that this node leads it no more if it ends. Lock electing held.
func (g *group) store(lead *leading, ends, over bool) {
	ss := &g.handler.shares
	if ss.handler.config.Shares == nil {
		return
	}
	g.mu.Lock()
	r := shareRecord{Share: g.key.name, Pattern: g.key.pattern, Node: ss.handler.node}
	if !over {
		r.At, r.Given = lead.reachedBy(g, ends)
	}
	lead.moved = false
	g.mu.Unlock()
	if ends {
		r.Node = ""
	}
	ack, err := ss.write(r, lead.offset)
	switch {
	case err == nil:
		lead.offset = ack.Offset
	case errors.Is(err, broker.ErrNotLast): // another node leads it, as will be heard
	default:
		lead.moved = true
		ss.handler.config.Log.Warn("how far a share has come was not stored", "edge", "mqtt", "share", g.key.name, "error", err)
	}
}

// keepUp stores from time to time how far the groups have come, gives what could not be given, and renews what a log would forget.
func (ss *shares) keepUp() {
	tick := time.NewTicker(keepUpInterval)
	defer tick.Stop()
	renewed := time.Now()
	for {
		select {
		case <-tick.C:
		case <-ss.handler.work.Done():
			return
		}
		renews := time.Since(renewed) > renewInterval
		if renews {
			renewed = time.Now()
		}
		ss.forgetEnded(time.Now())
		for _, g := range ss.list() {
			if ss.handler.work.Err() != nil {
				return
			}
			g.electing.Lock()
			g.mu.Lock()
			lead := g.lead
			moved := lead != nil && (lead.moved || renews)
			if lead != nil {
				g.giveLaterLocked()
			}
			g.mu.Unlock()
			if moved {
				g.store(lead, false, false)
			}
			g.electing.Unlock()
		}
	}
}

func (ss *shares) list() (all []*group) {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	for _, g := range ss.groups {
		all = append(all, g)
	}
	return all
}

// close ends leading on this node: it is stored where each group has come to, and that another node may lead it. All at the same
// time, since each may have to wait for the log.
func (ss *shares) close() {
	var closing sync.WaitGroup
	for _, g := range ss.list() {
		closing.Go(g.close)
	}
	closing.Wait()
}

func (g *group) close() {
	g.electing.Lock()
	defer g.electing.Unlock()
	g.work.look()
	g.work.stop()
	g.mu.Lock()
	lead := g.lead
	g.lead = nil
	g.mu.Unlock()
	if lead != nil {
		lead.flow.Cancel()
		g.store(lead, true, false)
	}
}
