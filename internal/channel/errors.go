package channel

import (
	"fmt"
	"strconv"
	"unicode/utf8"
)

// Rule is the stable code of a rule of channel names, for programs to compare.
type Rule string

// The rules, in the words of [Parse], [FromPath] and [ParsePattern].
const (
	RuleEmpty        Rule = "empty"         // the name has no bytes
	RuleTooLong      Rule = "too-long"      // more than MaxNameBytes bytes
	RuleUTF8         Rule = "utf-8"         // a byte that is not UTF-8
	RuleControl      Rule = "control"       // a control character: C0, DEL or C1
	RuleEmptySegment Rule = "empty-segment" // a slash at either end, or two in a row
	RuleWildcard     Rule = "wildcard"      // a segment that is exactly + # * or >; of a pattern, exactly * or >
	RuleMiddleHash   Rule = "middle-hash"   // a segment # of a pattern with more behind it
	RuleDotSegment   Rule = "dot-segment"   // a segment that is exactly . or ..
	RuleTilde        Rule = "tilde"         // a level of an MQTT topic that begins with ~ and is nothing that we write
	RuleEscape       Rule = "escape"        // a "%" in a URL path without two hexadecimal digits after it
)

// maxQuotedBytes bounds how much of a refused name its error repeats, so that an answer or a
// log line cannot be blown up by whoever sent the name.
const maxQuotedBytes = 64

// NameError says which rule a channel name breaks, and where.
type NameError struct {
	Name    string // the refused name, complete and untrusted; for RuleEscape the escaped path
	Rule    Rule   // the rule it breaks
	Segment int    // number of the offending segment, from 1; 0 when the rule is about the whole
	Offset  int    // byte in Name at which the rule is broken, from 0
}

// Error returns one sentence: the name (quoted, and shortened when long), what is wrong with
// it, where, and what to do. It holds no control characters and is safe to log or to send.
func (e *NameError) Error() string {
	return e.describe("name")
}

// describe returns the sentence of Error, about a channel's name or about a pattern of names.
func (e *NameError) describe(kind string) string {
	name := kind + " " + quote(e.Name)
	switch e.Rule {
	case RuleEmpty:
		return `the channel name is empty; give it at least one segment, as in "chat/lobby"`
	case RuleTooLong:
		return fmt.Sprintf("channel %s is %d bytes long (at most %d); shorten it", name, len(e.Name), MaxNameBytes)
	case RuleUTF8:
		return fmt.Sprintf("channel %s is not valid UTF-8 at byte %d (segment %d); encode it as UTF-8", name, e.Offset, e.Segment)
	case RuleControl:
		r, _ := utf8.DecodeRuneInString(e.Name[e.Offset:])
		return fmt.Sprintf("channel %s has the control character %U at byte %d (segment %d); remove it", name, r, e.Offset, e.Segment)
	case RuleEmptySegment:
		return fmt.Sprintf(`channel %s has an empty segment (segment %d); remove the %s "/"`, name, e.Segment, e.slash())
	case RuleWildcard:
		return fmt.Sprintf("channel %s has the segment %q (segment %d), which is a wildcard of patterns; use another name for it", name, e.at(1), e.Segment)
	case RuleDotSegment:
		return fmt.Sprintf("channel %s has a dot segment (segment %d), which URLs resolve away, so that no client could reach it; use another name for it", name, e.Segment)
	case RuleTilde:
		return fmt.Sprintf("topic %s has a level that begins with \"~\" (level %d), which marks what channels and topics write differently; begin it with something else", quote(e.Name), e.Segment)
	case RuleEscape:
		return fmt.Sprintf(`channel path %s has the broken percent escape %s at byte %d; write a literal "%%" as "%%25"`, quote(e.Name), quote(e.at(3)), e.Offset)
	}
	return fmt.Sprintf("channel %s breaks the rule %q", name, string(e.Rule))
}

// PatternError says which rule a pattern of channels breaks, and where.
type PatternError struct {
	Pattern string // the refused pattern, complete and untrusted
	Rule    Rule   // the rule it breaks
	Segment int    // number of the offending segment, from 1; 0 when the rule is about the whole
	Offset  int    // byte in Pattern at which the rule is broken, from 0
}

// Error returns one sentence, like that of [NameError.Error] and as safe.
func (e *PatternError) Error() string {
	as := NameError{Name: e.Pattern, Rule: e.Rule, Segment: e.Segment, Offset: e.Offset}
	switch e.Rule {
	case RuleEmpty:
		return `the channel pattern is empty; give it at least one segment, as in "chat/+", or "#" for every channel`
	case RuleWildcard:
		return fmt.Sprintf(`channel pattern %s has the segment %q (segment %d), which is no wildcard here; write "+" for one segment, or "#" at the end for all that follow`, quote(e.Pattern), as.at(1), e.Segment)
	case RuleMiddleHash:
		return fmt.Sprintf(`channel pattern %s has "#" before its end (segment %d); write "+" for one segment, and "#" as the last segment only`, quote(e.Pattern), e.Segment)
	}
	return as.describe("pattern")
}

// slash says which of the slashes around an empty segment is the one too many.
func (e *NameError) slash() string {
	switch e.Offset {
	case 0:
		return "leading"
	case len(e.Name):
		return "trailing"
	}
	return "extra"
}

// at returns up to n bytes of the name from the offending one on.
func (e *NameError) at(n int) string {
	return e.Name[e.Offset:min(e.Offset+n, len(e.Name))]
}

// quote returns s as a Go string literal, which escapes everything that does not print (control
// characters, broken bytes, marks that reverse the direction of text), cut after maxQuotedBytes
// at a character's start.
func quote(s string) string {
	if len(s) <= maxQuotedBytes {
		return strconv.Quote(s)
	}
	cut := maxQuotedBytes
	for cut > maxQuotedBytes-utf8.UTFMax && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return strconv.Quote(s[:cut] + "…")
}
