package broker

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"
)

// Placement is where a log is kept.
type Placement struct {
	Log      string // its name
	Messages int64
	Bytes    int64
	Wanted   int    // on how many nodes it is to be
	Leader   string // the node that takes what is appended; "" if there is none, or NATS is not one of several
	Replicas []Replica
}

// Replica is a log on a node that does not lead it.
type Replica struct {
	Node    string `json:"name"`
	Current bool   `json:"current"` // it has all that is stored
	Offline bool   `json:"offline"` // the node is not there
	Lag     uint64 `json:"lag"`     // operations that it lacks

	Active time.Duration `json:"active"` // since the leader heard from it; 0 if it never has
}

// Placements returns where all logs are kept, by name. It asks the nodes; without a majority they do not answer, and the error
// wraps ErrUnavailable.
func (b *Broker) Placements(ctx context.Context) ([]Placement, error) {
	streams, err := b.streams(ctx)
	if err != nil {
		return nil, err
	}
	var all []Placement
	for _, s := range streams {
		name, err := setting[string](s, "name")
		if err != nil {
			return nil, err
		}
		token, ours := strings.CutPrefix(name, streamPrefix)
		if !ours {
			continue // somebody else's, on an external server
		}
		p := Placement{Messages: s.State.Messages, Bytes: s.State.Bytes, Leader: s.Cluster.Leader}
		if p.Log, err = unescape(token); err != nil {
			p.Log = token
		}
		if p.Wanted, err = setting[int](s, "num_replicas"); err != nil {
			return nil, err
		}
		p.Replicas = s.Cluster.Replicas
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b Placement) int { return cmp.Compare(a.Log, b.Log) })
	return all, nil
}

// streamCluster is what JetStream says of where a stream is.
type streamCluster struct {
	Leader   string    `json:"leader"`
	Replicas []Replica `json:"replicas"`
}
