package api

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/internal/cluster"
)

// mover notes what is asked of it.
type mover struct {
	asked []string
	err   error
}

func (m *mover) DrainNode(_ context.Context, name string, undo bool) (cluster.Node, error) {
	m.asked = append(m.asked, fmt.Sprintf("drain %q %v", name, undo))
	return cluster.Node{Name: "b"}, m.err
}

func (m *mover) Rebalance(_ context.Context, all bool) ([]Move, time.Duration, error) {
	m.asked = append(m.asked, fmt.Sprintf("rebalance %v", all))
	if m.err != nil {
		return nil, 0, m.err
	}
	return []Move{{"b", 7}}, 1500 * time.Millisecond, nil
}

func TestManagersMoveClientsFromNodeToNode(t *testing.T) {
	e := start(t)
	m := &mover{}
	e.config.Mover = m
	e.want(e.ask("POST", "/v1/cluster/drain", `{"node":"b"}`), 200, `{"node":"b","state":"draining"}`)
	e.want(e.ask("POST", "/v1/cluster/drain", `{"undo":true}`), 200, `{"node":"b","state":"ready"}`)
	e.want(e.ask("POST", "/v1/cluster/rebalance", `{"all":true}`), 200, `{"moves":[{"node":"b","clients":7}],"over_seconds":1.5}`)
	if got := fmt.Sprint(m.asked); got != `[drain "b" false drain "" true rebalance true]` {
		t.Errorf("asked %s", got)
	}
	m.err = fmt.Errorf("%w: %q", ErrNoNode, "x")
	e.want(e.ask("POST", "/v1/cluster/drain", `{"node":"x"}`), 404, `problem:no_node`)
	m.err = fmt.Errorf("%w: nobody is there", ErrNotNow)
	e.want(e.ask("POST", "/v1/cluster/drain", `{}`), 409, `problem:cannot_move`)
	m.err = errors.New("moving already")
	e.want(e.ask("POST", "/v1/cluster/rebalance", `{}`), 409, `problem:cannot_move`)
}
