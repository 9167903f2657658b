package channel

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestAPatternSelectsAsInMQTT(t *testing.T) {
	for _, test := range []struct {
		pattern string
		selects []string
		not     []string
	}{
		{"chat/lobby", []string{"chat/lobby"}, []string{"chat", "chat/lobby/de", "chat/Lobby", "chat/lobbyists"}},
		{"chat/+", []string{"chat/lobby", "chat/$x"}, []string{"chat", "chat/lobby/de", "chatter/lobby"}},
		{"chat/#", []string{"chat", "chat/lobby", "chat/lobby/de"}, []string{"chatter", "cha", "room/chat"}},
		{"sensors/+/temp", []string{"sensors/1/temp"}, []string{"sensors/temp", "sensors/1/2/temp", "sensors/1/temp/c"}},
		{"+/+/#", []string{"a/b", "a/b/c", "a/b/c/d"}, []string{"a"}},
		{"+", []string{"a", "日本語"}, []string{"a/b"}},
		{"#", []string{"a", "a/b", "$SYS/load"}, nil},
		{"a+b/c#", []string{"a+b/c#"}, []string{"axb/c", "axb/c/d"}},
		{"", nil, []string{"a", "", "#"}},
	} {
		for _, name := range test.selects {
			if !Pattern(test.pattern).Matches(Name(name)) {
				t.Errorf("%q does not select %q", test.pattern, name)
			}
		}
		for _, name := range test.not {
			if Pattern(test.pattern).Matches(Name(name)) {
				t.Errorf("%q selects %q", test.pattern, name)
			}
		}
	}
}

func TestOnlyAPatternWithoutWildcardsIsAName(t *testing.T) {
	for pattern, want := range map[Pattern]bool{
		"chat/lobby": true, "a+b/c#": true, "+": false, "chat/+": false, "chat/#": false, "+/a": false, "#": false, "": false,
	} {
		if name, ok := pattern.IsName(); ok != want || ok && Pattern(name) != pattern {
			t.Errorf("%q.IsName() = %q, %t; want %t", pattern, name, ok, want)
		}
	}
}

func TestParsePatternSaysWhichRuleIsBrokenAndWhere(t *testing.T) {
	long := strings.Repeat("+/", 127) + "++"
	for _, test := range []struct {
		pattern string
		rule    Rule
		segment int
		offset  int
		message string
	}{
		{"", RuleEmpty, 0, 0,
			`the channel pattern is empty; give it at least one segment, as in "chat/+", or "#" for every channel`},
		{long, RuleTooLong, 0, 255,
			`channel pattern "` + long[:64] + `…" is 256 bytes long (at most 255); shorten it`},
		{"chat/#/de", RuleMiddleHash, 2, 5,
			`channel pattern "chat/#/de" has "#" before its end (segment 2); write "+" for one segment, and "#" as the last segment only`},
		{"#/#", RuleMiddleHash, 1, 0,
			`channel pattern "#/#" has "#" before its end (segment 1); write "+" for one segment, and "#" as the last segment only`},
		{"chat/*", RuleWildcard, 2, 5,
			`channel pattern "chat/*" has the segment "*" (segment 2), which is no wildcard here; write "+" for one segment, or "#" at the end for all that follow`},
		{">", RuleWildcard, 1, 0,
			`channel pattern ">" has the segment ">" (segment 1), which is no wildcard here; write "+" for one segment, or "#" at the end for all that follow`},
		{"chat//#", RuleEmptySegment, 2, 5,
			`channel pattern "chat//#" has an empty segment (segment 2); remove the extra "/"`},
		{"chat/#/", RuleMiddleHash, 2, 5,
			`channel pattern "chat/#/" has "#" before its end (segment 2); write "+" for one segment, and "#" as the last segment only`},
		{"+/", RuleEmptySegment, 2, 2,
			`channel pattern "+/" has an empty segment (segment 2); remove the trailing "/"`},
		{"+/\xff", RuleUTF8, 2, 2,
			`channel pattern "+/\xff" is not valid UTF-8 at byte 2 (segment 2); encode it as UTF-8`},
		{"+/a\n", RuleControl, 2, 3,
			`channel pattern "+/a\n" has the control character U+000A at byte 3 (segment 2); remove it`},
		{"+/..", RuleDotSegment, 2, 2,
			`channel pattern "+/.." has a dot segment (segment 2), which URLs resolve away, so that no client could reach it; use another name for it`},
	} {
		_, err := ParsePattern(test.pattern)
		var refused *PatternError
		if !errors.As(err, &refused) {
			t.Errorf("ParsePattern(%q) = %v; want a *PatternError", test.pattern, err)
			continue
		}
		want := PatternError{Pattern: test.pattern, Rule: test.rule, Segment: test.segment, Offset: test.offset}
		if *refused != want {
			t.Errorf("ParsePattern(%q) says %+v; want %+v", test.pattern, *refused, want)
		}
		if err.Error() != test.message {
			t.Errorf("ParsePattern(%q) says\n  %s\nwant\n  %s", test.pattern, err, test.message)
		}
	}
}

