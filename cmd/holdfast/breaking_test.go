package main

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/holdfast-dev/holdfast/internal/channel"
)

func TestWhatAConfigurationRefusesAndItsPredecessorDidNotIsTold(t *testing.T) {
	for _, test := range []struct {
		old, next string // rules
		want      []string
	}{
		{"[]", "[]", nil},
		{"[{pattern: a}]", "[]", nil},
		{"[]", "[{pattern: a, access: {publish: users}}]", nil},
		{"[{pattern: chat/#, access: {subscribe: anyone, publish: users}}]", "[{pattern: chat/#, access: {subscribe: users, publish: anyone}}]", []string{
			"chat/#: access.subscribe was for anyone, and is for all users now",
			"chat/#: access.history was for anyone, and is for all users now",
		}},
		{"[{pattern: chat/#, access: {publish: users}}]", "[]", []string{"chat/# (now by the rule #): access.publish was for all users, and is for who has a grant now"}},
		{"[{pattern: chat/#, access: {publish: users}}]", "[{pattern: chat/lobby, access: {publish: nobody}}, {pattern: chat/#, access: {publish: users}}]", []string{
			"chat/# (now by the rule chat/lobby): access.publish was for all users, and is for nobody now",
		}},
		{"[{pattern: +/x, access: {publish: users}}]", "[{pattern: '+/{user}', access: {publish: users}}]", []string{"+/x (now by the rule +/{user}): access.publish was for all users, and is for the owner of the channel now"}},
		{"[{pattern: 'a/{user}/+', access: {publish: users}}]", "[{pattern: 'a/+/{user}', access: {publish: users}}]", []string{
			"a/{user}/+ (now by the rule a/+/{user}): access.publish: the owner of the channel is another one now",
		}},
		// What an earlier rule takes is not compared with a later one.
		{"[{pattern: a/b}, {pattern: a/#, presence: true}]", "[{pattern: a/b}, {pattern: a/#, presence: true}]", nil},
		{"[{pattern: a/b, rate: 5, max_message: 1K}, {pattern: a/#}]", "[{pattern: a/b, rate: 4, max_message: 1000}, {pattern: a/#, rate: 10}]", []string{
			"a/b: max_message was 1KiB, and is 1000 now",
			"a/b: rate was 5, and is 4 now",
			"a/#: rate was not limited, and is 10 now",
		}},
		{"[{pattern: a, rate: 5}]", "[{pattern: a}]", nil},
		{"[{pattern: a, presence: true, history: {count: 5, age: 1h, bytes: 1G}}]", "[{pattern: a, history: {count: 4, age: 1m, bytes: 2G}}]", []string{
			"a: there is no presence any more", "a: history.count was 5, and is 4 now", "a: history.age was 1h, and is 1m now",
		}},
		{"[{pattern: a, history: {count: 5}}]", "[{pattern: a}]", []string{"a: nothing is kept any more"}},
		{"[{pattern: a}]", "[{pattern: a, content: {types: [image/png]}}]", []string{"a: messages have to be binary now, as content says", "a: content.types allows less"}},
		{"[{pattern: a, content: {types: [image/png], magic: [8950]}}]", "[{pattern: a, content: {types: [image/gif, image/png], magic: [89, 47]}}]", nil},
		{"[{pattern: a, content: {types: [image/png], magic: [89]}}]", "[{pattern: a, content: {types: [image/png], magic: [8950]}}]", []string{"a: content.magic allows less"}},
		{"[{pattern: a}]", `[{pattern: a, schema: '{"type":"object"}'}]`, []string{"a: messages have to be JSON text now that fits the schema in the rule"}},
		{`[{pattern: a, schema: '{"maxLength":5,"oneOf":[true]}'}]`, `[{pattern: a, schema: '{"maxLength":4,"oneOf":[{}]}'}]`, []string{
			"a: the schema in the rule may refuse more: maxLength is 4 now, and was 5",
			"a: the schema in the rule can't be compared in full: oneOf has changed, and can't be compared",
		}},
		{`[{pattern: a, schema: '{"maxLength":5}'}]`, "[{pattern: a}]", nil},
	} {
		old, next := loaded(t, test.old), loaded(t, test.next)
		oldRules, err := rulesOf(old)
		if err != nil {
			t.Fatalf("%s: %v", test.old, err)
		}
		nextRules, err := rulesOf(next)
		if err != nil {
			t.Fatalf("%s: %v", test.next, err)
		}
		if got := findBreaking(old, next, oldRules, nextRules); !slices.Equal(got, test.want) {
			t.Errorf("%s → %s\n got  %q\n want %q", test.old, test.next, got, test.want)
		}
	}
}

// somePattern draws patterns that often meet.
var somePattern = rapid.Custom(func(t *rapid.T) channel.Pattern {
	var p channel.Pattern
	for i := range rapid.IntRange(1, 3).Draw(t, "segments") {
		if i > 0 {
			p += "/"
		}
		p += channel.Pattern(rapid.SampledFrom([]string{"a", "b", "+"}).Draw(t, "segment"))
	}
	return p + channel.Pattern(rapid.SampledFrom([]string{"", "/#"}).Draw(t, "end"))
})

func TestAnIntersectionSelectsWhatBothSelect(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, q := somePattern.Draw(t, "p"), somePattern.Draw(t, "q")
		both, meet := intersect(p, q)
		for _, name := range []channel.Name{"a", "b", "a/a", "a/b", "b/a", "b/b", "a/a/a", "a/b/a", "b/b/b", "a/a/a/a", "b/a/b/a"} {
			if got, want := meet && both.Matches(name), p.Matches(name) && q.Matches(name); got != want {
				t.Fatalf("%s and %s meet in %q (%v), which selects %s: %v", p, q, both, meet, name, got)
			}
		}
	})
}
