package api

import (
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
}

// listChannels returns channels that have subscribers on this node.
func (h *Handler) listChannels(c *call) (any, error) {
	p, after, limit := channel.Pattern("#"), c.query.text("after"), c.query.number("limit", usualPage, maxPage)
	if text := c.query.text("pattern"); text != "" {
		var err error
		if p, err = patternOf(text); err != nil {
			return nil, err
		}
	}
	if err := c.query.done(); err != nil {
		return nil, err
	}
	page, next := h.channels.List(p, channel.Name(after), limit)
	answer := &channelsPage{Channels: make([]listed, len(page)), Next: next}
	for i, one := range page {
		l := listed{Channel: one.Name, Subscribers: one.Subscribers}
		if one.At != (broker.Position{}) {
			l.Position = one.At.String()
		}
		if h.channels.Rule(one.Name).Presence {
			users, _ := h.config.Presence.Count(one.Name)
			l.Present = &users
		}
		answer.Channels[i] = l
	}
	return answer, nil
}
