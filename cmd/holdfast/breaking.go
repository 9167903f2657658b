package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/config"
	"github.com/holdfast-dev/holdfast/internal/policy"
	"github.com/holdfast-dev/holdfast/internal/schema"
)

// breaking is what a configuration refuses, or may refuse, that an older one allowed: sentences, each about
// some channels or a key.
type breaking struct {
	was, now config.Limits
	lines    []string
}

func (b *breaking) say(about, format string, args ...any) {
	line := about + ": " + fmt.Sprintf(format, args...)
	if !slices.Contains(b.lines, line) {
		b.lines = append(b.lines, line)
	}
}

// lower says so if a limit is lower than it was; 0 is no limit.
func (b *breaking) lower(about, what string, was, now int64, show func(int64) string) {
	switch {
	case now == 0 || was > 0 && now >= was:
	case was == 0:
		b.say(about, "%s was not limited, and is %s now", what, show(now))
	default:
		b.say(about, "%s was %s, and is %s now", what, show(was), show(now))
	}
}

func plain(n int64) string { return fmt.Sprint(n) }

func asDuration(n int64) string { return config.FormatDuration(time.Duration(n)) }

func asSize(n int64) string { return config.Size(n).String() }

// findBreaking compares two configurations. What it does not compare is said in the help of the verb.
func findBreaking(old, next *config.Config, oldRules, nextRules *policy.Rules) []string {
	b := &breaking{was: old.Limits, now: next.Limits}
	b.compareLimits()
	for _, origin := range old.Listen.Origins {
		if !slices.Contains(next.Listen.Origins, origin) {
			b.say("listen.origins", "%s is not there any more", origin)
		}
	}
	olds, nexts := oldRules.All(), nextRules.All()
	for i, was := range olds {
		for j, now := range nexts {
			both, meet := intersect(was.Channels, now.Channels)
			if meet && !covered(both, olds[:i]) && !covered(both, nexts[:j]) {
				b.compareRules(was, now)
			}
		}
	}
	return b.lines
}

func (b *breaking) compareLimits() {
	was, now := b.was, b.now
	for _, limit := range []struct {
		key      string
		was, now int
	}{
		{"connections", was.Connections, now.Connections},
		{"connections_per_address", was.ConnectionsPerAddress, now.ConnectionsPerAddress},
		{"connections_per_user", was.ConnectionsPerUser, now.ConnectionsPerUser},
		{"handshakes", was.Handshakes, now.Handshakes},
		{"handshakes_per_address", was.HandshakesPerAddress, now.HandshakesPerAddress},
		{"messages", was.Messages, now.Messages},
		{"messages_per_user", was.MessagesPerUser, now.MessagesPerUser},
	} {
		b.lower("limits."+limit.key, "it", int64(limit.was), int64(limit.now), plain)
	}
	b.lower("limits.max_message", "it", int64(was.MaxMessage), int64(now.MaxMessage), asSize)
	b.lower("limits.bytes", "it", int64(was.Bytes), int64(now.Bytes), asSize)
	b.lower("limits.bytes_per_user", "it", int64(was.BytesPerUser), int64(now.BytesPerUser), asSize)
}

// covered tells whether one of several rules comes first for all channels that p selects.
func covered(p channel.Pattern, earlier []*policy.Rule) bool {
	return slices.ContainsFunc(earlier, func(r *policy.Rule) bool { return r.Channels.Covers(p) })
}

// intersect returns the pattern of the channels that both p and q select, if there are any.
func intersect(p, q channel.Pattern) (channel.Pattern, bool) {
	if !p.Overlaps(q) {
		return "", false
	}
	a, b := strings.Split(string(p), "/"), strings.Split(string(q), "/")
	var both []string
	for i := 0; i < max(len(a), len(b)); i++ {
		switch {
		case i < len(a) && a[i] == "#":
			return join(both, b[min(i, len(b)):]), true
		case i < len(b) && b[i] == "#":
			return join(both, a[min(i, len(a)):]), true
		case a[i] == "+":
			both = append(both, b[i])
		default:
			both = append(both, a[i])
		}
	}
	return join(both, nil), true
}

