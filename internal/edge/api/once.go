package api

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"net/http"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/holdfast-dev/holdfast/internal/cluster"
)

// Requests with an Idempotency-Key may come again to another node. Of each key one node remembers the answer, its keeper,
// which all nodes choose alike: by the highest hash of key and node (rendezvous hashing), so that when a node comes or goes only
// the keys change their keeper that are its own. What they were answered is not known then, and what is published is known by its
// id in the log. A node that does not reach the keeper remembers the answer itself.

// keeperOf returns the node that remembers the answer to a key.
func (h *Handler) keeperOf(key string) (keeper cluster.Node) {
	best := uint64(0)
	for _, n := range h.nodes() {
		sum := sha256.Sum256([]byte(n.ID + " " + key))
		if score := binary.BigEndian.Uint64(sum[:]); keeper.ID == "" || score > best {
			keeper, best = n, score
		}
	}
	return keeper
}

// onceQuestion asks the keeper whether a request is to be run.
type onceQuestion struct {
	Key         string `json:"key"` // with the API key's id
	Fingerprint []byte `json:"fingerprint"`
}

// onceAnswer says what was answered to the same request, or why it is not to be run; the zero value, that it is.
type onceAnswer struct {
	Kept    *keptAnswer `json:"kept,omitzero"`
	Running bool        `json:"running,omitzero"`
	Reused  bool        `json:"reused,omitzero"`
}

// onceEnd tells the keeper what a request was answered that it has let run: nil if it may be run again.
type onceEnd struct {
	Key  string      `json:"key"`
	Kept *keptAnswer `json:"kept,omitzero"`
}

// keptAnswer is an answer, as nodes tell each other.
type keptAnswer struct {
	Status      int    `json:"status"`
	ContentType string `json:"content_type"`
	Body        []byte `json:"body"`
}

const (
	onceTopic    = "api.once"
	onceEndTopic = "api.once.end"
)

// once runs a call with an Idempotency-Key, or returns what the same one was answered before, on whichever node.
func (h *Handler) once(r *http.Request, c *call, e *endpoint) (a *answer, replayed bool, err error) {
	key, fingerprint := c.client.Who().TokenID+" "+c.key, fingerprintOf(r, c.body)
	keeper, self := h.keeperOf(key), h.cluster.Self().ID
	if keeper.ID == self {
		return h.onceHere(c, e, key, fingerprint)
	}
	said, err := ask[onceAnswer](c.ctx, h, keeper.ID, onceTopic, onceQuestion{key, fingerprint[:]})
	switch {
	case err != nil:
		return h.onceHere(c, e, key, fingerprint)
	case said.Reused:
		return nil, false, errReused
	case said.Running:
		return nil, false, errRunning
	case said.Kept != nil:
		return &answer{said.Kept.Status, said.Kept.ContentType, said.Kept.Body}, true, nil
	}
	end := onceEnd{Key: key}
	defer func() { h.tellKeeper(keeper.ID, end) }() // without an answer still if it panics
	a, final, err := runOf(c, e)
	if final && len(a.body) <= maxPartBytes {
		end.Kept = &keptAnswer{a.status, a.contentType, a.body}
	}
	return a, false, err
}

// tellKeeper tells the keeper how a request has ended. If that gets lost, the keeper takes it for running, for runLease.
func (h *Handler) tellKeeper(keeper string, end onceEnd) {
	body, err := json.Marshal(end)
	if err != nil {
		panic("api: an answer is not JSON: " + err.Error()) // it is a struct of ours
	}
	h.cluster.TellNode(keeper, onceEndTopic, body)
}

// onceHere is once where this node is the keeper.
func (h *Handler) onceHere(c *call, e *endpoint, key string, fingerprint [fingerprintSize]byte) (a *answer, replayed bool, err error) {
	run, before, err := h.replays.begin(key, fingerprint, "", time.Now())
	if before != nil || err != nil {
		return before, true, err
	}
	var kept *answer // nil still if it panics
	defer func() { h.replays.end(run, kept, time.Now()) }()
	a, final, err := runOf(c, e)
	if final {
		kept = a
	}
	return a, false, err
}

// onceFor answers a node whether it is to run a request.
func (h *Handler) onceFor(_ context.Context, from string, q *onceQuestion) (*onceAnswer, error) {
	if len(q.Fingerprint) != fingerprintSize {
		return nil, fmt.Errorf("the fingerprint of a request has %d bytes, and this one has %d", fingerprintSize, len(q.Fingerprint))
	}
	_, before, err := h.replays.begin(q.Key, [fingerprintSize]byte(q.Fingerprint), from, time.Now())
	switch {
	case err == errRunning:
		return &onceAnswer{Running: true}, nil
	case err != nil:
		return &onceAnswer{Reused: true}, nil
	case before != nil:
		return &onceAnswer{Kept: &keptAnswer{before.status, before.contentType, before.body}}, nil
	}
	return &onceAnswer{}, nil
}

// onceEnded hears how a request has ended that another node has run.
func (h *Handler) onceEnded(from string, body []byte) {
	var end onceEnd
	if err := json.Unmarshal(body, &end); err != nil {
		return // whoever sent it takes the request for running until its lease ends
	}
	var kept *answer
	if end.Kept != nil {
		kept = &answer{end.Kept.Status, end.Kept.ContentType, end.Kept.Body}
	}
	h.replays.endOf(from, end.Key, kept, time.Now())
}
