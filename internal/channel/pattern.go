package channel

import "strings"

// Pattern selects channels by name with the wildcards of MQTT: a segment that is exactly "+"
// stands for any one segment, and a last segment that is exactly "#" for any number of further
// ones, none included, so that "chat/#" selects "chat", "chat/lobby" and "chat/lobby/de" (MQTT
// 3.1.1, section 4.7.1.2). "#" alone selects every channel; unlike in MQTT, names that begin
// with "$" are no exception. Everything else stands for itself, so every [Name] is a pattern of
// one channel.
//
// Make one with [ParsePattern] or [Name.Pattern]; the zero value selects nothing.
type Pattern string

const (
	anySegment  = "+" // the wildcard of one segment
	anySegments = "#" // the wildcard of all further segments
)

// ParsePattern checks s against the rules of patterns and returns it as a Pattern, unchanged.
// They are the rules of [Parse], and so is the length, except that segments may be wildcards.
//
// The error is a [*PatternError] about the first rule broken, reading from the left; the length
// is checked before anything else.
func ParsePattern(s string) (Pattern, error) {
	switch {
	case s == "":
		return "", &PatternError{Pattern: s, Rule: RuleEmpty}
	case len(s) > MaxNameBytes:
		return "", &PatternError{Pattern: s, Rule: RuleTooLong, Offset: MaxNameBytes}
	}
	offset, number := 0, 1
	for segment := range strings.SplitSeq(s, "/") {
		end := offset + len(segment)
		switch rule, at := checkSegment(segment); {
		case segment == anySegment, segment == anySegments && end == len(s):
			// Wildcards where they belong.
		case segment == anySegments:
			return "", &PatternError{Pattern: s, Rule: RuleMiddleHash, Segment: number, Offset: offset}
		case rule != "":
			return "", &PatternError{Pattern: s, Rule: rule, Segment: number, Offset: offset + at}
		}
		offset = end + len("/")
		number++
	}
	return Pattern(s), nil
}

// Pattern returns the pattern that selects the channel n alone.
func (n Name) Pattern() Pattern {
	return Pattern(n)
}

// IsName returns the name of the one channel that p selects, and false if p has wildcards.
func (p Pattern) IsName() (Name, bool) {
	for segment := range strings.SplitSeq(string(p), "/") {
		if segment == anySegment || segment == anySegments {
			return "", false
		}
	}
	return Name(p), p != ""
}

// Matches reports whether p selects the channel. It allocates nothing, and costs one pass
// over the shorter of the two.
func (p Pattern) Matches(name Name) bool {
	return p.Covers(name.Pattern())
}

// Covers reports whether p selects every channel that q selects.
func (p Pattern) Covers(q Pattern) bool {
	if p == "" || q == "" {
		return false
	}
	if q == anySegments {
		q = anySegment + "/" + anySegments // the same, because every name has a segment
	}
	// A valid pattern has no empty segment, so what is left of one is empty at its end only.
	wide, narrow := string(p), string(q)
	for wide != anySegments {
		if wide == "" || narrow == "" || narrow == anySegments {
			return wide == narrow
		}
		var want, have string
		want, wide, _ = strings.Cut(wide, "/")
		have, narrow, _ = strings.Cut(narrow, "/")
		if want != anySegment && want != have {
			return false
		}
	}
	return true
}

// Overlaps reports whether there is a channel, existing or not, that both p and q select.
func (p Pattern) Overlaps(q Pattern) bool {
	if p == "" || q == "" {
		return false
	}
	// length is that of the shortest name that both select: it may be too long for a name.
	left, right, length := string(p), string(q), -len("/")
	for {
		leftDone := left == "" || left == anySegments
		rightDone := right == "" || right == anySegments
		switch {
		case leftDone && rightDone:
			return length <= MaxNameBytes
		case left == "" || right == "":
			return false
		}
		var a, b string
		a, left = nextSegment(left)
		b, right = nextSegment(right)
		if a != anySegment && b != anySegment && a != b {
			return false
		}
		segment := a
		if a == anySegment {
			segment = b // of two wildcards, one byte stands for the shortest segment
		}
		length += len("/") + len(segment)
	}
}

// nextSegment takes the first segment off what is left of a pattern. A "#" yields one wildcard
// after the other and stays.
func nextSegment(pattern string) (segment, rest string) {
	if pattern == anySegments {
		return anySegment, anySegments
	}
	segment, rest, _ = strings.Cut(pattern, "/")
	return segment, rest
}
