package policy

import (
	"fmt"
	"strconv"
	"strings"
)

// RuleError says what is wrong with one of several rules.
type RuleError struct {
	Index   int    // of the rule, from 0
	Rule    string // what to call it: "the rule for chat/#"
	Problem string // what is wrong with it and what to do
}

func (e *RuleError) Error() string { return e.Rule + ": " + e.Problem }

// Errors is everything that is wrong with rules, at least one thing, in their order.
type Errors []*RuleError

// Error returns a line for each problem.
func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, one := range e {
		lines[i] = one.Error()
	}
	return strings.Join(lines, "\n")
}

// describe returns what to call the rule at index.
func describe(index int, r *Rule) string {
	if r.Channels == "" {
		return "the rule at " + strconv.Itoa(index)
	}
	return "the rule for " + r.Name()
}

// check returns [Errors], or nil.
func check(rules []*Rule) error {
	var errs Errors
	for i, r := range rules {
		wrong := func(format string, args ...any) {
			errs = append(errs, &RuleError{Index: i, Rule: describe(i, r), Problem: fmt.Sprintf(format, args...)})
		}
		r.check(wrong)
		for j, earlier := range rules[:i] {
			if earlier.Channels.Covers(r.Channels) {
				wrong("it never applies, because %s comes first and selects all its channels; move it up, or remove it", describe(j, earlier))
				break
			}
		}
	}
	if len(errs) > 0 {
		return errs
	}
	return nil
}

// check calls wrong with each problem of the rule alone.
func (r *Rule) check(wrong func(format string, args ...any)) {
	switch {
	case r.Channels == "":
		wrong(`it has no pattern; say which channels it is for, as in "chat/#"`)
	case r.History.Count < 0 || r.History.Age < 0 || r.History.Bytes < 0 || r.MaxMessageBytes < 0 || r.Rate.PerSecond < 0 || r.Rate.Burst < 0:
		wrong("it has a negative limit; use 0 for no limit")
	case r.History.Bytes > 0 && r.History.Bytes < r.MaxMessageBytes:
		wrong("its history of %d bytes can't hold one message of %d bytes; keep more, or allow less", r.History.Bytes, r.MaxMessageBytes)
	}
	if r.Schema != nil && r.Content != nil {
		wrong("it has a schema, so its messages are text, and a content, so they are binary; leave one of them out")
	}
	switch r.Delivery {
	case DeliverAll, DeliverLatest:
	default:
		wrong("there is no delivery %q; use %s or %s", string(r.Delivery), DeliverAll, DeliverLatest)
	}
	for _, who := range []Who{r.Access.Subscribe, r.Access.Publish, r.Access.Presence, r.Access.History} {
		switch who {
		case Anyone, Users, Granted, Nobody, "":
		default:
			wrong("there is no circle %q of clients; use %s, %s, %s or %s", string(who), Anyone, Users, Granted, Nobody)
		}
		if who == Anyone && r.Owner > 0 {
			wrong("its channels belong to a user each, and who is not known owns none; use %s instead of %s", Users, Anyone)
		}
	}
	switch r.Slow {
	case SlowDrop, SlowDisconnect:
	case SlowCatchUp:
		if !r.History.Kept() {
			wrong("slow subscribers can catch up only from history; give it history, or use slow %s or %s", SlowDrop, SlowDisconnect)
		}
	default:
		wrong("there is no way %q to treat slow subscribers; use %s, %s or %s", string(r.Slow), SlowDrop, SlowDisconnect, SlowCatchUp)
	}
}
