package admin

import (
	"context"
	"iter"
	"net/url"
	"time"
)

// Connection is one of a client's.
type Connection struct {
	ID            string    `json:"id"`
	Node          string    `json:"node"`   // the name of the node that it is on
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

// Connections yields connections, node by node and in the order in which they have come. An error ends it, also an *Unanswered behind the last
// connection: those of a node are missing.
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
			Unanswered  []string     `json:"unanswered"`
		}
		err := c.get(ctx, "/v1/connections", query, &p)
		return page[Connection]{p.Connections, p.Next, p.Unanswered}, err
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

// Disconnect ends connections, and returns how many. It keeps nobody out: see Revoke. With an *Unanswered, those of a node
// may be there still.
func (c *Client) Disconnect(ctx context.Context, d Disconnection) (int, error) {
	var answer struct {
		Disconnected int      `json:"disconnected"`
		Unanswered   []string `json:"unanswered"`
	}
	err := c.post(ctx, "/v1/disconnect", d, &answer)
	if err == nil {
		err = unanswered(answer.Unanswered)
	}
	return answer.Disconnected, err
}

// Invocation is of a method of a client, which has to be one of SignalR.
type Invocation struct {
	Connection string // its id
	Method     string
	Arguments  []any         // as JSON
	Timeout    time.Duration // 10 s if 0, at most 1 min
}

// Invoke invokes a method of a client, and stores its result, as of [json.Unmarshal], in the
// value that result points to. A *Problem has the code client_error if the client has answered with an error or has gone,
// client_timeout if it has not answered, cannot_invoke if it has no methods. After the first two it may have done what was asked for;
// that is not tried again.
func (c *Client) Invoke(ctx context.Context, i Invocation, result any) error {
	if i.Arguments == nil {
		i.Arguments = []any{}
	}
	body := struct {
		Connection string  `json:"connection"`
		Method     string  `json:"method"`
		Arguments  []any   `json:"arguments"`
		Timeout    float64 `json:"timeout,omitempty"`
	}{i.Connection, i.Method, i.Arguments, i.Timeout.Seconds()}
	answer := struct {
		Result any `json:"result"`
	}{result}
	return c.post(ctx, "/v1/invoke", body, &answer)
}
