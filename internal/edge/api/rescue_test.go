package api

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/holdfast-dev/holdfast/internal/engine"
)

// rescuer notes who is given up.
type rescuer struct {
	lost []string
	err  error
}

func (r *rescuer) Rescue(_ context.Context, lost []string) error {
	r.lost = lost
	return r.err
}

func TestManagersGiveUpNodesByTheirNames(t *testing.T) {
	e := start(t)
	e.want(e.ask("POST", "/v1/cluster/rescue", `{"lost":["b"]}`), 409, "problem:cannot_rescue", "keeps its logs alone")
	r := &rescuer{}
	e.config.Overseen.Rescuer = r
	for _, body := range []string{`{}`, `{"lost":[]}`, `{"lost":["b",""]}`} {
		e.want(e.ask("POST", "/v1/cluster/rescue", body), 400, "name the nodes that are lost for ever")
	}
	e.want(e.ask("POST", "/v1/cluster/rescue", `{"lost":["b"]}`, "Authorization: Bearer "+e.backend), 403, "manage: true")
	if r.lost != nil {
		t.Errorf("%q were given up", r.lost)
	}
	e.want(e.ask("POST", "/v1/cluster/rescue", `{"lost":["c","b","c"]}`), 200, `{"removed":["b","c"]}`)
	if !slices.Equal(r.lost, []string{"b", "c"}) {
		t.Errorf("%q were given up", r.lost)
	}
	r.err = fmt.Errorf("%w: b is here", engine.ErrNoRescue)
	e.want(e.ask("POST", "/v1/cluster/rescue", `{"lost":["b"]}`), 409, "problem:cannot_rescue", "nothing is given up: b is here")
	r.err = errors.New("nobody answers")
	e.want(e.ask("POST", "/v1/cluster/rescue", `{"lost":["b"]}`), 503, "problem:unavailable", "not done: nobody answers")
}

func TestARescueIsAdvisedOnlyWhereTheMajorityIsMissing(t *testing.T) {
	for here, want := range map[int]bool{1: true, 2: true, 3: false} {
		a := clusterAnswer{Quorum: &quorum{Members: 4, Here: here, Needed: 3}, Nodes: []clusterNode{{Name: "c", State: gone}, {Name: "d", State: gone}}}
		a.noQuorum()
		if got := strings.Contains(a.Trouble[0].Do, "rescue --lost c,d"); got != want {
			t.Errorf("with %d of 4 nodes here: %q", here, a.Trouble[0].Do)
		}
	}
}
