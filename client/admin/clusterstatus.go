package admin

import (
	"context"
	"time"
)

// Cluster is how the nodes do.
type Cluster struct {
	Name       string        `json:"name"`
	Node       string        `json:"node"`             // the name of the one that answers
	Peers      []string      `json:"peers"`            // where the nodes connect to each other, as that one was told
	Quorum     *Quorum       `json:"quorum,omitempty"` // nil where a node keeps its logs alone, or NATS is external
	Nodes      []ClusterNode `json:"nodes"`            // by name
	Logs       []ClusterLog  `json:"logs"`
	Trouble    []Trouble     `json:"trouble"` // what is wrong, the worst first
	Unanswered []string      `json:"unanswered,omitempty"`
}

// Quorum is whether enough nodes are there to store anything.
type Quorum struct {
	OK      bool      `json:"ok"`
	Leader  string    `json:"leader,omitempty"`
	Members int       `json:"members"` // nodes that belong to the cluster, running or not
	Here    int       `json:"here"`
	Needed  int       `json:"needed"`
	Since   time.Time `json:"since,omitzero"` // when nothing could be stored any more
}

// ClusterNode is a node.
type ClusterNode struct {
	Name        string    `json:"name"`
	ID          string    `json:"id,omitempty"` // of this run
	Version     string    `json:"version,omitempty"`
	State       string    `json:"state"`                // "starting", "ready", "not_ready", "draining", or "gone"
	Reason      string    `json:"reason,omitempty"`     // why it is not ready
	Since       time.Time `json:"since,omitzero"`       // when the state became so
	Started     time.Time `json:"started,omitzero"`     //
	Endpoints   []string  `json:"endpoints"`            // where clients reach it alone
	Connections int       `json:"connections"`          // of clients
	Member      bool      `json:"member"`               // it keeps logs, and counts for the majority
	FreeBytes   uint64    `json:"free_bytes,omitempty"` // on the disk of its logs
	SkewMillis  int64     `json:"skew_ms,omitempty"`    // of its clock, ahead of that of the node that answers
}

// ClusterLog is where a log is kept.
type ClusterLog struct {
	Channels string       `json:"channels"` // the pattern of its rule, or a name with // for what the server keeps for itself
	Messages int64        `json:"messages"`
	Bytes    int64        `json:"bytes"`
	Replicas int          `json:"replicas"` // on how many nodes it is to be
	Leader   string       `json:"leader,omitempty"`
	Others   []LogReplica `json:"others"`
}

// LogReplica is a log on a node that does not lead it.
type LogReplica struct {
	Node    string `json:"node"`
	Current bool   `json:"current"` // it has all that is stored
	Offline bool   `json:"offline,omitempty"`
	Lag     uint64 `json:"lag,omitempty"` // operations that it lacks
}

// Trouble is something that somebody has to know, or do something about.
type Trouble struct {
	Kind string `json:"kind"` // one of few: docs/api.md
	Fail bool   `json:"fail"` // something does not work; otherwise it may come to that
	Node string `json:"node,omitempty"`
	What string `json:"what"`
	Do   string `json:"do,omitempty"`
}

// Cluster asks how the nodes do.
func (c *Client) Cluster(ctx context.Context) (Cluster, error) {
	var answer Cluster
	err := c.get(ctx, "/v1/cluster", nil, &answer)
	return answer, err
}

// Remove has a node belong to the cluster no more, by its name. One that is there and does not drain takes force.
func (c *Client) Remove(ctx context.Context, node string, force bool) error {
	var answer struct{}
	return c.post(ctx, "/v1/cluster/remove", struct {
		Node  string `json:"node"`
		Force bool   `json:"force,omitempty"`
	}{node, force}, &answer)
}

// Rescue gives up nodes that are lost for ever, by their names, where they are the majority: what is left becomes a cluster of
// its own. They have to be all that are not connected to the node that is asked, and no other. It returns the names of those
// that belong to the cluster no more; they must never come back with their data.
func (c *Client) Rescue(ctx context.Context, lost []string) (removed []string, err error) {
	var answer struct {
		Removed []string `json:"removed"`
	}
	err = c.post(ctx, "/v1/cluster/rescue", struct {
		Lost []string `json:"lost"`
	}{lost}, &answer)
	return answer.Removed, err
}
