package policy

import (
	"slices"

	"github.com/holdfast-dev/holdfast/internal/channel"
)

// Rules finds the rule of a channel. It never changes, and its methods may be called from any
// goroutine.
type Rules struct {
	all    []*Rule // in order of precedence; the last one matches every channel
	index  *node
	public bool
}

// NewRules returns rules in order of precedence: the first one whose pattern matches a channel
// applies to it, and [Default] if there is none. The rules are copied.
//
// A rule that retains the last message without having history gets a history of one message. The
// error is [Errors]: rules that contradict themselves, or that can never apply because an earlier
// one selects all their channels.
func NewRules(rules ...Rule) (*Rules, error) {
	s := &Rules{index: newNode()}
	for _, r := range rules {
		if r.RetainLast && !r.History.Kept() {
			r.History.Count = 1
		}
		s.all = append(s.all, &r)
	}
	if err := check(s.all); err != nil {
		return nil, err
	}
	if n := len(s.all); n == 0 || !s.all[n-1].Channels.Covers("#") {
		last := Default()
		s.all = append(s.all, &last)
	}
	for i, r := range s.all {
		s.index.add(string(r.Channels), i)
		a := r.Access
		s.public = s.public || slices.Contains([]Who{a.Subscribe, a.Publish, a.Presence, a.History}, Anyone)
	}
	return s, nil
}

// Public tells whether there is anything that everybody may do.
func (s *Rules) Public() bool { return s.public }

// For returns the rule of a channel, always the same one. It allocates nothing, and its cost
// grows with the name's segments and not with the number of rules, except for rules that differ
// only in which of their segments are "+".
func (s *Rules) For(name channel.Name) *Rule {
	return s.all[s.index.first(string(name), len(s.all)-1)]
}

// Touching returns, in order of precedence, the rules that apply to the channels that p selects.
// It may return some that do not, when earlier rules select everything that p and such a rule have
// in common. Cost: one comparison of patterns a rule.
func (s *Rules) Touching(p channel.Pattern) []*Rule {
	var touching []*Rule
	for _, r := range s.all {
		if r.Channels.Overlaps(p) {
			touching = append(touching, r)
		}
		if r.Channels.Covers(p) {
			break
		}
	}
	return touching
}

// All returns the rules in order of precedence; the last one is for every channel, and is [Default]
// unless one that was given is.
func (s *Rules) All() []*Rule {
	return slices.Clone(s.all)
}
