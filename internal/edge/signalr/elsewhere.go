package signalr

import (
	"context"
	"encoding/hex"
	"errors"
	"net/http"
	"sync"

	"github.com/go-json-experiment/json"

	"github.com/holdfast-dev/holdfast/internal/cluster"
	"github.com/holdfast-dev/holdfast/internal/edge/relay"
)

// The requests of a connection may reach any node. The node where a connection was negotiated, which its token names, is its home:
// it knows which node has it. A WebSocket is a single request, so of one that does not reconnect nobody is told.

const (
	topicWhere = "signalr.where"
	topicOver  = "signalr.over"
	maxAbroad  = 1 << 20 // connections that are known to be with other nodes
)

// whereQuestion asks a connection's home which node has it.
type whereQuestion struct {
	Key   string `json:"key"`
	Claim bool   `json:"claim,omitzero"` // if none has it, whoever asks does from now on
}

type whereAnswer struct {
	Node string `json:"node,omitzero"` // "" for none
}

// abroad are the connections negotiated here that other nodes have.
type abroad struct {
	mu    sync.Mutex // guards nodes
	nodes map[tokenKey]string
}

// where returns which node has a connection, and has it be claimer if that is not "" and none has.
func (a *abroad) where(key tokenKey, claimer string) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	if node := a.nodes[key]; node != "" || claimer == "" || len(a.nodes) >= maxAbroad {
		return node
	}
	if a.nodes == nil {
		a.nodes = make(map[tokenKey]string)
	}
	a.nodes[key] = claimer
	return claimer
}

// over notes that a node has a connection no more.
func (a *abroad) over(key tokenKey, node string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.nodes[key] == node {
		delete(a.nodes, key)
	}
}

// gone notes that a node has gone.
func (a *abroad) gone(n cluster.Node, here bool) {
	if here {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for key, node := range a.nodes {
		if node == n.ID {
			delete(a.nodes, key)
		}
	}
}

// join registers what nodes ask and tell each other of connections.
func (h *Handler) join(c *cluster.Cluster) {
	c.Answer(topicWhere, h.answerWhere)
	c.Hear(topicOver, func(from string, body []byte) {
		if key, err := parseKey(string(body)); err == nil {
			h.abroad.over(key, from)
		}
	})
	c.Watch(h.abroad.gone)
	h.relay = relay.New(c, "signalr", int64(h.limit)+1, h.config.Log, h.serveRelayed)
}

func (k tokenKey) String() string { return hex.EncodeToString(k[:]) }

func parseKey(s string) (k tokenKey, err error) {
	b, err := hex.DecodeString(s)
	if err == nil && copy(k[:], b) != len(k) || len(b) != len(k) {
		err = errors.New("not the hash of a token")
	}
	return k, err
}

func (h *Handler) answerWhere(_ context.Context, from string, body []byte) ([]byte, error) {
	var q whereQuestion
	if err := json.Unmarshal(body, &q); err != nil {
		return nil, err
	}
	key, err := parseKey(q.Key)
	if err != nil {
		return nil, err
	}
	if !q.Claim {
		from = ""
	}
	return json.Marshal(whereAnswer{h.whereHere(key, from)})
}

// whereHere is where for a connection whose home this is.
func (h *Handler) whereHere(key tokenKey, claimer string) string {
	if c, over := h.conns.find(key); c != nil {
		return h.node
	} else if over {
		return ""
	}
	return h.abroad.where(key, claimer)
}

// where asks a connection's home which node has it. If none has and claim says so, this one does from now on. When the home has gone,
// nobody knows.
func (h *Handler) where(ctx context.Context, t *ticket, claim bool) (node string, err error) {
	nodes := h.config.Cluster
	if t.node == h.node {
		if claim {
			return h.whereHere(t.key, h.node), nil
		}
		return h.whereHere(t.key, ""), nil
	}
	if _, alive := nodes.Node(t.node); !alive {
		if claim {
			node = h.node
		}
		return node, nil
	}
	body, err := json.Marshal(whereQuestion{t.key.String(), claim})
	if err == nil {
		// A client that goes meanwhile may have become this node's all the same: then it is, and ends as any that is silent.
		body, err = nodes.Ask(context.WithoutCancel(ctx), t.node, topicWhere, body)
	}
	var answer whereAnswer
	if err == nil {
		err = json.Unmarshal(body, &answer)
	}
	return answer.Node, err
}

var (
	errUnknown = errors.New("there is no such connection, or not any more; negotiate anew")
	errLost    = errors.New("the node that knows of the connection does not answer; send it again, or negotiate anew")
)

// seek finds the node that has a connection which is not here. If claim says so and none has, it is to be opened here: then node is
// "". Else the request has been answered.
func (h *Handler) seek(w http.ResponseWriter, r *http.Request, t *ticket, claim bool) (node string, ok bool) {
	claim = claim && t.fresh()
	node, err := h.where(r.Context(), t, claim)
	switch {
	case err != nil:
		lost := *t
		lost.claimed = claim // it may be, and would count as this node's for as long as that runs
		h.release(&lost)
		h.config.Log.Warn("a connection is not found", "edge", "signalr", "home", t.node, "error", err)
		h.refuse(w, r, http.StatusBadGateway, errLost)
		return "", false
	case claim && node == h.node:
		return "", true
	case node == "" && t.fresh() && !claim:
		h.conflict(w, r, "the connection has no transport yet")
		return "", false
	case node == "", node == h.node: // it has just ended here
		h.refuse(w, r, http.StatusNotFound, errUnknown)
		return "", false
	}
	return node, true
}

// forward has the node that has a connection answer a request.
func (h *Handler) forward(w http.ResponseWriter, r *http.Request, node string) {
	err := h.relay.Forward(w, r, node, "Content-Type")
	switch {
	case err == nil, r.Context().Err() != nil:
	case errors.Is(err, relay.ErrGone), errors.Is(err, relay.ErrStranger):
		h.refuse(w, r, http.StatusNotFound, errUnknown)
	default:
		h.refuse(w, r, http.StatusBadGateway, err)
	}
}

// serveRelayed answers a request that another node has been sent.
func (h *Handler) serveRelayed(w http.ResponseWriter, r *http.Request) (known bool) {
	c, _ := h.conns.find(keyOf(r.URL.Query().Get("id")))
	if c == nil || h.hubs[r.URL.Path] != c.hub {
		return false
	}
	switch r.Method {
	case http.MethodGet:
		h.servePollOf(w, r, c)
	case http.MethodPost:
		h.serveSendOf(w, r, c)
	case http.MethodDelete:
		h.serveLeaveOf(w, c)
	}
	return true
}

// release tells the home of a connection that it is not here any more.
func (h *Handler) release(t *ticket) {
	switch {
	case !t.claimed:
	case t.node == h.node:
		h.abroad.over(t.key, h.node)
	default:
		h.config.Cluster.TellNode(t.node, topicOver, []byte(t.key.String()))
	}
}
