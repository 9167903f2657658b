package main

import (
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestCharactersThatActOnATerminalAreShownInstead(t *testing.T) {
	for in, want := range map[string]string{
		"":                       "",
		"hello, wörld 👩‍👩‍👧 語":   "hello, wörld 👩‍👩‍👧 語",
		"a\tb":                   "a\tb",
		"\x1b]0;title\x07":       "␛]0;title␇",
		"one\r\ntwo\n":           "one␍␊two␊",
		"\x00\x7f":               "␀␡",
		"\u009b31m":              "<U+009B>31m",
		"abc\u202egpj.exe":       "abc<U+202E>gpj.exe",
		"\u2066\u2069\u200f":     "<U+2066><U+2069><U+200F>",
		"line\u2028separator":    "line<U+2028>separator",
		"broken \xff\xc3 \ufffd": "broken <0xFF><0xC3> \ufffd",
	} {
		if got := visible(in); got != want {
			t.Errorf("visible(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzVisibleTextNeverActsOnATerminal(f *testing.F) {
	for _, s := range []string{"plain", "\x1b[2J", "\xff", "\u009b", "\u202e", "a\xc2\x1bb"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := visible(s)
		if !utf8.ValidString(got) {
			t.Errorf("visible(%q) = %q is not UTF-8", s, got)
		}
		for _, r := range got {
			if r != '\t' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)) {
				t.Errorf("visible(%q) = %q still has %U", s, got, r)
			}
		}
		if visible(got) != got {
			t.Errorf("visible(%q) = %q is not stable", s, got)
		}
	})
}
