package channel

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestFromPathDecodesTheRestOfAURL(t *testing.T) {
	for _, test := range []struct{ escaped, name string }{
		{"chat/lobby", "chat/lobby"},
		{"chat%2Flobby", "chat/lobby"},
		{"chat%2flobby", "chat/lobby"},
		{"a%20b", "a b"},
		{"a+b", "a+b"},
		{"gro%C3%9F", "groß"},
		{"groß", "groß"},
		{"50%25", "50%"},
		{"%252F", "%2F"},
		{"what%3F%23", "what?#"},
	} {
		got, err := FromPath(test.escaped)
		if err != nil || string(got) != test.name {
			t.Errorf("FromPath(%q) = %q, %v; want %q", test.escaped, got, err, test.name)
		}
	}
}

func TestFromPathRefusesBrokenEscapesAndBrokenNames(t *testing.T) {
	for _, test := range []struct {
		escaped string
		rule    Rule
		message string
	}{
		{"chat%zz", RuleEscape,
			`channel path "chat%zz" has the broken percent escape "%zz" at byte 4; write a literal "%" as "%25"`},
		{"%20%2", RuleEscape,
			`channel path "%20%2" has the broken percent escape "%2" at byte 3; write a literal "%" as "%25"`},
		{"100%", RuleEscape,
			`channel path "100%" has the broken percent escape "%" at byte 3; write a literal "%" as "%25"`},
		{"%\n\xff", RuleEscape,
			`channel path "%\n\xff" has the broken percent escape "%\n\xff" at byte 0; write a literal "%" as "%25"`},
		{"", RuleEmpty,
			`the channel name is empty; give it at least one segment, as in "chat/lobby"`},
		{"a%2F%2Fb", RuleEmptySegment,
			`channel name "a//b" has an empty segment (segment 2); remove the extra "/"`},
		{"a/%2e%2E", RuleDotSegment,
			`channel name "a/.." has a dot segment (segment 2), which URLs resolve away, so that no client could reach it; use another name for it`},
		{"%23", RuleWildcard,
			`channel name "#" has the segment "#" (segment 1), which is a wildcard of patterns; use another name for it`},
		{"a%00", RuleControl,
			`channel name "a\x00" has the control character U+0000 at byte 1 (segment 1); remove it`},
		{"%FF", RuleUTF8,
			`channel name "\xff" is not valid UTF-8 at byte 0 (segment 1); encode it as UTF-8`},
	} {
		_, err := FromPath(test.escaped)
		var refused *NameError
		if !errors.As(err, &refused) || refused.Rule != test.rule {
			t.Errorf("FromPath(%q) = %v; want the rule %q", test.escaped, err, test.rule)
			continue
		}
		if err.Error() != test.message {
			t.Errorf("FromPath(%q) says\n  %s\nwant\n  %s", test.escaped, err, test.message)
		}
	}
}

func TestPathIsWhatAURLCarriesUnchanged(t *testing.T) {
	segment := rapid.Map(rapid.SliceOfN(piece, 1, 2), func(pieces []string) string {
		return strings.ReplaceAll(strings.Join(pieces, ""), "/", "")
	}).Filter(func(segment string) bool {
		rule, _ := checkSegment(segment)
		return rule == ""
	})
	rapid.Check(t, func(t *rapid.T) {
		name := Name(strings.Join(rapid.SliceOfN(segment, 1, 3).Draw(t, "segments"), "/"))
		requireRoundTrip(t, name)
	})
}

func TestEveryCharacterOfANameSurvivesAURL(t *testing.T) {
	for r := rune(0); r < 0x3000; r++ {
		name, err := Parse("a/" + string(r) + "b")
		if err == nil {
			requireRoundTrip(t, name)
		}
	}
}

// requireRoundTrip sends a name through a URL the way a client and a server would: written with
// Path, resolved against a page of the same host, and read back with FromPath.
func requireRoundTrip(t rapid.TB, name Name) {
	t.Helper()
	got, err := FromPath(name.Path())
	if err != nil || got != name {
		t.Fatalf("FromPath(%q) = %q, %v; want %q", name.Path(), got, err, name)
	}
	page, err := url.Parse("https://localhost/chat/index.html")
	if err != nil {
		t.Fatal(err)
	}
	target, err := page.Parse("/channels/" + name.Path())
	if err != nil {
		t.Fatalf("the path of %q makes no URL: %v", name, err)
	}
	rest, ok := strings.CutPrefix(target.EscapedPath(), "/channels/")
	got, err = FromPath(rest)
	if !ok || err != nil || got != name || target.RawQuery != "" || target.Fragment != "" {
		t.Fatalf("%q comes out of the URL %q as %q, %v", name, target, got, err)
	}
}

func FuzzFromPath(f *testing.F) {
	for _, seed := range []string{"chat/lobby", "chat%2Flobby", "%", "%zz", "a%20b", "%252F", "%2e%2e/x", "%FF", "a+b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, escaped string) {
		name, err := FromPath(escaped)
		if err == nil {
			if !obeysTheRules(string(name)) {
				t.Fatalf("FromPath(%q) lets %q through", escaped, name)
			}
			requireRoundTrip(t, name)
			return
		}
		var refused *NameError
		if !errors.As(err, &refused) {
			t.Fatalf("FromPath(%q) = %v; want a *NameError", escaped, err)
		}
		if len(err.Error()) > 1000 {
			t.Fatalf("FromPath(%q) explains itself at length: %d bytes", escaped, len(err.Error()))
		}
	})
}
