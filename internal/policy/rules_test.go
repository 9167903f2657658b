package policy

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/holdfast-dev/holdfast/internal/channel"
)

// rule returns the default rule for other channels.
func rule(pattern channel.Pattern) Rule {
	r := Default()
	r.Channels = pattern
	return r
}

func mustRules(t testing.TB, rules ...Rule) *Rules {
	t.Helper()
	s, err := NewRules(rules...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// patterns returns the patterns of rules, separated by spaces.
func patterns(rules []*Rule) string {
	var all []string
	for _, r := range rules {
		all = append(all, string(r.Channels))
	}
	return strings.Join(all, " ")
}

func TestTheFirstRuleThatMatchesApplies(t *testing.T) {
	rules := mustRules(t, rule("chat/+/secret"), rule("chat/lobby/#"), rule("+/lobby"), rule("chat/#"))
	for name, want := range map[channel.Name]channel.Pattern{
		"chat":              "chat/#",
		"chat/lobby":        "chat/lobby/#",
		"chat/lobby/secret": "chat/+/secret",
		"chat/lobby/de":     "chat/lobby/#",
		"game/lobby":        "+/lobby",
		"game/lobby/de":     "#",
		"chatter":           "#",
	} {
		if got := rules.For(name); got.Channels != want {
			t.Errorf("the rule of %q is that for %q, want %q", name, got.Channels, want)
		}
	}
}

func TestWithoutRulesEveryChannelIsEphemeral(t *testing.T) {
	got := *mustRules(t).For("chat/lobby")
	want := Rule{Channels: "#", Delivery: DeliverAll, Slow: SlowDisconnect, Echo: true}
	if got != want {
		t.Errorf("the rule is %+v, want %+v", got, want)
	}
}

func TestARetainedMessageIsAHistoryOfOne(t *testing.T) {
	r := rule("lamps/+")
	r.RetainLast = true
	if got := mustRules(t, r).For("lamps/kitchen").History; got != (History{Count: 1}) {
		t.Errorf("the history is %+v, want one message", got)
	}
	r.History = History{Age: time.Hour}
	if got := mustRules(t, r).For("lamps/kitchen").History; got != (History{Age: time.Hour}) {
		t.Errorf("a history that was asked for has become %+v", got)
	}
}

func TestRulesAreCopied(t *testing.T) {
	given := []Rule{rule("a")}
	rules := mustRules(t, given...)
	given[0].Presence = true
	rules.All()[0] = nil
	if r := rules.For("a"); r == nil || r.Presence {
		t.Errorf("changing what was given, or taken, changed the rule to %+v", r)
	}
}

func TestTouchingNamesTheRulesOfASubscription(t *testing.T) {
	rules := mustRules(t, rule("chat/secret/#"), rule("chat/+"), rule("sensors/+/temp"), rule("chat/#"))
	for pattern, want := range map[channel.Pattern]string{
		"chat/secret/a": "chat/secret/#",
		"chat/lobby":    "chat/+",
		"chat/#":        "chat/secret/# chat/+ chat/#",
		"+/+":           "chat/secret/# chat/+ chat/# #",
		"sensors/#":     "sensors/+/temp #",
		"sensors/+/+":   "sensors/+/temp #",
		"#":             "chat/secret/# chat/+ sensors/+/temp chat/# #",
		"other":         "#",
	} {
		if got := patterns(rules.Touching(pattern)); got != want {
			t.Errorf("%q touches the rules %s, want %s", pattern, got, want)
		}
	}
}

// somePattern draws patterns over an alphabet so small that they often meet.
var somePattern = rapid.Custom(func(t *rapid.T) channel.Pattern {
	segments := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "+"}), 1, 4).Draw(t, "segments")
	if rapid.Bool().Draw(t, "open") {
		segments = append(segments, "#")
	}
	return channel.Pattern(strings.Join(segments, "/"))
})

func TestTheIndexAgreesWithTryingOneRuleAfterTheOther(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var list []Rule
		for _, p := range rapid.SliceOfN(somePattern, 0, 12).Draw(t, "patterns") {
			if _, err := NewRules(append(list, rule(p))...); err == nil { // else it would never apply
				list = append(list, rule(p))
			}
		}
		rules, err := NewRules(list...)
		if err != nil {
			t.Fatal(err)
		}
		subscription := somePattern.Draw(t, "subscription")
		touching := map[*Rule]bool{}
		for _, r := range rules.Touching(subscription) {
			touching[r] = true
		}
		for range 20 {
			name := channel.Name(strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c"}), 1, 6).Draw(t, "name"), "/"))
			var want channel.Pattern = "#"
			for _, r := range list {
				if r.Channels.Matches(name) {
					want = r.Channels
					break
				}
			}
			got := rules.For(name)
			if got.Channels != want {
				t.Fatalf("the rule of %q is that for %q, want %q", name, got.Channels, want)
			}
			if subscription.Matches(name) && !touching[got] {
				t.Fatalf("the subscription %q gets %q, but does not touch its rule %q", subscription, name, want)
			}
		}
	})
}

func TestFindingARuleAllocatesNothing(t *testing.T) {
	rules := mustRules(t, rule("sensors/+/temp"), rule("chat/#"))
	if got := testing.AllocsPerRun(100, func() { rules.For("sensors/kitchen/humidity") }); got != 0 {
		t.Errorf("For allocates %v times", got)
	}
}

// BenchmarkFor shows that a rule's price does not depend on how many there are.
func BenchmarkFor(b *testing.B) {
	for _, count := range []int{0, 3, 30, 300, 3000} {
		var list []Rule
		for i := range count {
			list = append(list, rule(channel.Pattern(fmt.Sprintf("tenant%d/+/events/#", i))))
		}
		rules := mustRules(b, list...)
		name := channel.Name(fmt.Sprintf("tenant%d/orders/events/new", count/2))
		b.Run(fmt.Sprint(count, " rules"), func(b *testing.B) {
			for b.Loop() {
				rules.For(name)
			}
		})
	}
}

// BenchmarkTouching shows what a subscription to a pattern pays for each rule.
func BenchmarkTouching(b *testing.B) {
	for _, count := range []int{3, 300} {
		var list []Rule
		for i := range count {
			list = append(list, rule(channel.Pattern(fmt.Sprintf("tenant%d/+/events/#", i))))
		}
		rules := mustRules(b, list...)
		b.Run(fmt.Sprint(count, " rules"), func(b *testing.B) {
			for b.Loop() {
				rules.Touching("tenant2/orders/#")
			}
		})
	}
}
