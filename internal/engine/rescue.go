package engine

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// ErrNoRescue says that the cluster is not to be rescued, or not so.
var ErrNoRescue = errors.New("nothing is given up")

// Rescue makes the nodes that are connected to this one a cluster of their own, without those that are lost for ever, by their
// names: two that come back with what they had would be a second cluster. It changes nothing, and the error is ErrNoRescue with
// more to it, while a majority is here, or if the names are not exactly those of the nodes that are not connected. After another
// error, or when the context ends, it may be called again with those that still belong to the cluster.
func (e *Engine) Rescue(ctx context.Context, lost []string) error {
	missing, here, err := e.missing()
	if err != nil {
		return err
	}
	if 2*len(here) > len(here)+len(missing) {
		return fmt.Errorf("%w: a majority of the nodes is here, %d of %d; remove those that are lost one by one", ErrNoRescue, len(here), len(here)+len(missing))
	}
	if err := compareLost(lost, missing, here); err != nil {
		return err
	}
	switch m := e.Membership(); {
	case m.Leader == "":
		if err := e.lowerQuorum(ctx, len(here)/2+1); err != nil {
			return err
		}
	case m.Needed > len(here):
		return fmt.Errorf("%w: a moment ago %s led the nodes; wait some seconds, and see whether it does again", ErrNoRescue, m.Leader)
	}
	if err := e.AwaitQuorum(ctx); err != nil {
		return err
	}
	for _, p := range missing {
		if err := e.removeInTurn(ctx, p.ID); err != nil {
			return err
		}
	}
	return nil
}

// missing returns the nodes that belong to the cluster and are not connected to this one, and those that are, with this one.
func (e *Engine) missing() (missing, here []Peer, err error) {
	connected := map[string]bool{e.server.Name(): true}
	routes, err := e.server.Routez(nil)
	if err != nil {
		return nil, nil, fmt.Errorf("the connections to other nodes can't be seen: %w", err)
	}
	for _, r := range routes.Routes {
		connected[r.RemoteName] = true
	}
	for _, p := range e.Peers() {
		if connected[p.Name] {
			here = append(here, p)
		} else {
			missing = append(missing, p)
		}
	}
	return missing, here, nil
}

// compareLost says what is wrong with the names of nodes that are given up.
func compareLost(lost []string, missing, here []Peer) error {
	for _, name := range lost {
		if slices.ContainsFunc(here, func(p Peer) bool { return p.is(name) }) {
			return fmt.Errorf("%w: %.64q is here, connected with those that are left; if it does not come to itself, stop it first", ErrNoRescue, name)
		}
		if !slices.ContainsFunc(missing, func(p Peer) bool { return p.is(name) }) {
			return fmt.Errorf("%w: no node %.64q belongs to the cluster", ErrNoRescue, name)
		}
	}
	for _, p := range missing {
		if !slices.ContainsFunc(lost, p.is) {
			return fmt.Errorf("%w: %q is not connected either; start it again, or name it too if it is lost for ever", ErrNoRescue, cmp.Or(p.Name, p.ID))
		}
	}
	return nil
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
