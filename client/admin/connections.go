package admin

import (
	"context"
	"iter"
	"net/url"
	"time"
)

// Connection is one of a client's, on the node that answers.
type Connection struct {
	ID            string    `json:"id"`
	Edge          string    `json:"edge"`   // how it came: "socket", "channels"
	User          string    `json:"user"`   // "" for somebody who is not known
	Server        bool      `json:"server"` // it came in with an API key
	Session       string    `json:"session"`
	Address       string    `json:"address"`
	Since         time.Time `json:"since"`
	Subscriptions []string  `json:"subscriptions"` // channels and patterns, the first 100
}

// Filter selects connections. The zero value selects all.
type Filter struct {
	User    string
	Channel string // those that hear it, by its name or by a pattern
}

// Connections yields connections in the order in which they have come. An error ends it.
func (c *Client) Connections(ctx context.Context, f Filter) iter.Seq2[Connection, error] {
	query := url.Values{"limit": {pageSize}}
	for name, value := range map[string]string{"user": f.User, "channel": f.Channel} {
		if value != "" {
			query.Set(name, value)
		}
	}
	return paged(ctx, query, func(ctx context.Context, query url.Values) (page[Connection], error) {
		var p struct {
			Connections []Connection `json:"connections"`
			Next        string       `json:"next"`
		}
		err := c.get(ctx, "/v1/connections", query, &p)
		return page[Connection]{p.Connections, p.Next}, err
	})
}

// Disconnection says whom to disconnect, and how: exactly one of Connection, Session and User.
type Disconnection struct {
	Connection string `json:"connection,omitempty"` // the id of one
	Session    string `json:"session,omitempty"`
	User       string `json:"user,omitempty"`

	Code      int    `json:"code,omitempty"`      // 1000, or 4000 to 4499, after which clients do not come back; 0 for 4403
	Reason    string `json:"reason,omitempty"`    // for the client, at most 123 bytes
	Reconnect bool   `json:"reconnect,omitempty"` // clients come back by themselves, with their sessions
}

// Disconnect ends connections on the node that answers, and returns how many. It keeps nobody out: see Revoke.
func (c *Client) Disconnect(ctx context.Context, d Disconnection) (int, error) {
	var answer struct {
		Disconnected int `json:"disconnected"`
	}
	err := c.post(ctx, "/v1/disconnect", d, &answer)
	return answer.Disconnected, err
}
