package api

import (
	"context"
	"time"

	"github.com/holdfast-dev/holdfast/protocol"
)

// nodeInfo is what the server is.
type nodeInfo struct {
	Version       string     `json:"version"`
	Node          string     `json:"node"` // this run of this node
	Name          string     `json:"name"` // of the node
	Started       time.Time  `json:"started"`
	UptimeSeconds int64      `json:"uptime_seconds"`
	Limits        nodeLimits `json:"limits"`
	Features      []string   `json:"features"`
}

// nodeLimits bound requests.
type nodeLimits struct {
	BodyBytes         int64 `json:"body_bytes"`
	MessageBytes      int64 `json:"message_bytes"`
	BatchMessages     int   `json:"batch_messages"`
	PublishChannels   int   `json:"publish_channels"`
	BroadcastChannels int   `json:"broadcast_channels"`
	PageEntries       int   `json:"page_entries"`
	IDBytes           int   `json:"id_bytes"`
	IdempotencyBytes  int   `json:"idempotency_key_bytes"`
}

// info tells what the server is and can do.
func (h *Handler) info(c *call) (any, error) {
	if err := c.query.done(); err != nil {
		return nil, err
	}
	i := &nodeInfo{
		Version: h.config.Version, Node: h.cluster.Self().ID, Name: h.cluster.Self().Name, Started: h.began.UTC(), UptimeSeconds: int64(time.Since(h.began).Seconds()),
		Limits: nodeLimits{
			BodyBytes: h.maxBody, MessageBytes: h.config.MaxMessageBytes, BatchMessages: maxMessages, PublishChannels: maxChannels,
			BroadcastChannels: maxBroadcastChannels, PageEntries: maxPage, IDBytes: protocol.MaxIDBytes, IdempotencyBytes: maxKeyBytes,
		},
		Features: []string{},
	}
	history, presence := false, false
	for _, r := range h.channels.Rules().All() {
		history, presence = history || r.History.Kept(), presence || r.Presence
	}
	for _, f := range []struct {
		name string
		here bool
	}{{"history", history}, {"presence", presence}, {"tokens", h.signer.Signs()}} {
		if f.here {
			i.Features = append(i.Features, f.name)
		}
	}
	return i, nil
}

// nodeStats is what a node has to do.
type nodeStats struct {
	Node        string `json:"node"` // this run of it
	Name        string `json:"name"`
	Connections struct {
		Total  int            `json:"total"`
		ByEdge map[string]int `json:"by_edge"`
	} `json:"connections"`
	Channels      int `json:"channels"` // with subscribers
	Subscriptions int `json:"subscriptions"`
	Messages      struct {
		Published int64 `json:"published"` // since the start, and not refused
		Delivered int64 `json:"delivered"` // to live subscribers, once for each
	} `json:"messages"`
}

// allStats is what all nodes have to do, together and each.
type allStats struct {
	nodeStats             // the sum, in the name of the node that answers
	Nodes     []nodeStats `json:"nodes"`
	Logs      []logStats  `json:"logs"`
	partial
}

// logStats is how much the log of a rule keeps.
type logStats struct {
	Channels string `json:"channels"` // the rule's pattern
	Epoch    string `json:"epoch"`
	Messages int64  `json:"messages"`
	Bytes    int64  `json:"bytes"`
	Last     uint64 `json:"last"` // offset of the newest message
	Error    string `json:"error,omitzero"`
}

// statsTimeout is how long the logs may take to say how much they keep.
const statsTimeout = 5 * time.Second

const statsTopic = "api.stats"

// stats tells what the nodes have to do. A channel that has subscribers on several counts on each.
func (h *Handler) stats(c *call) (any, error) {
	if err := c.query.done(); err != nil {
		return nil, err
	}
	sum := &allStats{Nodes: []nodeStats{}, Logs: []logStats{}}
	var all []share[nodeStats]
	all, sum.partial = askAll[nodeStats](c.ctx, h, statsTopic, struct{}{})
	for _, one := range all {
		sum.Nodes = append(sum.Nodes, *one.answer)
		sum.nodeStats.add(one.answer)
	}
	self := h.cluster.Self()
	sum.Node, sum.Name = self.ID, self.Name
	ctx, cancel := context.WithTimeout(c.ctx, statsTimeout)
	defer cancel()
	for _, log := range h.channels.Logs(ctx) {
		one := logStats{Channels: log.Rule.Name(), Epoch: log.Epoch, Messages: log.Messages, Bytes: log.Bytes, Last: log.Last}
		if log.Err != nil {
			one.Error = log.Err.Error()
		}
		sum.Logs = append(sum.Logs, one)
	}
	return sum, nil
}

// add adds what another node has to do.
func (s *nodeStats) add(other *nodeStats) {
	s.Connections.Total += other.Connections.Total
	if s.Connections.ByEdge == nil {
		s.Connections.ByEdge = make(map[string]int)
	}
	for edge, n := range other.Connections.ByEdge {
		s.Connections.ByEdge[edge] += n
	}
	s.Channels += other.Channels
	s.Subscriptions += other.Subscriptions
	s.Messages.Published += other.Messages.Published
	s.Messages.Delivered += other.Messages.Delivered
}

// ownStats answers a node with what this one has to do.
func (h *Handler) ownStats(context.Context, string, *struct{}) (*nodeStats, error) {
	self := h.cluster.Self()
	s := &nodeStats{Node: self.ID, Name: self.Name}
	s.Connections.Total, s.Connections.ByEdge = h.door.Clients.Count(), h.door.Clients.Edges()
	counts := h.channels.Counts()
	s.Channels, s.Subscriptions = counts.Channels, counts.Subscriptions
	s.Messages.Published, s.Messages.Delivered = counts.Published, counts.Delivered
	return s, nil
}
