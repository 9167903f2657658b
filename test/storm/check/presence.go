package check

import (
	"slices"
	"time"

	"github.com/holdfast-dev/holdfast/test/storm/record"
)

// checkPresence compares rosters with who was there.
func (m *model) checkPresence(v *Verdict, b Bounds) {
	for _, r := range m.rosters {
		if m.troubled(&r, b) && !r.Final {
			continue // it may tell what was when it was stopped, or cut off
		}
		v.Rosters++
		for _, name := range r.Names {
			if m.mustBeGone(name, &r) {
				v.add(Ghost, name, r.Channel, "%s tells %s that it is present, %.1f s after it had to be gone", r.Node, r.Who, m.gone(name, &r).Seconds())
			}
		}
		if r.Final {
			m.checkAbsent(v, &r)
		}
	}
}

// troubled tells whether a node had a fault a moment before.
func (m *model) troubled(r *record.Record, b Bounds) bool {
	return slices.ContainsFunc(m.faults, func(f record.Record) bool {
		return f.Node == r.Node && f.At <= r.At && r.At <= f.Until.After(b.Presence)
	})
}

// last returns the last that is known of somebody at the time of a roster.
func (m *model) last(name string, r *record.Record) (p presence, known bool) {
	for _, q := range m.people[[2]string{name, r.Channel}] {
		if q.at <= r.At && (!known || q.at >= p.at) {
			p, known = q, true
		}
	}
	return p, known
}

// mustBeGone tells whether somebody may not be present. Who is not known yet may be: it is written down a moment later.
func (m *model) mustBeGone(name string, r *record.Record) bool {
	if len(m.people[[2]string{name, r.Channel}]) == 0 {
		return true
	}
	p, known := m.last(name, r)
	return known && p.what == record.Gone
}

// gone returns for how long somebody had to be gone.
func (m *model) gone(name string, r *record.Record) time.Duration {
	p, _ := m.last(name, r)
	return r.At.Sub(p.at)
}

func (m *model) checkAbsent(v *Verdict, r *record.Record) {
	for _, key := range sortedPairs(m.people) {
		if key[1] != r.Channel {
			continue
		}
		if p, known := m.last(key[0], r); known && p.what == record.Here && !slices.Contains(r.Names, key[0]) {
			v.add(Absent, key[0], r.Channel, "%s does not tell %s that it is present", r.Node, r.Who)
		}
	}
}

// checkUsage compares what nodes use in the end with what they used before anybody came.
func (m *model) checkUsage(v *Verdict, b Bounds) {
	before := map[string]record.Record{}
	for _, u := range m.usage {
		first, there := before[u.Node]
		switch {
		case !there:
			before[u.Node] = u
		case u.Final:
			grown := func(what string, from, to, allowed int64) {
				if to > from+allowed {
					v.add(Leak, u.Node, "", "%s: %d before, %d after everybody has left", what, from, to)
				}
			}
			grown("files", int64(first.Files), int64(u.Files), int64(b.Files))
			grown("goroutines", int64(first.Goroutines), int64(u.Goroutines), int64(b.Goroutines))
			grown("bytes of heap", first.HeapBytes, u.HeapBytes, b.HeapBytes)
		}
	}
}
