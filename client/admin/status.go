package admin

import (
	"context"
	"time"
)

// Info is what the server is.
type Info struct {
	Version       string    `json:"version"`
	Node          string    `json:"node"` // this run of the node that answers
	Name          string    `json:"name"` // of the node
	Started       time.Time `json:"started"`
	UptimeSeconds int64     `json:"uptime_seconds"`
	Limits        Limits    `json:"limits"`
	Features      []string  `json:"features"` // "history", "presence", "tokens"
}

// Limits bound requests.
type Limits struct {
	BodyBytes           int64 `json:"body_bytes"`
	MessageBytes        int64 `json:"message_bytes"` // a channel's rule may allow less
	BatchMessages       int   `json:"batch_messages"`
	PublishChannels     int   `json:"publish_channels"`
	BroadcastChannels   int   `json:"broadcast_channels"`
	PageEntries         int   `json:"page_entries"`
	IDBytes             int   `json:"id_bytes"`
	IdempotencyKeyBytes int   `json:"idempotency_key_bytes"`
}

// Info asks what the server is.
func (c *Client) Info(ctx context.Context) (Info, error) {
	var i Info
	err := c.get(ctx, "/v1/info", nil, &i)
	return i, err
}

// NodeStats is what a node has to do.
type NodeStats struct {
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

// Stats is what all nodes have to do.
type Stats struct {
	NodeStats              // the sum, in the name of the node that answers; a channel with subscribers on two nodes counts twice
	Nodes      []NodeStats `json:"nodes"` // each of those that have answered
	Unanswered []string    `json:"unanswered"`
	Logs       []LogStats  `json:"logs"` // of the rules with history
}

// LogStats is how much a log keeps.
type LogStats struct {
	Channels string `json:"channels"` // the pattern of its rule
	Epoch    string `json:"epoch"`
	Messages int64  `json:"messages"`
	Bytes    int64  `json:"bytes"`
	Last     uint64 `json:"last"`  // offset of the newest message
	Error    string `json:"error"` // why nothing is known at present; "" if it is
}

// Stats asks what the nodes have to do.
func (c *Client) Stats(ctx context.Context) (Stats, error) {
	var s Stats
	err := c.get(ctx, "/v1/stats", nil, &s)
	return s, err
}
