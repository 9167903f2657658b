package auth

import (
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"pgregory.net/rapid"

	"github.com/holdfast-dev/holdfast/internal/channel"
)

func mustGrants(t rapid.TB, claim map[string]string, user string) Grants {
	t.Helper()
	g, err := NewGrants(claim, user)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestAGrantIsForWhatItsLettersAndItsPatternSay(t *testing.T) {
	g := mustGrants(t, map[string]string{
		"chat/#":       "rw",
		"alerts/+":     "r",
		"inbox/{user}": "r",
		"logs/#":       "w",
		"old/#":        "h",
		"stage":        "rp",
	}, "ada")
	for _, test := range []struct {
		name channel.Name
		may  string // letters of the actions, one for each
	}{
		{"chat", "swh"}, {"chat/lobby", "swh"}, {"chat/lobby/de", "swh"}, {"chatter", ""},
		{"alerts/fire", "sh"}, {"alerts", ""}, {"alerts/fire/de", ""},
		{"inbox/ada", "sh"}, {"inbox/bob", ""}, {"inbox", ""}, {"inbox/ada/x", ""}, {"inbox/{user}", ""},
		{"logs/app", "w"}, {"old/x", "h"}, {"stage", "sph"}, {"other", ""},
	} {
		for action, letter := range map[Action]string{Subscribe: "s", Publish: "w", Presence: "p", History: "h"} {
			want := strings.Contains(test.may, letter)
			if got := g.Allows(action, test.name); got != want {
				t.Errorf("%s on %s: %t, want %t", letter, test.name, got, want)
			}
		}
	}
}

func TestAPatternIsAllowedOnlyAsAWhole(t *testing.T) {
	g := mustGrants(t, map[string]string{"chat/#": "r", "a/+": "r", "b/x": "r", "b/y": "r"}, "ada")
	for pattern, want := range map[channel.Pattern]bool{
		"chat/#": true, "chat/+": true, "chat/+/x": true, "chat/lobby/#": true, "+/lobby": false, "#": false, "+": false,
		"a/+": true, "a/#": false, "a/x": true, "b/+": false, "b/x": true,
	} {
		if got := g.AllowsPattern(Subscribe, pattern); got != want {
			t.Errorf("%s: %t, want %t", pattern, got, want)
		}
		if g.AllowsPattern(Publish, pattern) {
			t.Errorf("%s may be published to", pattern)
		}
	}
}

func TestNothingIsGrantedToWhoHasNoGrants(t *testing.T) {
	var none Grants
	if !none.None() || none.Allows(Subscribe, "a") || none.AllowsPattern(Publish, "#") {
		t.Error("something is allowed")
	}
}

func TestAUsersNameNeverWidensAGrant(t *testing.T) {
	for _, user := range []string{"+", "#", "*", ">", ".", "..", "", "a/b", "a/", "/", "ada/#", "\n", strings.Repeat("a", 250)} {
		g := mustGrants(t, map[string]string{"inbox/{user}": "rw", "{user}/#": "r", "{user}": "r"}, user)
		for _, one := range g.Patterns() {
			if strings.Count(string(one), "/") > 1 || one == "#" || one == "+" {
				t.Errorf("the user %q gets %s", user, one)
			}
		}
		if g.Allows(Subscribe, "inbox/bob") || g.AllowsPattern(Subscribe, "inbox/+") || g.Allows(Subscribe, "a/b/c") {
			t.Errorf("the user %q may read what is others': %v", user, g.Claim())
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		user := rapid.OneOf(rapid.StringN(0, 20, 300), rapid.SampledFrom([]string{"+", "#", "a/b", "a/+", "{user}"})).Draw(t, "user")
		name := channel.Name("inbox/" + rapid.StringMatching(`[a-z+#{}]{1,4}(/[a-z+#]{1,3})?`).Draw(t, "name"))
		g, err := NewGrants(map[string]string{"inbox/{user}": "r"}, user)
		if err != nil { // the pattern with the name may be too long
			return
		}
		if g.Allows(Subscribe, name) && string(name) != "inbox/"+user {
			t.Fatalf("the user %q may read %q", user, name)
		}
	})
}

// somePattern draws patterns that often have to do with each other.
var somePattern = rapid.Map(rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "+"}), 1, 4), func(segments []string) string {
	return strings.Join(segments, "/")
})

var someClaim = rapid.MapOfN(
	rapid.OneOf(somePattern, rapid.Map(somePattern, func(p string) string { return p + "/#" }), rapid.Just("#")),
	rapid.StringMatching(`[rwph]{1,4}`), 0, 6)

