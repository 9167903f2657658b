package api

import (
	"context"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/session"
)

// connection is one of a client's.
type connection struct {
	ID            string            `json:"id"`
	Node          string            `json:"node"` // its name
	Edge          string            `json:"edge"`
	User          string            `json:"user,omitzero"`
	Server        bool              `json:"server,omitzero"` // it came in with an API key
	Session       string            `json:"session,omitzero"`
	Address       string            `json:"address,omitzero"`
	Since         time.Time         `json:"since"`
	Subscriptions []channel.Pattern `json:"subscriptions"` // channels and patterns, at most maxSubscriptions
}

// maxSubscriptions bounds those of one connection on a page.
const maxSubscriptions = 100

// connectionsPage is a part of the connections.
type connectionsPage struct {
	Connections []connection `json:"connections"`
	Next        string       `json:"next,omitzero"`
	partial
}

// connectionsQuestion asks a node for connections of its own.
type connectionsQuestion struct {
	User    string       `json:"user,omitzero"`
	Channel channel.Name `json:"channel,omitzero"`
	After   string       `json:"after,omitzero"` // the id of a connection of the node, "" for the first
	Limit   int          `json:"limit"`
}

const connectionsTopic = "api.connections"

// maxParts is how many parts of lists one page is made of.
const maxParts = 50

// listConnections returns connections of all nodes: node by node, in the order in which they have come.
func (h *Handler) listConnections(c *call) (any, error) {
	q := connectionsQuestion{User: c.query.text("user"), Channel: channel.Name(c.query.text("channel")), After: c.query.text("after")}
	q.Limit = c.query.number("limit", usualPage, maxPage)
	if q.Channel != "" {
		if _, err := channelOf(string(q.Channel)); err != nil {
			return nil, err
		}
	}
	if err := c.query.done(); err != nil {
		return nil, err
	}
	if err := session.CheckConnectionID(q.After); q.After != "" && err != nil {
		return nil, badRequest("after: %w", err)
	}
	return h.connections(c.ctx, q), nil
}

// connections returns a page of the connections of all nodes. What it goes on from names its node, so that every node can
// go on; a node that is gone has no connections any more.
func (h *Handler) connections(ctx context.Context, q connectionsQuestion) *connectionsPage {
	page := &connectionsPage{Connections: []connection{}}
	begin, limit, parts := nodeOf(q.After), q.Limit, 0
	for _, n := range h.nodes() {
		if n.ID < begin {
			continue
		}
		if n.ID > begin {
			q.After = session.FirstConnectionID(n.ID)
		}
		for {
			if parts++; len(page.Connections) == limit || parts > maxParts {
				page.Next = q.After
				return page
			}
			q.Limit = limit - len(page.Connections)
			part, err := ask[connectionsPage](ctx, h, n.ID, connectionsTopic, q)
			if err != nil {
				page.misses(n)
				break
			}
			page.Connections = append(page.Connections, part.Connections...)
			if q.After = part.Next; q.After == "" {
				break
			}
		}
	}
	return page
}

// ownConnections answers a node with connections of this one.
func (h *Handler) ownConnections(_ context.Context, _ string, q *connectionsQuestion) (*connectionsPage, error) {
	found, next, err := h.door.Clients.Page(q.After, q.Limit, func(one *session.Client) bool {
		return (q.User == "" || one.Who().User == q.User) && (q.Channel == "" || one.Hears(q.Channel))
	})
	if err != nil {
		return nil, err
	}
	page := &connectionsPage{Connections: make([]connection, 0, len(found)), Next: next}
	name, bytes := h.cluster.Self().Name, 0
	for i, one := range found {
		c := newConnection(name, one.Info())
		text, err := json.Marshal(c)
		if err != nil {
			return nil, err
		}
		if bytes += len(text); bytes > maxPartBytes && i > 0 {
			page.Next = found[i-1].ID()
			break
		}
		page.Connections = append(page.Connections, c)
	}
	return page, nil
}

func newConnection(node string, i session.Info) connection {
	c := connection{
		ID: i.ID, Node: node, Edge: i.Edge, User: i.Who.User, Server: i.Who.Server, Session: i.Session, Since: i.Since.UTC(),
		Subscriptions: i.Subscriptions[:min(len(i.Subscriptions), maxSubscriptions)],
	}
	if i.From.IsValid() {
		c.Address = i.From.String()
	}
	return c
}
