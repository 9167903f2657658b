package api

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/cluster"
	"github.com/holdfast-dev/holdfast/internal/engine"
	"github.com/holdfast-dev/holdfast/internal/health"
)

// Overseen is what there is to look after.
type Overseen struct {
	Name    string               // of the cluster
	Peers   []string             // where its nodes connect to each other, as far as this one was told
	Logs    *broker.Broker       // nil if nothing is kept
	Rescuer Rescuer              // the same; nil if nothing is kept
	Health  func() health.Report // of this node
}

// clusterAnswer is how the nodes do.
type clusterAnswer struct {
	Name    string        `json:"name"`
	Node    string        `json:"node"`            // the name of the one that answers
	Peers   []string      `json:"peers"`           // where the nodes connect to each other, as this one was told
	Quorum  *quorum       `json:"quorum,omitzero"` // nil where a node keeps its logs alone, or NATS is external
	Nodes   []clusterNode `json:"nodes"`
	Logs    []clusterLog  `json:"logs"`
	Trouble []trouble     `json:"trouble"`
	partial

	lost time.Time // since when the node that answers has stored nothing; zero if it does
}

// quorum is whether enough nodes are there to agree on what is stored.
type quorum struct {
	OK      bool      `json:"ok"`
	Leader  string    `json:"leader,omitzero"` // the name of the node that leads
	Members int       `json:"members"`         // nodes that belong to the cluster, running or not
	Here    int       `json:"here"`            // that the node that answers is connected with, and itself
	Needed  int       `json:"needed"`
	Since   time.Time `json:"since,omitzero"` // when nothing could be stored any more
}

// gone is the state of a node that belongs to the cluster and is not there.
const gone cluster.State = "gone"

// clusterNode is one of the nodes.
type clusterNode struct {
	Name        string        `json:"name"`
	ID          string        `json:"id,omitzero"` // of this run
	Version     string        `json:"version,omitzero"`
	State       cluster.State `json:"state"`
	Reason      string        `json:"reason,omitzero"` // why it is not ready
	Since       time.Time     `json:"since,omitzero"`  // when the state became what it is
	Started     time.Time     `json:"started,omitzero"`
	Endpoints   []string      `json:"endpoints"`
	Connections int           `json:"connections"`
	Member      bool          `json:"member"`              // it counts for the majority
	FreeBytes   uint64        `json:"free_bytes,omitzero"` // on the disk of its logs
	SkewMillis  int64         `json:"skew_ms,omitzero"`    // of its clock, ahead of that of the node that answers
}

// clusterLog is where a log is kept.
type clusterLog struct {
	Channels string       `json:"channels"` // the pattern of its rule, or what the server keeps for itself: //keys, //revoked …
	Messages int64        `json:"messages"`
	Bytes    int64        `json:"bytes"`
	Replicas int          `json:"replicas"` // on how many nodes it is to be
	Leader   string       `json:"leader,omitzero"`
	Others   []logReplica `json:"others"`
}

// logReplica is a log on a node that does not lead it.
type logReplica struct {
	Node    string `json:"node"`
	Current bool   `json:"current"` // it has all that is stored
	Offline bool   `json:"offline,omitzero"`
	Lag     uint64 `json:"lag,omitzero"` // operations that it lacks
}

// nodeReport is what a node says of itself besides what all know of it.
type nodeReport struct {
	Health    health.Report `json:"health"`
	FreeBytes uint64        `json:"free_bytes,omitzero"`
	Now       time.Time     `json:"now"`
}

const reportTopic = "api.report"

// ownReport answers a node with how this one does.
func (h *Handler) ownReport(context.Context, string, *struct{}) (*nodeReport, error) {
	r := &nodeReport{Health: h.config.Overseen.Health(), Now: time.Now()}
	if logs := h.config.Overseen.Logs; logs != nil {
		r.FreeBytes, _ = logs.Free()
	}
	return r, nil
}

// clusterStatus tells how the nodes do.
func (h *Handler) clusterStatus(c *call) (any, error) {
	if err := c.query.done(); err != nil {
		return nil, err
	}
	a := &clusterAnswer{Name: h.config.Overseen.Name, Node: h.cluster.Self().Name, Peers: slices.Concat([]string{}, h.config.Overseen.Peers), Nodes: []clusterNode{}, Logs: []clusterLog{}, Trouble: []trouble{}}
	asked := time.Now()
	reports, missing := askAll[nodeReport](c.ctx, h, reportTopic, struct{}{})
	took := time.Since(asked)
	a.partial = missing
	for _, n := range h.nodes() {
		a.Nodes = append(a.Nodes, newClusterNode(n))
	}
	for _, r := range reports {
		a.report(r.node.ID, r.answer, asked, took)
	}
	if logs := h.config.Overseen.Logs; logs != nil {
		a.members(logs)
		a.places(c.ctx, logs)
	}
	slices.SortFunc(a.Nodes, func(a, b clusterNode) int { return strings.Compare(a.Name+" "+a.ID, b.Name+" "+b.ID) })
	a.findTrouble()
	return a, nil
}