func join(segments, rest []string) channel.Pattern {
	return channel.Pattern(strings.Join(slices.Concat(segments, rest), "/"))
}

// compareRules compares two rules for channels that both select.
func (b *breaking) compareRules(was, now *policy.Rule) {
	about := was.Name()
	if now.Name() != was.Name() {
		about += " (now by the rule " + now.Name() + ")"
	}
	b.compareAccess(about, was, now)
	b.lower(about, "max_message", cmp.Or(was.MaxMessageBytes, int64(b.was.MaxMessage)), cmp.Or(now.MaxMessageBytes, int64(b.now.MaxMessage)), asSize)
	b.lower(about, "rate", int64(was.Rate.PerSecond), int64(now.Rate.PerSecond), plain)
	if was.Presence && !now.Presence {
		b.say(about, "there is no presence any more")
	}
	if was.History.Kept() && !now.History.Kept() {
		b.say(about, "nothing is kept any more")
	} else if was.History.Kept() {
		b.lower(about, "history.count", int64(was.History.Count), int64(now.History.Count), plain)
		b.lower(about, "history.age", int64(was.History.Age), int64(now.History.Age), asDuration)
		b.lower(about, "history.bytes", was.History.Bytes, now.History.Bytes, asSize)
	}
	b.compareContent(about, was.Content, now.Content)
	b.compareSchemas(about, was, now)
}

func (b *breaking) compareContent(about string, was, now *policy.Content) {
	if now == nil {
		return
	}
	if was == nil {
		b.say(about, "messages have to be binary now, as content says")
		was = new(policy.Content)
	}
	if len(now.Types) > 0 && (len(was.Types) == 0 || slices.ContainsFunc(was.Types, func(t string) bool { return !now.Allows(t) })) {
		b.say(about, "content.types allows less")
	}
	if len(now.Magic) > 0 && (len(was.Magic) == 0 || slices.ContainsFunc(was.Magic, func(m []byte) bool { return !now.Begins(m) })) {
		b.say(about, "content.magic allows less")
	}
}

func (b *breaking) compareSchemas(about string, was, now *policy.Rule) {
	if now.Schema == nil {
		return
	}
	if was.Schema == nil {
		b.say(about, "messages have to be JSON text now that fits %s", now.Schema.Name())
		return
	}
	for _, change := range schema.Breaking(was.Schema, now.Schema) {
		sure := "may refuse more"
		if change.Unsure {
			sure = "can't be compared in full"
		}
		b.say(about, "%s %s: %s", now.Schema.Name(), sure, change)
	}
}

// compareAccess says where fewer clients may do something.
func (b *breaking) compareAccess(about string, was, now *policy.Rule) {
	for _, right := range []struct {
		name     string
		was, now policy.Who
	}{
		{"subscribe", was.Access.Subscribe, now.Access.Subscribe},
		{"publish", was.Access.Publish, now.Access.Publish},
		{"presence", was.Access.Presence, now.Access.Presence},
		{"history", was.Access.History, now.Access.History},
	} {
		before, after := circleOf(was, right.was), circleOf(now, right.now)
		if after < before {
			b.say(about, "access.%s was for %s, and is for %s now", right.name, before, after)
		} else if after == ownerAlone && before == ownerAlone && was.Owner != now.Owner {
			b.say(about, "access.%s: the owner of the channel is another one now", right.name)
		}
	}
}

// circle is how many clients may do something: each holds those before it.
type circle int

const (
	nobody circle = iota
	granted
	ownerAlone
	users
	anyone
)

func (c circle) String() string {
	return [...]string{"nobody", "who has a grant", "the owner of the channel", "all users", "anyone"}[c]
}

func circleOf(r *policy.Rule, who policy.Who) circle {
	switch {
	case who == policy.Nobody:
		return nobody
	case who == policy.Anyone:
		return anyone
	case who == policy.Users && r.Owner > 0:
		return ownerAlone
	case who == policy.Users:
		return users
	}
	return granted
}
