package admin

import (
	"context"
	"time"
)

// Drain has the clients of a node move to the others: it stays up without any. node is its name; "" means the one that
// answers.
func (c *Client) Drain(ctx context.Context, node string) error {
	return c.drain(ctx, node, false)
}

// Undrain has a node take clients again.
func (c *Client) Undrain(ctx context.Context, node string) error {
	return c.drain(ctx, node, true)
}

func (c *Client) drain(ctx context.Context, node string, undo bool) error {
	var answer struct{}
	return c.post(ctx, "/v1/cluster/drain", struct {
		Node string `json:"node,omitempty"`
		Undo bool   `json:"undo,omitempty"`
	}{node, undo}, &answer)
}

// Balance is what is done so that all nodes have about as many clients.
type Balance struct {
	Moves []Move
	Over  time.Duration // clients are spread over it
}

// Move is how many clients leave a node.
type Move struct {
	Node    string `json:"node"` // its name
	Clients int    `json:"clients"`
}

// Rebalance shares clients out among the nodes. With all, those that can't be asked to move are disconnected, and come
// back elsewhere; otherwise they stay.
func (c *Client) Rebalance(ctx context.Context, all bool) (Balance, error) {
	var answer struct {
		Moves   []Move  `json:"moves"`
		Seconds float64 `json:"over_seconds"`
	}
	err := c.post(ctx, "/v1/cluster/rebalance", struct {
		All bool `json:"all,omitempty"`
	}{all}, &answer)
	return Balance{answer.Moves, time.Duration(answer.Seconds * float64(time.Second))}, err
}