func newClusterNode(n cluster.Node) clusterNode {
	return clusterNode{
		Name: n.Name, ID: n.ID, Version: n.Version, State: n.State, Started: n.Started.UTC().Truncate(time.Millisecond),
		Endpoints: slices.Concat([]string{}, n.Endpoints), Connections: n.Connections,
	}
}

// report takes what a node says of itself. Its clock is compared with the middle of the time that the answers took: what is
// less than half of that is not known.
func (a *clusterAnswer) report(id string, r *nodeReport, asked time.Time, took time.Duration) {
	at := slices.IndexFunc(a.Nodes, func(n clusterNode) bool { return n.ID == id })
	if at < 0 {
		return
	}
	n := &a.Nodes[at]
	n.State, n.Reason, n.Since, n.FreeBytes = cluster.State(r.Health.Status), r.Health.Reason, r.Health.Since, r.FreeBytes
	if skew := r.Now.Sub(asked.Add(took / 2)); skew.Abs() > took/2 {
		n.SkewMillis = skew.Milliseconds()
	}
	for _, c := range r.Health.Checks {
		if a.Node == n.Name && c.Name == "log" && !c.OK {
			a.lost = c.Since
		}
	}
}

// members notes which nodes keep the logs, and whether enough of them are there.
func (a *clusterAnswer) members(logs *broker.Broker) {
	m, together := logs.Membership()
	if !together {
		return
	}
	q := &quorum{OK: m.Leader != "" && m.Connected+1 >= m.Needed, Leader: m.Leader, Members: m.Known, Here: m.Connected + 1, Needed: m.Needed}
	if !q.OK {
		q.Since = a.lost
	}
	a.Quorum = q
	for _, p := range logs.Peers() {
		at := slices.IndexFunc(a.Nodes, func(n clusterNode) bool { return n.Name == p.Name })
		if at < 0 {
			name := p.Name
			if name == "" {
				name = p.ID
			}
			a.Nodes = append(a.Nodes, clusterNode{Name: name, State: gone, Endpoints: []string{}, Member: true})
			continue
		}
		a.Nodes[at].Member = true
	}
}

// places notes where the logs are, if there is anybody to tell.
func (a *clusterAnswer) places(ctx context.Context, logs *broker.Broker) {
	if a.Quorum != nil && !a.Quorum.OK {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, statsTimeout)
	defer cancel()
	all, err := logs.Placements(ctx)
	if err != nil {
		a.Trouble = append(a.Trouble, trouble{Kind: "logs", What: "where the logs are kept can't be found out: " + err.Error()})
		return
	}
	for _, p := range all {
		l := clusterLog{Channels: p.Log, Messages: p.Messages, Bytes: p.Bytes, Replicas: p.Wanted, Leader: p.Leader, Others: []logReplica{}}
		for _, r := range p.Replicas {
			l.Others = append(l.Others, logReplica{r.Node, r.Current, r.Offline, r.Lag})
		}
		a.Logs = append(a.Logs, l)
	}
}

type removeRequest struct {
	Node  string `json:"node"`  // its name
	Force bool   `json:"force"` // though it runs and does not drain
}

type removedNode struct {
	Removed string `json:"removed"`
}

// remove has a node belong to the cluster no more.
func (h *Handler) remove(c *call) (any, error) {
	r, err := decode[removeRequest](c)
	switch {
	case err != nil:
		return nil, err
	case r.Node == "":
		return nil, badRequest("name the node that is not to come back, as /v1/cluster tells it")
	case h.config.Overseen.Logs == nil:
		return nil, refusal("cannot_remove", http.StatusConflict, "%w", broker.ErrNoCluster)
	}
	for _, n := range h.cluster.Nodes() {
		if n.Name == r.Node && n.State != cluster.Draining && !r.Force {
			return nil, refusal("cannot_remove", http.StatusConflict,
				"the node %s is here and serves clients; drain it and stop it first (holdfast drain), or use force, after which it keeps nothing", n.Name)
		}
	}
	err = h.config.Overseen.Logs.Remove(c.ctx, r.Node)
	switch {
	case err == nil:
		return &removedNode{r.Node}, nil
	case errors.Is(err, engine.ErrNoPeer):
		return nil, refusal("no_node", http.StatusNotFound, "%w: %.64q; /v1/cluster tells which do", err, r.Node)
	case errors.Is(err, broker.ErrNoCluster):
		return nil, refusal("cannot_remove", http.StatusConflict, "%w", err)
	case errors.Is(err, engine.ErrNoQuorum):
		return nil, refusal("no_quorum", http.StatusConflict,
			"%w; a node can be removed only while a majority of the nodes is here, the one to be removed counted: start others again first", err)
	}
	return nil, err
}
