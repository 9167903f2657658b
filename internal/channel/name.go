// Package channel holds the rules of channel names, their form in a URL, and the patterns that
// select them.
//
// A channel is a URL: the name "chat/lobby" is reached at /channels/chat/lobby. The same
// name is an MQTT topic and, with other separators, a NATS subject, so the rules refuse
// whatever one of the three could not carry.
package channel

import (
	"strings"
	"unicode/utf8"
)

// MaxNameBytes is the longest channel name, in bytes of its UTF-8 form before any URL escaping.
const MaxNameBytes = 255

// Name is the name of a channel that has passed the rules: one or more segments separated
// by "/", such as "chat/lobby". Make one with [Parse] or [FromPath]; the zero value is not a
// valid name.
type Name string

// Parse checks s against the rules of channel names and returns it as a Name, unchanged.
//
// A name is valid UTF-8 of 1 to [MaxNameBytes] bytes, without control characters (C0, DEL and
// C1). Its segments are not empty, so there is no slash at either end, and none of them is
// exactly "+", "#", "*" or ">" (the wildcards of MQTT and NATS) or "." or ".." (which every URL
// parser resolves away, RFC 3986 section 5.2.4, so that no client could reach the channel).
//
// The error is a [*NameError] about the first rule broken, reading from the left; the length is
// checked before anything else.
func Parse(s string) (Name, error) {
	switch {
	case s == "":
		return "", &NameError{Name: s, Rule: RuleEmpty}
	case len(s) > MaxNameBytes:
		return "", &NameError{Name: s, Rule: RuleTooLong, Offset: MaxNameBytes}
	}
	offset, number := 0, 1
	for segment := range strings.SplitSeq(s, "/") {
		if rule, at := checkSegment(segment); rule != "" {
			return "", &NameError{Name: s, Rule: rule, Segment: number, Offset: offset + at}
		}
		offset += len(segment) + len("/")
		number++
	}
	return Name(s), nil
}

// checkSegment returns the first rule that a segment breaks and the byte at which it does, or
// an empty rule.
func checkSegment(segment string) (rule Rule, offset int) {
	switch segment {
	case "":
		return RuleEmptySegment, 0
	case "+", "#", "*", ">":
		return RuleWildcard, 0
	case ".", "..":
		return RuleDotSegment, 0
	}
	for at, r := range segment {
		if r == utf8.RuneError {
			// U+FFFD itself is a fine character; only the one-byte form marks broken input.
			if _, size := utf8.DecodeRuneInString(segment[at:]); size == 1 {
				return RuleUTF8, at
			}
		}
		if r < 0x20 || 0x7f <= r && r <= 0x9f {
			return RuleControl, at
		}
	}
	return "", 0
}
