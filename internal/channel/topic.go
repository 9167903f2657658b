package channel

import "strings"

// A topic of MQTT is the channel of the same name, level by level. Only what one of the two can't carry is written
// otherwise, with a tilde at the beginning, and can be read back:
//
//   - the levels of a topic that no segment may be ("", ".", "..", "*", ">") are "~" with the level behind it, so that
//     "/rooms" is the channel "~/rooms";
//   - a segment with a plus sign or a number sign within it, which no topic may have, or that begins with a tilde of its
//     own, is "~" and the segment with "~0" for "~", "~1" for "+" and "~2" for "#", as in JSON Pointer (RFC 6901).
//
// What remains has no counterpart: topics with a control character, and such as "~x", which are refused.
const (
	tilde     = "~"
	loneTilde = "~~0" // the topic of the channel "~", which would be empty
)

// barred are the levels of topics that can't be segments.
var barred = map[string]bool{"": true, ".": true, "..": true, "*": true, ">": true}

// FromTopic returns the channel of an MQTT topic. The error is a [*NameError] about the topic.
func FromTopic(topic string) (Name, error) {
	if topic == "" {
		return "", &NameError{Name: topic, Rule: RuleEmpty}
	}
	name, err := fromLevels(topic)
	if err != nil {
		return "", err
	}
	return Parse(name)
}

// FromFilter returns the pattern of an MQTT topic filter (MQTT 5, section 4.7). The error is a [*PatternError] or a
// [*NameError] about the filter.
func FromFilter(filter string) (Pattern, error) {
	if filter == "" {
		return "", &PatternError{Pattern: filter, Rule: RuleEmpty}
	}
	pattern, err := fromLevels(filter)
	if err != nil {
		return "", err
	}
	return ParsePattern(pattern)
}

// fromLevels writes the levels of a topic or filter as segments.
func fromLevels(topic string) (string, error) {
	plain := true
	for level := range strings.SplitSeq(topic, "/") {
		plain = plain && !barred[level] && !strings.HasPrefix(level, tilde) && !wildWithin(level)
	}
	switch {
	case plain: // the usual
		return topic, nil
	case topic == loneTilde:
		return tilde, nil
	}
	var b strings.Builder
	offset, number := 0, 1
	for level := range strings.SplitSeq(topic, "/") {
		if number > 1 {
			b.WriteByte('/')
		}
		segment, rule := segmentOf(level)
		if rule != "" {
			return "", &NameError{Name: topic, Rule: rule, Segment: number, Offset: offset}
		}
		b.WriteString(segment)
		offset += len(level) + len("/")
		number++
	}
	return b.String(), nil
}

// segmentOf returns the segment of a level, or which rule it breaks.
func segmentOf(level string) (segment string, broken Rule) {
	switch {
	case barred[level]:
		return tilde + level, ""
	case wildWithin(level):
		return "", RuleWildcard
	case !strings.HasPrefix(level, tilde):
		return level, ""
	}
	segment = untilde.Replace(level[len(tilde):])
	if segment == anySegment || segment == anySegments || !needsTilde(segment) || levelOf(segment) != level {
		return "", RuleTilde
	}
	return segment, ""
}

// wildWithin tells whether a level has a wildcard beside something else.
func wildWithin(level string) bool {
	return len(level) > 1 && strings.ContainsAny(level, "+#")
}

// Topic returns the MQTT topic of the channel. FromTopic(n.Topic()) is n for every valid name.
func (n Name) Topic() string {
	if !strings.ContainsAny(string(n), "~+#") { // the usual
		return string(n)
	}
	if n == tilde {
		return loneTilde
	}
	segments := strings.Split(string(n), "/")
	for i, segment := range segments {
		segments[i] = levelOf(segment)
	}
	return strings.Join(segments, "/")
}

// levelOf returns the level of a segment.
func levelOf(segment string) string {
	if !needsTilde(segment) {
		if level, ok := strings.CutPrefix(segment, tilde); ok {
			return level // one that is barred
		}
		return segment
	}
	return tilde + retilde.Replace(segment)
}

// needsTilde tells whether a segment can't be a level as it is.
func needsTilde(segment string) bool {
	level, marked := strings.CutPrefix(segment, tilde)
	return strings.ContainsAny(segment, "+#") || marked && !barred[level]
}

var (
	retilde = strings.NewReplacer("~", "~0", "+", "~1", "#", "~2")
	untilde = strings.NewReplacer("~0", "~", "~1", "+", "~2", "#")
)
