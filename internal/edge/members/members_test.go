package members

import (
	"context"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// guest leaves when it is told to go.
type guest struct {
	set    *Set
	reason chan string
}

func (g *guest) GoAway(_ context.Context, reason string) {
	g.reason <- reason
	g.set.Leave(g)
}

func TestCloseHasEveryMemberGoAndLetsNobodyIn(t *testing.T) {
	var s Set
	early := &guest{&s, make(chan string, 1)}
	if !s.Enter(early) {
		t.Fatal("not let in")
	}
	stays, gone := &guest{&s, make(chan string, 1)}, &guest{&s, make(chan string, 1)}
	if !s.Enter(stays) || !s.Enter(gone) {
		t.Fatal("not let in")
	}
	s.Leave(gone)
	s.Close(t.Context(), "the end")
	for _, g := range []*guest{early, stays} {
		if reason := <-g.reason; reason != "the end" {
			t.Errorf("told %q", reason)
		}
	}
	if len(gone.reason) > 0 {
		t.Error("one that had left was told to go")
	}
	if s.Enter(gone) {
		t.Error("let in after Close")
	}
	if reason, closing := s.Closing(); !closing || reason != "the end" {
		t.Errorf("closing %v, %q", closing, reason)
	}
}
