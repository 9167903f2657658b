package channel

import (
	"net/url"
	"strings"
)

// FromPath returns the channel name of a percent-encoded URL path: what follows "/channels/" in
// [net/url.URL.EscapedPath]. An encoded slash (%2F) separates segments like a plain one, and "+"
// is a plus sign, not a space.
//
// The error is a [*NameError]: [RuleEscape] for a "%" that two hexadecimal digits do not follow,
// else whatever [Parse] says of the decoded name.
func FromPath(escaped string) (Name, error) {
	name, err := url.PathUnescape(escaped)
	if err != nil {
		return "", &NameError{Name: escaped, Rule: RuleEscape, Offset: brokenEscape(escaped)}
	}
	return Parse(name)
}

// Path returns the name percent-encoded for a URL path, to follow "/channels/". Its slashes stay
// slashes. FromPath(n.Path()) is n for every valid name.
func (n Name) Path() string {
	var b strings.Builder
	b.Grow(len(n))
	separator := ""
	for segment := range strings.SplitSeq(string(n), "/") {
		b.WriteString(separator)
		b.WriteString(url.PathEscape(segment))
		separator = "/"
	}
	return b.String()
}

// brokenEscape returns the offset of the first "%" in s that is no escape; there is one.
func brokenEscape(s string) int {
	for at := 0; at < len(s); at++ {
		if s[at] != '%' {
			continue
		}
		if at+2 >= len(s) || !isHex(s[at+1]) || !isHex(s[at+2]) {
			return at
		}
		at += 2
	}
	return 0
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}
