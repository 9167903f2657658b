package api

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/holdfast-dev/holdfast/internal/cluster"
)

// What nodes ask each other, so that a request may go to any of them. Answers are made of what one node has; who was asked
// by the client puts them together. What a node does not answer is left out, and the client told which node it was.

const (
	// nodeTimeout is how long a node is waited for.
	nodeTimeout = 3 * time.Second
	// maxPartBytes is about how much of a list a node answers at a time: it has to fit cluster.MaxBodyBytes.
	maxPartBytes = cluster.MaxBodyBytes / 2
)

// partial says which nodes have not answered. It is a part of answers to which every node contributes.
type partial struct {
	Unanswered []string `json:"unanswered,omitzero"` // names of nodes
}

// passes tells whether the same request may be answered otherwise later.
func (p *partial) passes() bool { return len(p.Unanswered) > 0 }

// misses notes that a node has not answered.
func (p *partial) misses(n cluster.Node) { p.add(partial{[]string{n.Name}}) }

// add notes what other has noted.
func (p *partial) add(other partial) {
	for _, name := range other.Unanswered {
		if !slices.Contains(p.Unanswered, name) {
			p.Unanswered = append(p.Unanswered, name)
		}
	}
}

// answers has f answer what nodes ask of a topic. It is called before the cluster starts.
func answers[Q, A any](h *Handler, topic string, f func(ctx context.Context, from string, q *Q) (*A, error)) {
	h.cluster.Answer(topic, func(ctx context.Context, from string, body []byte) ([]byte, error) {
		q := new(Q)
		if err := json.Unmarshal(body, q); err != nil {
			return nil, fmt.Errorf("the question can't be read: %w", err)
		}
		a, err := f(ctx, from, q)
		if err != nil {
			return nil, err
		}
		return json.Marshal(a)
	})
}

// ask asks one node, which may be this one.
func ask[A any](ctx context.Context, h *Handler, node, topic string, q any) (*A, error) {
	ctx, cancel := context.WithTimeout(ctx, nodeTimeout)
	defer cancel()
	body, err := json.Marshal(q)
	if err != nil {
		return nil, err
	}
	answer, err := h.cluster.Ask(ctx, node, topic, body)
	if err != nil {
		return nil, err
	}
	a := new(A)
	if err := json.Unmarshal(answer, a); err != nil {
		return nil, fmt.Errorf("the answer of the node can't be read: %w", err)
	}
	return a, nil
}

// share is what a node has contributed.
type share[A any] struct {
	node   cluster.Node
	answer *A
}

// askAll asks all nodes at the same time, this one too. One that is not there any more has nothing to say.
func askAll[A any](ctx context.Context, h *Handler, topic string, q any) (all []share[A], missing partial) {
	nodes := h.nodes()
	found := make([]*A, len(nodes))
	failed := make([]error, len(nodes))
	var asking sync.WaitGroup
	for i, n := range nodes {
		asking.Go(func() { found[i], failed[i] = ask[A](ctx, h, n.ID, topic, q) })
	}
	asking.Wait()
	for i, n := range nodes {
		if failed[i] == nil {
			all = append(all, share[A]{n, found[i]})
		} else if _, alive := h.cluster.Node(n.ID); alive {
			missing.misses(n)
		}
	}
	return all, missing
}

// nodes returns those that are alive in the order of their ids, which every node sees alike.
func (h *Handler) nodes() []cluster.Node {
	return slices.SortedFunc(slices.Values(h.cluster.Nodes()), func(a, b cluster.Node) int { return cmp.Compare(a.ID, b.ID) })
}

// nodeOf returns the id of the node that a connection is or was on, "" if the id is none of a connection.
func nodeOf(connection string) string {
	node, _, _ := strings.Cut(connection, "-")
	return node
}
