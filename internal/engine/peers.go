package engine

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// Peer is a node that belongs to the cluster for good: it counts for the majority whether it runs or not.
type Peer struct {
	ID   string
	Name string // "" while it has not been seen since this node was started
}

// is tells whether a node is meant by a name, or an id.
func (p Peer) is(name string) bool {
	return p.Name == name || p.ID == name || p.ID == peerID(name)
}

// Peers returns the nodes that belong to the cluster, as far as this one knows, by name; this one too.
func (e *Engine) Peers() []Peer {
	group, ok := e.meta()
	if !ok {
		return nil
	}
	all := []Peer{{group.ID, e.server.Name()}}
	for id, p := range group.Peers {
		all = append(all, Peer{id, p.Name})
	}
	slices.SortFunc(all, func(a, b Peer) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	return all
}

// peerID returns what JetStream makes of a node's name, so that one is known by it that has not been seen.
func peerID(name string) string {
	const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	sum := sha256.Sum256([]byte(name))
	id := make([]byte, 8)
	for i := range id {
		id[i] = digits[int(sum[i])%len(digits)]
	}
	return string(id)
}

// removeTimeout is how long the nodes may take to agree on it.
const removeTimeout = 10 * time.Second

// ErrNoPeer says that a node does not belong to the cluster.
var ErrNoPeer = errors.New("no such node belongs to the cluster")

// Remove has a node belong to the cluster no more: it does not count for the majority, and what it keeps of logs is made anew
// on others. If it runs, it loses what it has. It is known by its id or its name. The error is ErrNoPeer, ErrNoQuorum, or what JetStream says.
func (e *Engine) Remove(ctx context.Context, node string) error {
	peers := e.Peers()
	at := slices.IndexFunc(peers, func(p Peer) bool { return p.is(node) })
	if at < 0 {
		return ErrNoPeer
	}
	if m := e.Membership(); m.Leader == "" || m.Connected+1 < m.Needed {
		return fmt.Errorf("%w is here (%d of %d, and %d are needed)", ErrNoQuorum, m.Connected+1, m.Known, m.Needed)
	}
	conn, err := e.ConnectSystem(nats.Name("holdfast remove"))
	if err != nil {
		return err
	}
	defer conn.Close()
	body, err := json.Marshal(server.JSApiMetaServerRemoveRequest{Server: peers[at].Name, Peer: peers[at].ID})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, removeTimeout)
	defer cancel()
	answer, err := conn.RequestWithContext(ctx, server.JSApiRemoveServer, body) // only the node that leads answers
	if err != nil {
		return fmt.Errorf("%w leads, so that nothing can be agreed on: %w", ErrNoQuorum, err)
	}
	var said server.JSApiMetaServerRemoveResponse
	if err := json.Unmarshal(answer.Data, &said); err != nil {
		return fmt.Errorf("the answer can't be read: %w", err)
	}
	if said.Error != nil {
		return fmt.Errorf("the node is not removed: %s", said.Error.Description)
	}
	return nil
}

// Free returns how many bytes may still be written to the disk.
func (e *Engine) Free() (uint64, error) { return e.health.free(e.dir) }
