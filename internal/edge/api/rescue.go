package api

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/engine"
)

// Rescuer makes what is left of a cluster one of its own: see [broker.Broker.Rescue].
type Rescuer interface {
	Rescue(ctx context.Context, lost []string) error
}

type rescueRequest struct {
	Lost []string `json:"lost"` // names of the nodes that are given up
}

type rescued struct {
	Removed []string `json:"removed"`
}

// rescue gives up the nodes that are lost for ever, where they are the majority.
func (h *Handler) rescue(c *call) (any, error) {
	r, err := decode[rescueRequest](c)
	switch {
	case err != nil:
		return nil, err
	case len(r.Lost) == 0 || slices.Contains(r.Lost, ""):
		return nil, badRequest("name the nodes that are lost for ever, all that /v1/cluster tells to be gone, in lost")
	case h.config.Overseen.Rescuer == nil:
		return nil, refusal("cannot_rescue", http.StatusConflict, "%w", broker.ErrNoCluster)
	}
	slices.Sort(r.Lost)
	r.Lost = slices.Compact(r.Lost)
	err = h.config.Overseen.Rescuer.Rescue(c.ctx, r.Lost)
	switch {
	case err == nil:
		return &rescued{r.Lost}, nil
	case errors.Is(err, engine.ErrNoRescue), errors.Is(err, broker.ErrNoCluster):
		return nil, refusal("cannot_rescue", http.StatusConflict, "%w", err)
	}
	return nil, refusal("unavailable", http.StatusServiceUnavailable, "the rescue has begun, and is not done: %w; see /v1/cluster, and ask again with those that are gone still", err)
}
