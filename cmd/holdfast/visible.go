package main

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// visible returns s with every character that could act on a terminal made visible, so that what
// came from the network can be shown: C0 control characters and DEL become the picture of
// themselves (ESC is ␛, a newline ␊), C1 controls, line separators and marks that reverse the
// direction of text become <U+202E>, and bytes that are not UTF-8 become <0xFF>. A tab stays.
func visible(s string) string {
	if !strings.ContainsFunc(s, actsOnTerminal) && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], string(utf8.RuneError)):
			fmt.Fprintf(&b, "<0x%02X>", s[i])
		case !actsOnTerminal(r):
			b.WriteRune(r)
		case r < ' ':
			b.WriteRune('\u2400' + r)
		case r == '\x7f':
			b.WriteRune('\u2421')
		default:
			fmt.Fprintf(&b, "<%U>", r)
		}
	}
	return b.String()
}

func actsOnTerminal(r rune) bool {
	return r != '\t' && (unicode.IsControl(r) || unicode.In(r, unicode.Bidi_Control, unicode.Zl, unicode.Zp))
}