func TestWhatIsAllowedForAPatternIsAllowedForItsChannels(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := mustGrants(t, someClaim.Draw(t, "claim"), "ada")
		p := channel.Pattern(somePattern.Draw(t, "pattern"))
		name := channel.Name(strings.ReplaceAll(somePattern.Draw(t, "name"), "+", "c"))
		action := Action(1 << rapid.IntRange(0, 3).Draw(t, "action"))
		if g.AllowsPattern(action, p) && p.Matches(name) && !g.Allows(action, name) {
			t.Fatalf("%v allows %s on %s, but not on %s", g.Claim(), action, p, name)
		}
	})
}

func TestTheShortcutOfPrefixesDecidesNothing(t *testing.T) {
	odd := rapid.Map(rapid.SliceOfN(rapid.SampledFrom([]string{"a", "a+", "+a", "a#", "#a", "+"}), 1, 3), func(segments []string) string {
		return strings.Join(segments, "/")
	})
	rapid.Check(t, func(t *rapid.T) {
		wide, narrow := odd.Draw(t, "wide"), odd.Draw(t, "narrow")
		if rapid.Bool().Draw(t, "rest") {
			wide += "/#"
		}
		g := mustGrants(t, map[string]string{wide: "r"}, "ada")
		want := channel.Pattern(wide).Covers(channel.Pattern(narrow))
		if got := g.AllowsPattern(Subscribe, channel.Pattern(narrow)); got != want {
			t.Fatalf("%s for %s: %t, want %t", wide, narrow, got, want)
		}
	})
}

func TestMoreGrantsNeverAllowLess(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		claim := someClaim.Draw(t, "claim")
		more := someClaim.Draw(t, "more")
		name := channel.Name(strings.ReplaceAll(somePattern.Draw(t, "name"), "+", "c"))
		action := Action(1 << rapid.IntRange(0, 3).Draw(t, "action"))
		before := mustGrants(t, claim, "ada").Allows(action, name)
		for pattern, letters := range more {
			claim[pattern] += letters
		}
		if before && !mustGrants(t, claim, "ada").Allows(action, name) {
			t.Fatalf("%v does not allow %s on %s any more", claim, action, name)
		}
	})
}

func TestGrantsSurviveBeingWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := mustGrants(t, someClaim.Draw(t, "claim"), "ada")
		text, err := json.Marshal(g)
		if err != nil {
			t.Fatal(err)
		}
		var again Grants
		if err := json.Unmarshal(text, &again); err != nil {
			t.Fatal(err)
		}
		if len(again.all) != len(g.all) {
			t.Fatalf("%s is read as %v", text, again.Claim())
		}
		for i := range g.all {
			if again.all[i] != g.all[i] {
				t.Fatalf("%s is read as %v", text, again.Claim())
			}
		}
	})
}

func TestTwoPatternsThatBecomeTheSameForAUserAreOne(t *testing.T) {
	g := mustGrants(t, map[string]string{"inbox/{user}": "r", "inbox/ada": "w"}, "ada")
	if !g.Allows(Subscribe|Publish, "inbox/ada") || len(g.Patterns()) != 1 {
		t.Errorf("the grants are %v", g.Claim())
	}
}

func TestGrantsOfACommandLine(t *testing.T) {
	claim, err := ParseGrants([]string{"chat/#=rw", "a=b=r", "inbox/{user}=r"})
	if err != nil || len(claim) != 3 || claim["a=b"] != "r" {
		t.Errorf("got %v, %v", claim, err)
	}
	for list, want := range map[string]string{
		"chat/#":    `"chat/#" has no letters; write PATTERN=LETTERS, as in "chat/#=rw"`,
		"a=r a=w":   `there are two grants for "a"; write one with all letters`,
		"a/#/b=r":   `channel pattern "a/#/b" has "#" before its end (segment 2); write "+" for one segment, and "#" as the last segment only`,
		"a=rx":      `the grant for "a": "rx" is not understood; write r (subscribe, and history), w (publish), p (presence) or h (history alone)`,
		"=r":        `the channel pattern is empty; give it at least one segment, as in "chat/+", or "#" for every channel`,
		"x{user}=r": "",
	} {
		_, err := ParseGrants(strings.Fields(list))
		if got := text(err); got != want {
			t.Errorf("%s says\n  %s\nwant\n  %s", list, got, want)
		}
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func BenchmarkAllows(b *testing.B) {
	few := must(NewGrants(map[string]string{"chat/#": "rw", "alerts/+": "r", "inbox/{user}": "r", "stage": "rp"}, "ada"))
	claim := map[string]string{}
	for i := range 32 {
		claim["rooms/"+string(rune('a'+i%26))+string(rune('a'+i/26))+"/+"] = "rw"
	}
	many := must(NewGrants(claim, "ada"))
	for name, test := range map[string]struct {
		g    Grants
		name channel.Name
	}{
		"4 grants, allowed": {few, "inbox/ada"},
		"4 grants, refused": {few, "inbox/bob"},
		"32 grants, last":   {many, "rooms/zz/lobby"},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				test.g.Allows(Subscribe, test.name)
			}
		})
	}
}
