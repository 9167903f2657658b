package session

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/hub"
	"github.com/holdfast-dev/holdfast/internal/policy"
)

// Log is where a rule with history keeps the messages of its channels; [broker.Log] is one.
type Log interface {
	hub.Log
	// Append stores m without waiting for it. done is called once, from another goroutine.
	Append(ctx context.Context, m *broker.Message, done func(broker.Ack, error))
	// State tells how much is kept.
	State(ctx context.Context) (broker.State, error)
}

// Channels are the channels of this node as every edge uses them: what the rules say, who is
// subscribed, what is kept. Its methods may be called from any goroutine.
type Channels struct {
	// Listener is told what happens in channels. Not to be changed once there are subscriptions; nobody to begin with.
	Listener Listener

	// Retain keeps a message that has been published and that its publisher wants kept for those who subscribe later
	// (broker.Meta), unless the channel's rule keeps every last one. It is called when the message is stored, or has been
	// given to all, and calls done when it is kept too. Nil keeps none. It is set before anything is published.
	Retain func(m *broker.Message, done func(error))

	hub   *hub.Hub
	rules *policy.Rules
	kept  map[*policy.Rule]kept // of the rules with history
	paces *paces

	occupancy occupancy

	published atomic.Int64 // messages that were not refused
}

// kept is where the messages of a rule with history are.
type kept struct {
	log  Log
	feed *hub.Feed
}

// NewChannels opens the log of each rule with history and follows it. Close h to end that.
func NewChannels(ctx context.Context, h *hub.Hub, rules *policy.Rules, open func(context.Context, *policy.Rule) (Log, error)) (*Channels, error) {
	c := &Channels{Listener: noBackend, hub: h, rules: rules, kept: make(map[*policy.Rule]kept), paces: newPaces()}
	for _, r := range rules.All() {
		if !r.History.Kept() {
			continue
		}
		log, err := open(ctx, r)
		if err != nil {
			return nil, fmt.Errorf("the history of the channels %s can't be opened: %w", r.Channels, err)
		}
		feed, err := h.Follow(ctx, log, broker.Retention{Count: r.History.Count, Age: r.History.Age, Bytes: r.History.Bytes})
		if err != nil {
			return nil, fmt.Errorf("the history of the channels %s can't be read: %w", r.Channels, err)
		}
		c.kept[r] = kept{log, feed}
	}
	return c, nil
}

// Rules returns the rules of all channels.
func (c *Channels) Rules() *policy.Rules { return c.rules }

// Rule returns the rule of a channel.
func (c *Channels) Rule(name channel.Name) *policy.Rule { return c.rules.For(name) }

// Subscribe opens a subscription to the channels that a pattern selects, as their rules say. Like
// Open, it delivers nothing before Start. Messages of the source without are left out, unless it is
// empty. A channel whose rule retains the last message begins with it, if start does not say otherwise.
func (c *Channels) Subscribe(channels channel.Pattern, start Start, without string, to Receiver) (*Subscription, error) {
	return c.Open(Request{Channels: channels, Start: start, Without: without}, to)
}

// Open is Subscribe with all that a Request can say. Its Parts are those of the rules.
func (c *Channels) Open(r Request, to Receiver) (*Subscription, error) {
	r.Parts = nil
	ephemeral := false
	for _, rule := range touching(c.rules, r.Channels) {
		part := Part{Feed: c.kept[rule].feed, Delivery: rule.Delivery, Slow: rule.Slow}
		if part.Feed == nil && ephemeral {
			continue // one part carries the messages of all ephemeral channels
		}
		ephemeral = ephemeral || part.Feed == nil
		if r.Latest {
			part.Delivery = policy.DeliverLatest
		}
		if r.CatchUp && part.Feed != nil {
			part.Delivery, part.Slow = policy.DeliverAll, policy.SlowCatchUp
		}
		r.Parts = append(r.Parts, part)
	}
	if name, one := r.Channels.IsName(); one && c.rules.For(name).RetainLast && !r.Start.Asked() && !r.OnlyNew {
		r.Start.Last = 1
	}
	s, err := Open(c.hub, r, to)
	if err == nil {
		s.seat = c.seat(r.Channels)
	}
	return s, err
}

// touching returns the rules of the channels that a pattern selects.
func touching(rules *policy.Rules, p channel.Pattern) []*policy.Rule {
	if name, one := p.IsName(); one {
		return []*policy.Rule{rules.For(name)}
	}
	return rules.Touching(p)
}

// Subscribers returns how many subscriptions a channel has on this node, those to patterns not
// counted.
func (c *Channels) Subscribers(name channel.Name) int {
	if k, stored := c.kept[c.rules.For(name)]; stored {
		return k.feed.Followers(name)
	}
	return c.hub.Subscribers(name)
}

// Epoch returns that of the log that keeps a channel's messages, or "" if none does.
func (c *Channels) Epoch(name channel.Name) string {
	if k, stored := c.kept[c.rules.For(name)]; stored {
		return k.feed.Epoch()
	}
	return ""
}

// ErrNoHistory says that a channel keeps no messages.
var ErrNoHistory = errors.New("the channel keeps no history: the rules of the server give none to channels of this name")

// History reads what a channel keeps: behind the position in start, its newest messages, or, for the
// zero value, from the oldest on; at most most messages, and about 256 KiB. The error is ErrNoHistory or
// one of the broker's.
func (c *Channels) History(ctx context.Context, name channel.Name, start Start, most int) (*broker.Page, error) {
	k, stored := c.kept[c.rules.For(name)]
	if !stored {
		return nil, ErrNoHistory
	}
	if start.Last > 0 {
		return k.log.Last(ctx, name.Pattern(), min(start.Last, most))
	}
	after, known := start.behind(k.log.Epoch())
	page, err := k.log.Read(ctx, name.Pattern(), after, most)
	if err == nil && len(start.Since) > 0 && !known {
		page.Lost = true
	}
	return page, err
}
