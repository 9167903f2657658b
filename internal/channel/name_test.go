package channel

import (
	"errors"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestParseAcceptsWhatTheRulesAllow(t *testing.T) {
	for _, name := range []string{
		"a",
		"chat/lobby",
		"chat/Lobby 42/general discussion",
		"großer/Saal/日本語/🎈",
		"replacement/\uFFFD",
		"a+b/c#/*d/>>",
		".../..a/.hidden",
		"100%/50%25",
		`back\slash`,
		"no-break\u00A0space",
		strings.Repeat("x", MaxNameBytes),
		strings.Repeat("a/", MaxNameBytes/2) + "a",
	} {
		got, err := Parse(name)
		if err != nil || string(got) != name {
			t.Errorf("Parse(%q) = %q, %v; want it unchanged", name, got, err)
		}
	}
}

func TestParseSaysWhichRuleIsBrokenAndWhere(t *testing.T) {
	long := strings.Repeat("x", MaxNameBytes+1)
	for _, test := range []struct {
		name    string
		rule    Rule
		segment int
		offset  int
		message string
	}{
		{"", RuleEmpty, 0, 0,
			`the channel name is empty; give it at least one segment, as in "chat/lobby"`},
		{long, RuleTooLong, 0, 255,
			`channel name "` + long[:64] + `…" is 256 bytes long (at most 255); shorten it`},
		{"chat//lobby", RuleEmptySegment, 2, 5,
			`channel name "chat//lobby" has an empty segment (segment 2); remove the extra "/"`},
		{"/lobby", RuleEmptySegment, 1, 0,
			`channel name "/lobby" has an empty segment (segment 1); remove the leading "/"`},
		{"lobby/", RuleEmptySegment, 2, 6,
			`channel name "lobby/" has an empty segment (segment 2); remove the trailing "/"`},
		{"/", RuleEmptySegment, 1, 0,
			`channel name "/" has an empty segment (segment 1); remove the leading "/"`},
		{"a/\xffb", RuleUTF8, 2, 2,
			`channel name "a/\xffb" is not valid UTF-8 at byte 2 (segment 2); encode it as UTF-8`},
		{"surrogate\xed\xa0\x80", RuleUTF8, 1, 9,
			`channel name "surrogate\xed\xa0\x80" is not valid UTF-8 at byte 9 (segment 1); encode it as UTF-8`},
		{"a\x00b", RuleControl, 1, 1,
			`channel name "a\x00b" has the control character U+0000 at byte 1 (segment 1); remove it`},
		{"a/b\x1f", RuleControl, 2, 3,
			`channel name "a/b\x1f" has the control character U+001F at byte 3 (segment 2); remove it`},
		{"\x7f", RuleControl, 1, 0,
			`channel name "\x7f" has the control character U+007F at byte 0 (segment 1); remove it`},
		{"é\u0085", RuleControl, 1, 2,
			`channel name "é\u0085" has the control character U+0085 at byte 2 (segment 1); remove it`},
		{"a/+", RuleWildcard, 2, 2,
			`channel name "a/+" has the segment "+" (segment 2), which is a wildcard of patterns; use another name for it`},
		{"#", RuleWildcard, 1, 0,
			`channel name "#" has the segment "#" (segment 1), which is a wildcard of patterns; use another name for it`},
		{"*/a", RuleWildcard, 1, 0,
			`channel name "*/a" has the segment "*" (segment 1), which is a wildcard of patterns; use another name for it`},
		{"a/>/b", RuleWildcard, 2, 2,
			`channel name "a/>/b" has the segment ">" (segment 2), which is a wildcard of patterns; use another name for it`},
		{"a/.", RuleDotSegment, 2, 2,
			`channel name "a/." has a dot segment (segment 2), which URLs resolve away, so that no client could reach it; use another name for it`},
		{"../secret", RuleDotSegment, 1, 0,
			`channel name "../secret" has a dot segment (segment 1), which URLs resolve away, so that no client could reach it; use another name for it`},
	} {
		_, err := Parse(test.name)
		var refused *NameError
		if !errors.As(err, &refused) {
			t.Errorf("Parse(%q) = %v; want a *NameError", test.name, err)
			continue
		}
		want := NameError{Name: test.name, Rule: test.rule, Segment: test.segment, Offset: test.offset}
		if *refused != want {
			t.Errorf("Parse(%q) says %+v; want %+v", test.name, *refused, want)
		}
		if err.Error() != test.message {
			t.Errorf("Parse(%q) says\n  %s\nwant\n  %s", test.name, err, test.message)
		}
	}
}

func TestAnErrorQuotesAtMostTheStartOfALongName(t *testing.T) {
	for _, name := range []string{
		strings.Repeat("日", 10_000),
		strings.Repeat("\xff", 10_000),
		strings.Repeat("\x80", 10_000),
	} {
		_, err := Parse(name)
		if err == nil || len(err.Error()) > 400 {
			t.Errorf("the error about a name of %d bytes has %d bytes: %v", len(name), len(err.Error()), err)
		}
	}
}

func TestAnErrorHoldsNothingThatCouldForgeALogLine(t *testing.T) {
	for _, name := range []string{"a\nlevel=ERROR", "a\x1b[31m", "a\u202e//b", "a/\"+\"//"} {
		_, err := Parse(name)
		if err == nil {
			t.Fatalf("Parse(%q) accepts it", name)
		}
		if strings.ContainsAny(err.Error(), "\n\x1b\u202e") {
			t.Errorf("the error about %q repeats it raw: %q", name, err)
		}
	}
}

// allowed states the rules a second time, as one expression, for Parse to be compared with.
var allowed = regexp.MustCompile(`^[^/\x00-\x1f\x7f-\x{9f}]+(/[^/\x00-\x1f\x7f-\x{9f}]+)*$`)

// reserved matches a name that has a segment nobody may use.
var reserved = regexp.MustCompile(`(^|/)([+#*>]|\.\.?)(/|$)`)

func obeysTheRules(s string) bool {
	return len(s) <= MaxNameBytes && utf8.ValidString(s) && allowed.MatchString(s) && !reserved.MatchString(s)
}

// piece draws what names are made of, with a liking for what breaks the rules.
var piece = rapid.OneOf(
	rapid.SampledFrom([]string{"/", "//", ".", "..", "+", "#", "*", ">", "%", "%2F", "%2e", "\x00", "\x7f", "\u0085", "\xff", "\xc3", "é", "🎈", " ", "?", "\\"}),
	rapid.StringN(1, 8, -1),
)

func TestParseAgreesWithTheRulesStatedAsAnExpression(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := strings.Join(rapid.SliceOfN(piece, 0, 12).Draw(t, "pieces"), "")
		got, err := Parse(name)
		if valid := obeysTheRules(name); valid != (err == nil) {
			t.Fatalf("Parse(%q) says %v; the expression says valid: %t", name, err, valid)
		}
		if err == nil && string(got) != name {
			t.Fatalf("Parse(%q) changed it to %q", name, got)
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"chat/lobby", "a//b", "/", "../x", "+", "a\x00", "\xff", "日本語/🎈", strings.Repeat("é", 128)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		_, err := Parse(name)
		if valid := obeysTheRules(name); valid != (err == nil) {
			t.Fatalf("Parse(%q) says %v; the expression says valid: %t", name, err, valid)
		}
		if err != nil && (!utf8.ValidString(err.Error()) || len(err.Error()) > 1000) {
			t.Fatalf("Parse(%q) explains itself badly: %q", name, err)
		}
	})
}
