package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// Rescue makes the nodes that are connected to this one a cluster of their own, without those that are not, which must be
// lost for ever: two that come back with what they had would be a second cluster. It returns those removed. While some
// node leads it changes nothing, and fails.
func (e *Engine) Rescue(ctx context.Context) (removed []Peer, err error) {
	if e.Membership().Leader != "" {
		return nil, errors.New("a majority of the nodes is there; remove those that are lost one by one")
	}
	connected := map[string]bool{e.server.Name(): true}
	routes, err := e.server.Routez(nil)
	if err != nil {
		return nil, fmt.Errorf("the connections to other nodes can't be seen: %w", err)
	}
	for _, r := range routes.Routes {
		connected[r.RemoteName] = true
	}
	peers := e.Peers()
	for _, p := range peers {
		if !connected[p.Name] {
			removed = append(removed, p)
		}
	}
	if err := e.lowerQuorum(ctx, (len(peers)-len(removed))/2+1); err != nil {
		return nil, err
	}
	if err := e.AwaitQuorum(ctx); err != nil {
		return nil, err
	}
	for _, p := range removed {
		if err := e.removeInTurn(ctx, p.ID); err != nil {
			return nil, err
		}
	}
	return removed, nil
}

// lowerQuorum has the nodes that are connected agree by fewer votes for a while.
func (e *Engine) lowerQuorum(ctx context.Context, needed int) error {
	conn, err := e.ConnectSystem()
	if err != nil {
		return err
	}
	defer conn.Close()
	body, err := json.Marshal(server.JSApiMetaRescueRequest{QuorumNeeded: needed})
	if err != nil {
		return err
	}
	answer, err := conn.RequestWithContext(ctx, server.JSApiMetaRescue, body) // each node answers; the first says enough
	if err != nil {
		return fmt.Errorf("the nodes that are left do not answer: %w", err)
	}
	var said server.JSApiMetaRescueResponse
	if err := json.Unmarshal(answer.Data, &said); err != nil {
		return fmt.Errorf("the answer can't be read: %w", err)
	}
	if said.Error != nil {
		return fmt.Errorf("the nodes that are left could not agree: %s", said.Error.Description)
	}
	return nil
}

// removeInTurn removes a node once the one before has been, which takes a moment.
func (e *Engine) removeInTurn(ctx context.Context, id string) error {
	tick := time.NewTicker(10 * pollInterval)
	defer tick.Stop()
	for {
		err := e.Remove(ctx, id)
		if err == nil || errors.Is(err, ErrNoPeer) {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return err
		}
	}
}
