package handshake

import "strings"

// isToken reports whether s is a token (RFC 9110 section 5.6.2): at least one character, none of them a delimiter.
func isToken(s string) bool {
	for i := range len(s) {
		if !isTokenByte(s[i]) {
			return false
		}
	}
	return s != ""
}

func isTokenByte(c byte) bool {
	if isAlphanumeric(c) {
		return true
	}
	return strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0
}

func isAlphanumeric(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// trim removes the optional whitespace of HTTP, spaces and tabs, around s.
func trim(s string) string { return strings.Trim(s, " \t") }

// equalFold compares ignoring the case of ASCII letters only. Unlike strings.EqualFold it does not take the Kelvin sign for a
// "k", nor one invalid byte for another.
func equalFold(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}

// toLower lowers the ASCII letters of s and leaves all other bytes as they are.
func toLower(s string) string {
	b := []byte(s)
	for i := range b {
		b[i] = lower(b[i])
	}
	return string(b)
}

// hasToken reports whether one of the elements of a comma-separated list, which may be spread over several header lines, is
// token, in whatever case.
func hasToken(lines []string, token string) bool {
	for _, line := range lines {
		for element := range strings.SplitSeq(line, ",") {
			if equalFold(trim(element), token) {
				return true
			}
		}
	}
	return false
}
