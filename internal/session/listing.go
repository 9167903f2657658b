package session

import (
	"cmp"
	"context"
	"slices"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/hub"
	"github.com/holdfast-dev/holdfast/internal/policy"
)

// Listed is a channel that has subscribers on this node.
type Listed struct {
	Name        channel.Name
	Subscribers int             // subscriptions, those to patterns not counted
	At          broker.Position // where somebody who subscribes now would begin; zero if nothing is kept
}

// source is where channels are listed from: the ephemeral ones, or those of a log.
type source struct {
	epoch    string
	channels func(p channel.Pattern, after channel.Name, most int) ([]hub.Listed, channel.Name)
}

// List returns channels with subscribers in the order of their names: at most most of those that p selects, behind
// after, which is "" for the first. next is where to go on, "" at the end; a page may be short, or empty, and have a
// next. Cost: a look at the names that begin like p, without holding anybody up.
func (c *Channels) List(p channel.Pattern, after channel.Name, most int) (page []Listed, next channel.Name) {
	for _, s := range c.sources() {
		found, upTo := s.channels(p, after, most)
		for _, one := range found {
			l := Listed{Name: one.Name, Subscribers: one.Subscribers}
			if s.epoch != "" {
				l.At = broker.Position{Epoch: s.epoch, Offset: one.Offset}
			}
			page = append(page, l)
		}
		if upTo != "" && (next == "" || upTo < next) {
			next = upTo // nobody knows what else there is behind it
		}
	}
	slices.SortFunc(page, func(a, b Listed) int { return cmp.Compare(a.Name, b.Name) })
	if next != "" {
		page = slices.DeleteFunc(page, func(l Listed) bool { return l.Name > next })
	}
	if len(page) > most {
		page = page[:most]
		next = page[most-1].Name
	}
	return page, next
}

func (c *Channels) sources() []source {
	all := []source{{"", c.hub.Channels}}
	for _, k := range c.kept {
		all = append(all, source{k.feed.Epoch(), k.feed.Channels})
	}
	return all
}

// LogState is how much the log of a rule keeps.
type LogState struct {
	Rule  *policy.Rule
	Epoch string
	broker.State
	Err error // why nothing is known; nil if it is
}

// Logs tells how much is kept, by rule, in the order of the rules.
func (c *Channels) Logs(ctx context.Context) []LogState {
	var all []LogState
	for _, r := range c.rules.All() {
		if k, stored := c.kept[r]; stored {
			state, err := k.log.State(ctx)
			all = append(all, LogState{r, k.log.Epoch(), state, err})
		}
	}
	return all
}

// Counts is how much there is to do on this node.
type Counts struct {
	hub.Counts
	Published int64 // messages that were not refused
}

// Counts returns how much there is now.
func (c *Channels) Counts() Counts { return Counts{c.hub.Counts(), c.published.Load()} }