func TestPatternsThatOnlyANameTooLongCouldMatchDoNotOverlap(t *testing.T) {
	long := strings.Repeat("x", MaxNameBytes-2)
	if Pattern("+/" + long).Overlaps(Pattern(long + "/+")) {
		t.Error("two patterns overlap in a name of twice the allowed length")
	}
	if !Pattern("+/"+long).Overlaps("#") || !Pattern("+/"+long).Overlaps(Name("y/"+long).Pattern()) {
		t.Error("a pattern of the greatest length overlaps with nothing")
	}
}

// shortPattern draws patterns over an alphabet so small that they often meet.
var shortPattern = rapid.Custom(func(t *rapid.T) Pattern {
	segments := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "+"}), 0, 4).Draw(t, "segments")
	if len(segments) == 0 || rapid.Bool().Draw(t, "open") {
		segments = append(segments, "#")
	}
	return Pattern(strings.Join(segments, "/"))
})

// shortNames are all names of up to six segments over the same alphabet, and "c", which stands
// for every other segment.
var shortNames = func() (names []Name) {
	last := []Name{""}
	for range 6 {
		var longer []Name
		for _, name := range last {
			for _, segment := range []Name{"a", "b", "c"} {
				longer = append(longer, name+segment+"/")
			}
		}
		for _, name := range longer {
			names = append(names, name[:len(name)-1])
		}
		last = longer
	}
	return names
}()

// selects states what a pattern means a second time, segment by segment.
func selects(pattern, name []string) bool {
	switch {
	case len(pattern) == 0 || len(name) == 0:
		return len(pattern) == len(name) || slices.Equal(pattern, []string{"#"})
	case pattern[0] == "#":
		return true
	}
	return (pattern[0] == "+" || pattern[0] == name[0]) && selects(pattern[1:], name[1:])
}

func TestPatternsAgreeWithANaiveModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, q := shortPattern.Draw(t, "p"), shortPattern.Draw(t, "q")
		overlaps, covers := false, true
		for _, name := range shortNames {
			segments := strings.Split(string(name), "/")
			byP := selects(strings.Split(string(p), "/"), segments)
			byQ := selects(strings.Split(string(q), "/"), segments)
			if got := p.Matches(name); got != byP {
				t.Fatalf("%q.Matches(%q) = %t", p, name, got)
			}
			overlaps = overlaps || byP && byQ
			covers = covers && (byP || !byQ)
		}
		if got := p.Overlaps(q); got != overlaps || q.Overlaps(p) != overlaps {
			t.Fatalf("%q.Overlaps(%q) = %t", p, q, got)
		}
		if got := p.Covers(q); got != covers {
			t.Fatalf("%q.Covers(%q) = %t", p, q, got)
		}
	})
}

func TestEveryNameIsAPatternOfItselfAlone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(piece, 0, 12).Draw(t, "pieces"), "")
		name, err := Parse(text)
		if err != nil {
			return
		}
		pattern, err := ParsePattern(text)
		if err != nil || pattern != name.Pattern() {
			t.Fatalf("ParsePattern(%q) = %q, %v", text, pattern, err)
		}
		if same, ok := pattern.IsName(); !ok || same != name || !pattern.Matches(name) || pattern.Matches(name+"x") {
			t.Fatalf("the pattern %q does not select that channel alone", pattern)
		}
	})
}

func TestMatchingAllocatesNothing(t *testing.T) {
	pattern, name := Pattern("sensors/+/temperature/#"), Name("sensors/kitchen/temperature/celsius/now")
	if got := testing.AllocsPerRun(100, func() { pattern.Matches(name) }); got != 0 {
		t.Errorf("Matches allocates %v times", got)
	}
}

func FuzzParsePattern(f *testing.F) {
	for _, seed := range []string{"chat/lobby", "chat/#", "#", "+/+", "a/#/b", "a+", "chat/>", "a//#", "\xff/#", "a/\x00", strings.Repeat("+/", 127) + "#"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		pattern, err := ParsePattern(text)
		if err != nil {
			if !utf8.ValidString(err.Error()) || len(err.Error()) > 1000 {
				t.Fatalf("ParsePattern(%q) explains itself badly: %q", text, err)
			}
			return
		}
		// With its wildcards filled in, a pattern is a name that obeys the rules and that it selects.
		segments := strings.Split(text, "/")
		for at, segment := range segments {
			if segment == "+" || segment == "#" {
				segments[at] = "x"
			}
		}
		name := Name(strings.Join(segments, "/"))
		if !obeysTheRules(string(name)) || !pattern.Matches(name) || !pattern.Overlaps(name.Pattern()) {
			t.Fatalf("ParsePattern(%q) lets it through, but it does not select %q", text, name)
		}
		if _, isName := pattern.IsName(); isName != (string(name) == text) {
			t.Fatalf("%q.IsName() = %t", pattern, isName)
		}
	})
}

func BenchmarkMatches(b *testing.B) {
	pattern, name := Pattern("sensors/+/temperature"), Name("sensors/kitchen/temperature")
	for b.Loop() {
		pattern.Matches(name)
	}
}
