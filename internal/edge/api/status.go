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
		Version: h.config.Version, Node: h.door.Clients.Node(), Started: h.began.UTC(), UptimeSeconds: int64(time.Since(h.began).Seconds()),
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

// nodeStats is what this node has to do.
type nodeStats struct {
	Node        string `json:"node"`
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
	Logs []logStats `json:"logs"`
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

// stats tells what this node has to do.
func (h *Handler) stats(c *call) (any, error) {
	if err := c.query.done(); err != nil {
		return nil, err
	}
	s := &nodeStats{Node: h.door.Clients.Node()}
	s.Connections.Total, s.Connections.ByEdge = h.door.Clients.Count(), h.door.Clients.Edges()
	counts := h.channels.Counts()
	s.Channels, s.Subscriptions = counts.Channels, counts.Subscriptions
	s.Messages.Published, s.Messages.Delivered = counts.Published, counts.Delivered
	ctx, cancel := context.WithTimeout(c.ctx, statsTimeout)
	defer cancel()
	for _, log := range h.channels.Logs(ctx) {
		one := logStats{Channels: log.Rule.Name(), Epoch: log.Epoch, Messages: log.Messages, Bytes: log.Bytes, Last: log.Last}
		if log.Err != nil {
			one.Error = log.Err.Error()
		}
		s.Logs = append(s.Logs, one)
	}
	return s, nil
}
