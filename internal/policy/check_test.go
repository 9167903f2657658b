package policy

import (
	"errors"
	"testing"
	"time"
)

func TestARuleThatContradictsItselfIsRefusedWithWhatToDo(t *testing.T) {
	for want, change := range map[string]func(r *Rule){
		`rule 1 (): it has no pattern; say which channels it is for, as in "chat/#"`: func(r *Rule) { r.Channels = "" },
		"rule 1 (chat/#): slow subscribers can catch up only from history; give it history, or use slow drop or disconnect": func(r *Rule) {
			r.Slow = SlowCatchUp
		},
		"rule 1 (chat/#): it has a negative limit; use 0 for no limit": func(r *Rule) { r.History.Age = -time.Hour },
		"rule 1 (chat/#): its history of 100 bytes can't hold one message of 1000 bytes; keep more, or allow less": func(r *Rule) {
			r.History.Bytes, r.MaxMessageBytes = 100, 1000
		},
		`rule 1 (chat/#): there is no delivery "some"; use all or latest`: func(r *Rule) { r.Delivery = "some" },
		`rule 1 (chat/#): there is no way "" to treat slow subscribers; use drop, disconnect or catch-up`: func(r *Rule) {
			r.Slow = ""
		},
	} {
		r := rule("chat/#")
		change(&r)
		if _, err := NewRules(r); err == nil || err.Error() != want {
			t.Errorf("NewRules(%+v) says\n  %v\nwant\n  %s", r, err, want)
		}
	}
}

func TestARuleThatNeverAppliesIsRefused(t *testing.T) {
	_, err := NewRules(rule("a"), rule("chat/#"), rule("chat/lobby"), rule("a"))
	want := "rule 3 (chat/lobby): it never applies, because rule 2 (chat/#) comes first and selects all its channels; move it up, or remove it\n" +
		"rule 4 (a): it never applies, because rule 1 (a) comes first and selects all its channels; move it up, or remove it"
	if err == nil || err.Error() != want {
		t.Errorf("NewRules says\n%v\nwant\n%s", err, want)
	}
	if first, ok := errors.AsType[*RuleError](err); !ok || first.Index != 2 {
		t.Errorf("the first error is %+v, want one about the rule at 2", first)
	}
}

func TestARuleForEveryChannelTakesThePlaceOfTheDefault(t *testing.T) {
	r := rule("#")
	r.Presence = true
	if got := mustRules(t, r).For("anything"); !got.Presence {
		t.Errorf("the rule is %+v", got)
	}
}

func TestSlowSubscribersMayCatchUpFromWhateverIsKept(t *testing.T) {
	for _, history := range []History{{Count: 1}, {Age: time.Second}, {Bytes: 1}} {
		r := rule("chat/#")
		r.Slow, r.History = SlowCatchUp, history
		mustRules(t, r)
	}
	r := rule("lamps/+")
	r.Slow, r.RetainLast = SlowCatchUp, true
	mustRules(t, r)
}
