package figures

import (
	"time"

	"github.com/holdfast-dev/holdfast/test/storm/record"
)

// sdk is what became of one client of an SDK.
type sdk struct {
	kind    string
	joined  map[string]bool // channels and patterns
	changes []record.Record
}

func (s *sdk) join(r *record.Record) {
	if s.joined == nil {
		s.joined = map[string]bool{}
	}
	s.kind, s.joined[r.Channel] = r.Kind, true
}

func (s *sdk) change(r *record.Record) { s.changes = append(s.changes, *r) }

// noticed is how soon a client in TypeScript, which does not tell to which node it is connected, notices that its node
// was killed: the connection is reset.
const noticed = 2 * time.Second

// back returns how long clients took that were at a node which was killed.
func (m *measure) back() (all []time.Duration) {
	for _, f := range m.faults {
		if !isKill(f.Kind) {
			continue
		}
		for _, s := range m.clients {
			if s.kind != record.Go && s.kind != record.TypeScript || !s.hit(&f) {
				continue
			}
			if at, is := s.live(f.At); is {
				all = append(all, at.Sub(f.At))
			}
		}
	}
	return all
}

// hit tells whether the client was at the node of a fault.
func (s *sdk) hit(f *record.Record) bool {
	at := ""
	for _, r := range s.changes {
		switch {
		case r.What != record.State:
		case r.At <= f.At:
			at = r.Node
		case s.kind == record.TypeScript:
			return r.Text == "reconnecting" && r.At.Sub(f.At) < noticed
		default:
			return at == f.Node
		}
	}
	return false // it has not noticed anything
}

// node returns at which node the client was at a time.
func (s *sdk) node(at record.Time) (node string) {
	for _, r := range s.changes {
		if r.What == record.State && r.At <= at {
			node = r.Node
		}
	}
	return node
}

// live returns when all subscriptions were live again after a time.
func (s *sdk) live(since record.Time) (at record.Time, is bool) {
	left := map[string]bool{}
	for channel := range s.joined {
		left[channel] = true
	}
	for _, r := range s.changes {
		if r.What == record.Live && r.At > since && left[r.Channel] {
			delete(left, r.Channel)
			at = r.At
		}
	}
	return at, len(left) == 0
}
