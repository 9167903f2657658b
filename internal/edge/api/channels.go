package api

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
)

// listed is a channel that has subscribers.
type listed struct {
	Channel     channel.Name `json:"channel"`
	Subscribers int          `json:"subscribers"`
	Present     *int         `json:"present,omitzero"`  // users; nil without presence
	Position    string       `json:"position,omitzero"` // where somebody who subscribes now would begin; "" without history
}

// channelsPage is a part of the channels that have subscribers.
type channelsPage struct {
	Channels []listed     `json:"channels"`
	Next     channel.Name `json:"next,omitzero"`
	partial
}

// channelsQuestion asks a node for channels that have subscribers there.
type channelsQuestion struct {
	Pattern channel.Pattern `json:"pattern"`
	After   channel.Name    `json:"after,omitzero"`
	Limit   int             `json:"limit"`
}

// occupiedPage is a part of the channels that have subscribers on one node.
type occupiedPage struct {
	Channels []occupied   `json:"channels"`
	Next     channel.Name `json:"next,omitzero"` // nobody knows of those behind it
}

// occupied is a channel that has subscribers, on one node or on several.
type occupied struct {
	Name        channel.Name `json:"name"`
	Subscribers int          `json:"subscribers"`
	Offset      uint64       `json:"offset,omitzero"` // where somebody who subscribes now would begin
	Epoch       string       `json:"epoch,omitzero"`  // of the log; "" if nothing is kept
}

const channelsTopic = "api.channels"

// listChannels returns channels that have subscribers, on whichever nodes.
func (h *Handler) listChannels(c *call) (any, error) {
	q := channelsQuestion{Pattern: "#", After: channel.Name(c.query.text("after")), Limit: c.query.number("limit", usualPage, maxPage)}
	if text := c.query.text("pattern"); text != "" {
		var err error
		if q.Pattern, err = patternOf(text); err != nil {
			return nil, err
		}
	}
	if err := c.query.done(); err != nil {
		return nil, err
	}
	page, missing := h.occupied(c.ctx, q)
	answer := &channelsPage{Channels: make([]listed, len(page.Channels)), Next: page.Next, partial: missing}
	for i, one := range page.Channels {
		l := listed{Channel: one.Name, Subscribers: one.Subscribers}
		if one.Epoch != "" {
			l.Position = broker.Position{Epoch: one.Epoch, Offset: one.Offset}.String()
		}
		if h.channels.Rule(one.Name).Presence {
			users, _ := h.config.Presence.Count(one.Name)
			l.Present = &users
		}
		answer.Channels[i] = l
	}
	return answer, nil
}

// occupied returns a page of the channels that have subscribers on any node, in the order of their names. It ends where the
// first node knows no further.
func (h *Handler) occupied(ctx context.Context, q channelsQuestion) (page occupiedPage, missing partial) {
	all, missing := askAll[occupiedPage](ctx, h, channelsTopic, q)
	sum := make(map[channel.Name]occupied)
	for _, one := range all {
		for _, c := range one.answer.Channels {
			known := sum[c.Name]
			c.Subscribers += known.Subscribers
			if c.Epoch == known.Epoch {
				c.Offset = max(c.Offset, known.Offset)
			}
			sum[c.Name] = c
		}
		if next := one.answer.Next; next != "" && (page.Next == "" || next < page.Next) {
			page.Next = next
		}
	}
	page.Channels = slices.SortedFunc(maps.Values(sum), func(a, b occupied) int { return cmp.Compare(a.Name, b.Name) })
	if page.Next != "" {
		page.Channels = slices.DeleteFunc(page.Channels, func(c occupied) bool { return c.Name > page.Next })
	}
	if len(page.Channels) > q.Limit {
		page.Channels = page.Channels[:q.Limit]
		page.Next = page.Channels[q.Limit-1].Name
	}
	return page, missing
}

// ownOccupied answers a node with channels that have subscribers on this one.
func (h *Handler) ownOccupied(_ context.Context, _ string, q *channelsQuestion) (*occupiedPage, error) {
	found, next := h.channels.List(q.Pattern, q.After, q.Limit)
	page := &occupiedPage{Channels: make([]occupied, 0, len(found)), Next: next}
	bytes := 0
	for i, one := range found {
		if bytes += 2*len(one.Name) + occupiedBytes; bytes > maxPartBytes && i > 0 {
			page.Next = found[i-1].Name
			break
		}
		page.Channels = append(page.Channels, occupied{one.Name, one.Subscribers, one.At.Offset, one.At.Epoch})
	}
	return page, nil
}

// occupiedBytes is what a channel takes in JSON besides its name, which takes twice its bytes where it is all escapes.
const occupiedBytes = 120
