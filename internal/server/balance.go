package server

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/holdfast-dev/holdfast/internal/cluster"
	"github.com/holdfast-dev/holdfast/internal/edge/api"
	"github.com/holdfast-dev/holdfast/internal/session"
	"github.com/holdfast-dev/holdfast/protocol"
)

// What nodes ask each other about their clients.
const (
	drainTopic   = "server.drain"
	balanceTopic = "server.balance"
)

// tolerance is how far above the mean a node may be, as a part of it, and keep its clients.
const tolerance = 0.05

type drainOrder struct {
	Undo bool `json:"undo"`
}

// balanceOrder asks a node to let some clients go.
type balanceOrder struct {
	Clients int             `json:"clients"`
	Millis  int64           `json:"millis"` // over which they are spread
	Close   bool            `json:"close"`  // those that can't be asked as well
	To      []balanceTarget `json:"to"`
}

type balanceTarget struct {
	Endpoints []string `json:"endpoints"`
	Clients   int      `json:"clients"` // that are to go there
}

// answerMoving takes what other nodes ask about the clients of this one. It is called before the cluster starts.
func (s *Server) answerMoving() {
	s.cluster.Answer(drainTopic, func(_ context.Context, _ string, body []byte) ([]byte, error) {
		var order drainOrder
		if err := json.Unmarshal(body, &order); err != nil {
			return nil, err
		}
		if order.Undo {
			return nil, s.Undrain()
		}
		_, err := s.beginDrain(protocol.WhyDrain)
		return nil, err
	})
	s.cluster.Answer(balanceTopic, func(_ context.Context, _ string, body []byte) ([]byte, error) {
		var order balanceOrder
		if err := json.Unmarshal(body, &order); err != nil {
			return nil, err
		}
		return nil, s.letGo(&order)
	})
}

// DrainNode implements api.Mover.
func (s *Server) DrainNode(ctx context.Context, name string, undo bool) (cluster.Node, error) {
	n := s.cluster.Self()
	if name != "" {
		nodes := s.cluster.Nodes()
		i := slices.IndexFunc(nodes, func(n cluster.Node) bool { return n.Name == name || n.ID == name })
		if i < 0 {
			return n, fmt.Errorf("%w: %.60q", api.ErrNoNode, name)
		}
		n = nodes[i]
	}
	if !undo && !slices.ContainsFunc(s.cluster.Nodes(), func(other cluster.Node) bool { return other.ID != n.ID && other.State == cluster.Ready }) {
		return n, fmt.Errorf("%w: %w", api.ErrNotNow, ErrAlone)
	}
	body, err := json.Marshal(drainOrder{undo})
	if err != nil {
		return n, err
	}
	if _, err = s.cluster.Ask(ctx, n.ID, drainTopic, body); err != nil {
		err = fmt.Errorf("%w: %w", api.ErrNotNow, err)
	}
	return n, err
}

// Rebalance implements api.Mover: each node that has more than its share, by more than a twentieth, lets the surplus go to
// those that have less. It returns when all have begun.
func (s *Server) Rebalance(ctx context.Context, all bool) ([]api.Move, time.Duration, error) {
	nodes := slices.DeleteFunc(s.cluster.Nodes(), func(n cluster.Node) bool { return n.State != cluster.Ready })
	orders := balance(nodes)
	over := s.config.Drain
	for _, order := range orders {
		over = max(over, s.takes(order.Clients*len(orders)))
	}
	var moves []api.Move
	var failed []error
	for _, n := range nodes {
		order := orders[n.ID]
		if order == nil {
			continue
		}
		order.Millis, order.Close = over.Milliseconds(), all
		body, err := json.Marshal(order)
		if err == nil {
			_, err = s.cluster.Ask(ctx, n.ID, balanceTopic, body)
		}
		if err != nil {
			s.config.Log.Warn("a node does not let its surplus of clients go", "node", n.Name, "error", err)
			failed = append(failed, fmt.Errorf("%s: %w", n.Name, err))
			continue
		}
		moves = append(moves, api.Move{Node: n.Name, Clients: order.Clients})
	}
	return moves, over, errors.Join(failed...)
}

// balance tells which nodes are to let how many clients go where, so that all have about as many.
func balance(nodes []cluster.Node) map[string]*balanceOrder {
	total := 0
	for _, n := range nodes {
		total += n.Connections
	}
	if len(nodes) == 0 {
		return nil
	}
	mean := float64(total) / float64(len(nodes))
	most := int(mean * (1 + tolerance))
	fair := total / len(nodes)
	type room struct {
		node cluster.Node
		left int
	}
	var rooms []room
	for _, n := range nodes {
		if n.Connections < fair {
			rooms = append(rooms, room{n, fair - n.Connections})
		}
	}
	slices.SortFunc(rooms, func(a, b room) int { return cmp.Compare(b.left, a.left) })
	orders := map[string]*balanceOrder{}
	for _, n := range nodes {
		if n.Connections <= most {
			continue
		}
		order := &balanceOrder{}
		for i := range rooms {
			if take := min(rooms[i].left, n.Connections-fair-order.Clients); take > 0 {
				rooms[i].left -= take
				order.Clients += take
				order.To = append(order.To, balanceTarget{rooms[i].node.Endpoints, take})
			}
		}
		if order.Clients > 0 {
			orders[n.ID] = order
		}
	}
	return orders
}

// letGo begins to move clients to other nodes, as another node asks.
func (s *Server) letGo(order *balanceOrder) error {
	d := s.drain
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.done != nil || d.balancing || d.context.Err() != nil {
		return errors.New("its clients are moving already; wait until they have")
	}
	d.balancing = true
	d.running.Go(func() {
		s.clients.Move(d.context, session.Moving{
			Most: order.Clients, Over: time.Duration(order.Millis) * time.Millisecond, Close: order.Close,
			Advise: func() session.Advice {
				return session.Advice{Why: protocol.WhyBalance, Reason: "other nodes have less to do; connect again", Endpoints: order.next()}
			},
		})
		d.mu.Lock()
		d.balancing = false
		d.mu.Unlock()
	})
	return nil
}

// next returns where the next client is to go: to a node by how many are still to go there, or else to the others.
func (o *balanceOrder) next() []string {
	left := 0
	for _, t := range o.To {
		left += max(0, t.Clients)
	}
	first := 0
	if left > 0 {
		for at := rand.N(left); at >= max(0, o.To[first].Clients); first++ {
			at -= max(0, o.To[first].Clients)
		}
	}
	var all []string
	for i := range o.To {
		all = append(all, o.To[(first+i)%len(o.To)].Endpoints...)
	}
	if len(o.To) > 0 {
		o.To[first].Clients--
	}
	return all
}
