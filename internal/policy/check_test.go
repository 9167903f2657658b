package policy

import (
	"errors"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/internal/schema"
)

func TestARuleThatContradictsItselfIsRefusedWithWhatToDo(t *testing.T) {
	for want, change := range map[string]func(r *Rule){
		`the rule at 0: it has no pattern; say which channels it is for, as in "chat/#"`: func(r *Rule) { r.Channels = "" },
		"the rule for chat/#: slow subscribers can catch up only from history; give it history, or use slow drop or disconnect": func(r *Rule) {
			r.Slow = SlowCatchUp
		},
		"the rule for chat/#: it has a negative limit; use 0 for no limit": func(r *Rule) { r.History.Age = -time.Hour },
		"the rule for chat/#: its history of 100 bytes can't hold one message of 1000 bytes; keep more, or allow less": func(r *Rule) {
			r.History.Bytes, r.MaxMessageBytes = 100, 1000
		},
		"the rule for chat/#: it has a schema, so its messages are text, and a content, so they are binary; leave one of them out": func(r *Rule) {
			r.Schema, r.Content = new(schema.Schema), new(Content)
		},
		`the rule for chat/#: there is no delivery "some"; use all or latest`: func(r *Rule) { r.Delivery = "some" },
		`the rule for chat/#: there is no way "" to treat slow subscribers; use drop, disconnect or catch-up`: func(r *Rule) {
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
	want := "the rule for chat/lobby: it never applies, because the rule for chat/# comes first and selects all its channels; move it up, or remove it\n" +
		"the rule for a: it never applies, because the rule for a comes first and selects all its channels; move it up, or remove it"
	if err == nil || err.Error() != want {
		t.Errorf("NewRules says\n%v\nwant\n%s", err, want)
	}
	if all, ok := errors.AsType[Errors](err); !ok || all[0].Index != 2 || all[1].Index != 3 {
		t.Errorf("the errors are %v, want them about the rules at 2 and 3", all)
	}
}

func TestARuleForEveryChannelTakesThePlaceOfTheDefault(t *testing.T) {
	r := rule("#")
	r.Presence = true
	rules := mustRules(t, rule("chat/#"), r)
	if got := rules.For("anything"); !got.Presence {
		t.Errorf("the rule is %+v", got)
	}
	if got := patterns(rules.All()); got != "chat/# #" {
		t.Errorf("the rules are %s", got)
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
