package admin

import (
	"context"
	"iter"
	"net/url"
)

// Channel is a channel that has subscribers.
type Channel struct {
	Name        string `json:"channel"`
	Subscribers int    `json:"subscribers"` // those to patterns not counted
	Present     int    `json:"present"`     // users; 0 without presence too
	Position    string `json:"position"`    // where somebody who subscribes now would begin; "" without history
}

// Channels yields the channels that have subscribers and that a pattern selects, in the order of their names. "#" selects
// all. An error ends it, also an *Unanswered behind the last channel: the subscribers of a node are missing.
func (c *Client) Channels(ctx context.Context, pattern string) iter.Seq2[Channel, error] {
	query := url.Values{"pattern": {pattern}, "limit": {pageSize}}
	return paged(ctx, query, func(ctx context.Context, query url.Values) (page[Channel], error) {
		var p struct {
			Channels []Channel `json:"channels"`
			Next     string    `json:"next"`

			Unanswered []string `json:"unanswered"`
		}
		err := c.get(ctx, "/v1/channels", query, &p)
		return page[Channel]{p.Channels, p.Next, p.Unanswered}, err
	})
}

// Present is a user in a channel.
type Present struct {
	User        string `json:"user"`    // "" for somebody who is not known
	Session     string `json:"session"` // of somebody who is not known
	Info        string `json:"info"`    // what the newest connection's token says of the user: text or JSON
	Connections int    `json:"connections"`
}

// Presence yields who is in a channel, in the order of their names. An error ends it.
func (c *Client) Presence(ctx context.Context, channel string) iter.Seq2[Present, error] {
	query := url.Values{"channel": {channel}, "limit": {pageSize}}
	return paged(ctx, query, func(ctx context.Context, query url.Values) (page[Present], error) {
		var p struct {
			Users []Present `json:"users"`
			Next  string    `json:"next"`
		}
		err := c.get(ctx, "/v1/presence", query, &p)
		return page[Present]{entries: p.Users, next: p.Next}, err
	})
}

// PresenceCount returns how many users are in a channel, and with how many connections.
func (c *Client) PresenceCount(ctx context.Context, channel string) (users, connections int, err error) {
	var p struct {
		Count struct {
			Users       int `json:"users"`
			Connections int `json:"connections"`
		} `json:"count"`
	}
	err = c.get(ctx, "/v1/presence", url.Values{"channel": {channel}, "count": {"true"}}, &p)
	return p.Count.Users, p.Count.Connections, err
}
