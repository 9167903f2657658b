package mqtt

import (
	"context"
	"time"

	"github.com/go-json-experiment/json"
)

// A session that is stored is taken over by way of the log. One that is not ends when the other nodes hear that its client has
// come to another.

// topicClaim is what nodes tell each other of clients that have come.
const topicClaim = "mqtt.claim"

// claimWindow is for how long it may be that two nodes have told each other of the same client at the same time.
const claimWindow = 2 * time.Second

// claim says that a client has come to a node.
type claim struct {
	User   string    `json:"user,omitzero"`
	Client string    `json:"client"`
	At     time.Time `json:"at"`
	Clean  bool      `json:"clean,omitzero"` // without a session, if it had one
}

// tell tells other nodes that a client has come here.
func (ss *sessions) tell(s *mqttSession, clean bool) {
	s.mu.Lock()
	one := claim{s.key.user, s.key.client, s.came, clean}
	s.mu.Unlock()
	body, err := json.Marshal(one)
	if err != nil {
		ss.handler.config.Log.Warn("other nodes can't be told of a client", "edge", "mqtt", "client", s.key.client, "error", err)
		return
	}
	ss.handler.config.Cluster.Tell(topicClaim, body)
}

// hearClaim ends the session of a client that has come to another node. If it has come here at the same time, the later one
// counts, by whatever clocks, so that both nodes agree.
func (ss *sessions) hearClaim(from string, body []byte) {
	var told claim
	if err := json.Unmarshal(body, &told); err != nil {
		ss.handler.config.Log.Warn("another node tells what can't be read", "edge", "mqtt", "node", from, "error", err)
		return
	}
	ss.mu.Lock()
	s := ss.all[sessionKey{told.User, told.Client}]
	ss.mu.Unlock()
	if s == nil {
		return
	}
	s.mu.Lock()
	connected, came, inLog := s.conn != nil, s.came, s.inLog
	s.mu.Unlock()
	switch {
	case !connected, inLog && !told.Clean: // what is stored decides
	case time.Since(came) < claimWindow && (came.After(told.At) || came.Equal(told.At) && ss.handler.node > from):
		ss.tell(s, true) // it may have been told before the other had its own
	case ss.remove(s):
		ss.handler.goes(s.end)
	}
}

// topicRelease is how a node is asked for a session, and topicRest for what did not fit into the answer.
const (
	topicRelease = "mqtt.release"
	topicRest    = "mqtt.rest"
	askTimeout   = 3 * time.Second
)

// releaseQuestion asks for the session of a client, or, if it is to be clean, that it ends.
type releaseQuestion struct {
	User   string `json:"user,omitzero"`
	Client string `json:"client"`
	Clean  bool   `json:"clean,omitzero"`
}

// release is the answer: what there is of the session, which is the other's from now on.
type release struct {
	Here   bool    `json:"here"` // else it is not, or not to be had now
	Record *record `json:"record,omitzero"`
	Last   uint64  `json:"last,omitzero"`

	Bytes int    `json:"bytes,omitzero"` // of parcels, which are asked for in pieces
	Token string `json:"token,omitzero"` // by this
}

// ask asks a node for a session, and returns what it has of it; nil if it has none, or does not say. Then the log says what there
// is.
func (ss *sessions) ask(ctx context.Context, node string, key sessionKey, clean bool) *found {
	h := ss.handler
	if _, alive := h.config.Cluster.Node(node); !alive {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	body, err := json.Marshal(releaseQuestion{key.user, key.client, clean})
	if err == nil {
		body, err = h.config.Cluster.Ask(ctx, node, topicRelease, body)
	}
	var answer release
	if err == nil {
		err = json.Unmarshal(body, &answer)
	}
	if err == nil && !answer.Here {
		return nil
	}
	given := &found{record: answer.Record, last: answer.Last}
	if err == nil && answer.Bytes > 0 {
		given.Parcels, err = ss.fetch(ctx, node, answer)
	}
	if err != nil {
		h.config.Log.Warn("another node does not hand over a session", "edge", "mqtt", "client", key.client, "node", node, "error", err)
		if !answer.Here {
			return nil
		}
	}
	return given
}

// release answers another node that wants a session.
func (ss *sessions) release(_ context.Context, from string, body []byte) ([]byte, error) {
	var q releaseQuestion
	if err := json.Unmarshal(body, &q); err != nil {
		return nil, err
	}
	key := sessionKey{q.User, q.Client}
	done, _ := ss.turns.take(key)
	if done == nil {
		return json.Marshal(release{}) // the client comes here at the same time
	}
	defer done()
	s := ss.recall(key)
	if s == nil || !ss.remove(s) {
		return json.Marshal(release{})
	}
	r, parcels := s.handOver(q.Clean)
	answer := release{Here: true, Record: r, Last: s.journal.close()}
	if r == nil {
		s.handOn()
	}
	s.cancelAll()
	if len(parcels) > 0 {
		all, err := json.Marshal(parcels)
		if err != nil {
			return nil, err
		}
		answer.Bytes, answer.Token = len(all), ss.handed.keep(from, all)
	}
	return json.Marshal(answer)
}
