package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/holdfast-dev/holdfast/internal/cluster"
)

// Mover has clients go from one node to another.
type Mover interface {
	// DrainNode begins to empty a node, by its name or id, "" for this one; or takes that back. The error may be ErrNoNode
	// or ErrNotNow.
	DrainNode(ctx context.Context, name string, undo bool) (cluster.Node, error)
	// Rebalance begins to share clients out among the nodes; all also those that can't be asked to move, who are
	// disconnected. It returns who lets go of how many, and over which time.
	Rebalance(ctx context.Context, all bool) ([]Move, time.Duration, error)
}

// Why clients can't be moved.
var (
	ErrNoNode = errors.New("there is no such node")
	ErrNotNow = errors.New("not now")
)

// Move is how many clients leave a node.
type Move struct {
	Node    string `json:"node"` // its name
	Clients int    `json:"clients"`
}

type drainRequest struct {
	Node string `json:"node"` // its name or id; this one, if it is left out
	Undo bool   `json:"undo"` // it takes clients again
}

type drained struct {
	Node  string        `json:"node"` // its name
	State cluster.State `json:"state"`
}

// drain empties a node, or takes that back.
func (h *Handler) drain(c *call) (any, error) {
	r, err := decode[drainRequest](c)
	if err != nil {
		return nil, err
	}
	n, err := h.config.Mover.DrainNode(c.ctx, r.Node, r.Undo)
	switch {
	case errors.Is(err, ErrNoNode):
		return nil, refusal("no_node", http.StatusNotFound, "%w", err)
	case errors.Is(err, ErrNotNow):
		return nil, refusal("cannot_move", http.StatusConflict, "%w", err)
	case err != nil:
		return nil, err
	}
	state := cluster.Draining
	if r.Undo {
		state = cluster.Ready
	}
	return &drained{n.Name, state}, nil
}

type rebalanceRequest struct {
	All bool `json:"all"` // also clients that can't be asked to move: they are disconnected, and come back elsewhere
}

type rebalanced struct {
	Moves       []Move  `json:"moves"` // none if all have about as many
	OverSeconds float64 `json:"over_seconds"`
}

// rebalance shares clients out among the nodes.
func (h *Handler) rebalance(c *call) (any, error) {
	r, err := decode[rebalanceRequest](c)
	if err != nil {
		return nil, err
	}
	moves, over, err := h.config.Mover.Rebalance(c.ctx, r.All)
	if err != nil && len(moves) == 0 {
		return nil, refusal("cannot_move", http.StatusConflict, "%w", err)
	}
	return &rebalanced{append([]Move{}, moves...), over.Seconds()}, nil
}
