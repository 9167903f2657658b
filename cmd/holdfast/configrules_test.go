package main

import (
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/internal/config"
	"github.com/holdfast-dev/holdfast/internal/policy"
)

// loaded returns the configuration that consists of rules in YAML.
func loaded(t *testing.T, rules string) *config.Config {
	t.Helper()
	c, err := config.Load(config.Options{Environ: []string{"HOLDFAST_CHANNELS=" + rules}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestARuleOfTheConfigurationArrivesWhole(t *testing.T) {
	rules, err := rulesOf(loaded(t, "[{pattern: a/#, history: {count: 1, age: 2s, bytes: 3M}, delivery: latest, slow: drop, echo: false,"+
		"max_message: 4K, retain_last: true, presence: true, rate: 5, content: {types: [image/gif], magic: [47494638]}, access: {subscribe: anyone, publish: users, presence: nobody}}]"))
	if err != nil {
		t.Fatal(err)
	}
	want := policy.Rule{
		Channels: "a/#", History: policy.History{Count: 1, Age: 2 * time.Second, Bytes: 3 << 20},
		Delivery: policy.DeliverLatest, Slow: policy.SlowDrop,
		RetainLast: true, Presence: true, MaxMessageBytes: 4 << 10, Rate: policy.Rate{PerSecond: 5, Burst: 10},
		Access: policy.Access{Subscribe: policy.Anyone, Publish: policy.Users, Presence: policy.Nobody, History: policy.Anyone},
	}
	got := *rules.For("a/b")
	content := got.Content
	if got.Content = nil; got != want || string(content.Magic[0]) != "GIF8" || content.Types[0] != "image/gif" {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestTheSchemaOfARuleIsCompiled(t *testing.T) {
	rules, err := rulesOf(loaded(t, `[{pattern: a, schema: '{"type":"string"}'}, {pattern: b}]`))
	if err != nil {
		t.Fatal(err)
	}
	if err := rules.For("a").Schema.Check([]byte("1")); err == nil || rules.For("b").Schema != nil {
		t.Errorf("got %v, and %v", err, rules.For("b").Schema)
	}
}

func TestEveryWordOfTheConfigurationHasAMeaning(t *testing.T) {
	for _, words := range []string{"delivery: all", "delivery: latest", "slow: drop", "slow: disconnect", "slow: catch-up"} {
		if _, err := rulesOf(loaded(t, "[{pattern: a, history: {count: 1}, "+words+"}]")); err != nil {
			t.Errorf("%s: %v", words, err)
		}
	}
}

func TestTheRulesOfDevelopmentModeAreGood(t *testing.T) {
	for _, largest := range []string{"1", "1MiB", "1GiB"} {
		c, err := config.Load(config.Options{Development: true, Flags: map[string]any{"limits.max_message": largest}})
		if err != nil {
			t.Fatal(err)
		}
		rules, err := rulesOf(c)
		if err != nil {
			t.Fatal(err)
		}
		lobby := rules.For("chat/lobby")
		if lobby.History != (policy.History{Count: 1000, Age: 24 * time.Hour}) || lobby.Slow != policy.SlowCatchUp || !lobby.Presence || !lobby.Echo {
			t.Errorf("the lobby's rule is %+v", lobby)
		}
		everything := policy.Default()
		everything.Access = policy.Open
		if other := rules.For("cursors"); *other != everything {
			t.Errorf("the rule of other channels is %+v", other)
		}
	}
}
