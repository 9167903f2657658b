package channel

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestATopicIsTheChannelOfTheSameName(t *testing.T) {
	for topic, name := range map[string]Name{
		"chat/lobby":     "chat/lobby",
		"TopicA/B":       "TopicA/B",
		"$TopicA":        "$TopicA",
		"100%/50%25":     "100%/50%25",
		"a~b":            "a~b",
		"/TopicA":        "~/TopicA",
		"/":              "~/~",
		"a//b/":          "a/~/b/~",
		"./../*/>":       "~./~../~*/~>",
		"~a~1b":          "a+b",
		"~c~2/x":         "c#/x",
		"~~0foo":         "~foo",
		"~~0~01/~~0~0":   "~~1/~~",
		"~~0":            "~",
		"sensors/~a~1~2": "sensors/a+#",
	} {
		if got, err := FromTopic(topic); err != nil || got != name {
			t.Errorf("FromTopic(%q) = %q, %v; want %q", topic, got, err, name)
		}
		if got := name.Topic(); got != topic {
			t.Errorf("Name(%q).Topic() = %q; want %q", name, got, topic)
		}
	}
}

func TestATopicWithoutAChannelIsRefusedWithTheReason(t *testing.T) {
	for topic, rule := range map[string]Rule{
		"":                       RuleEmpty,
		"a/b+":                   RuleWildcard,
		"a/+":                    RuleWildcard,
		"#":                      RuleWildcard,
		"~x":                     RuleTilde,
		"a/~~1":                  RuleTilde,
		"a/~x~0":                 RuleTilde,
		"a\x01b":                 RuleControl,
		strings.Repeat("x", 256): RuleTooLong,
	} {
		_, err := FromTopic(topic)
		refused, ok := errors.AsType[*NameError](err)
		if !ok || refused.Rule != rule {
			t.Errorf("FromTopic(%q): %v; want the rule %q", topic, err, rule)
		}
	}
}

func TestAFilterIsThePatternOfTheSameChannels(t *testing.T) {
	for filter, pattern := range map[string]Pattern{
		"#": "#", "+/+": "+/+", "/#": "~/#", "/+": "~/+", "+/C": "+/C", "TopicA/#": "TopicA/#", "+//+": "+/~/+", "$SYS/#": "$SYS/#",
	} {
		if got, err := FromFilter(filter); err != nil || got != pattern {
			t.Errorf("FromFilter(%q) = %q, %v; want %q", filter, got, err, pattern)
		}
	}
	for _, filter := range []string{"", "a/#/b", "a+", "a/b#", "~x/#", "a/~~1", "~~2"} {
		if got, err := FromFilter(filter); err == nil {
			t.Errorf("FromFilter(%q) = %q; want it refused", filter, got)
		}
	}
}

// matchesInMQTT tells whether a filter matches a topic, as the standard says it (section 4.7), for names that do not
// begin with "$".
func matchesInMQTT(filter, topic []string) bool {
	switch {
	case len(filter) == 0:
		return len(topic) == 0
	case filter[0] == "#":
		return true
	case len(topic) == 0:
		return false
	}
	return (filter[0] == "+" || filter[0] == topic[0]) && matchesInMQTT(filter[1:], topic[1:])
}

func TestAPatternMatchesWhatItsFilterDoes(t *testing.T) {
	level := rapid.SampledFrom([]string{"", "a", "b", ".", "~a~1", "+", "#", "*", "A"})
	rapid.Check(t, func(t *rapid.T) {
		filter := strings.Join(rapid.SliceOfN(level, 1, 4).Draw(t, "filter"), "/")
		topic := strings.Join(rapid.SliceOfN(level, 1, 4).Draw(t, "topic"), "/")
		p, bad := FromFilter(filter)
		n, unfit := FromTopic(topic)
		if bad != nil || unfit != nil {
			return
		}
		if got, want := p.Matches(n), matchesInMQTT(strings.Split(filter, "/"), strings.Split(topic, "/")); got != want {
			t.Fatalf("the filter %q and the topic %q are the pattern %q and the channel %q: matches %t, want %t", filter, topic, p, n, got, want)
		}
	})
}

func TestEveryChannelHasATopicOfItsOwn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		checkRoundTrip(t.Fatalf, strings.Join(rapid.SliceOfN(rapid.OneOf(rapid.SampledFrom([]string{"~", "~0", "~1", "+", "#", "/", ".", "", "*", "a"}), piece), 0, 12).Draw(t, "pieces"), ""))
	})
}

// checkRoundTrip reads s as a channel and as a topic, and back.
func checkRoundTrip(fatalf func(string, ...any), s string) {
	if name, err := Parse(s); err == nil {
		topic := name.Topic()
		if back, err := FromTopic(topic); err != nil || back != name {
			fatalf("the channel %q has the topic %q, which is the channel %q, %v", name, topic, back, err)
		}
		if strings.ContainsAny(topic, "+#") || !utf8.ValidString(topic) || topic == "" {
			fatalf("the channel %q has the topic %q, which is none", name, topic)
		}
	}
	if name, err := FromTopic(s); err == nil {
		if _, err := Parse(string(name)); err != nil {
			fatalf("the topic %q is the channel %q: %v", s, name, err)
		}
		if back := name.Topic(); back != s {
			fatalf("the topic %q is the channel %q, whose topic is %q", s, name, back)
		}
	}
}

func FuzzTopic(f *testing.F) {
	for _, seed := range []string{"chat/lobby", "/TopicA", "a//b", "~a~1b", "~~0", "~x", "a+b", "~", ".", "*/>"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) { checkRoundTrip(t.Fatalf, s) })
}
