package api

import (
	"net/http"
	"time"

	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/edge/door"
	"github.com/holdfast-dev/holdfast/internal/session"
	"github.com/holdfast-dev/holdfast/protocol"
)

// connection is one of a client's.
type connection struct {
	ID            string            `json:"id"`
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
}

// listConnections returns connections of this node, in the order in which they have come.
func (h *Handler) listConnections(c *call) (any, error) {
	user, name, after := c.query.text("user"), c.query.text("channel"), c.query.text("after")
	limit := c.query.number("limit", usualPage, maxPage)
	if name != "" {
		if _, err := channelOf(name); err != nil {
			return nil, err
		}
	}
	if err := c.query.done(); err != nil {
		return nil, err
	}
	page, next, err := h.door.Clients.Page(after, limit, func(one *session.Client) bool {
		return (user == "" || one.Who().User == user) && (name == "" || one.Hears(channel.Name(name)))
	})
	if err != nil {
		return nil, badRequest("after: %w", err)
	}
	answer := &connectionsPage{Connections: make([]connection, len(page)), Next: next}
	for i, one := range page {
		answer.Connections[i] = newConnection(one.Info())
	}
	return answer, nil
}

func newConnection(i session.Info) connection {
	c := connection{
		ID: i.ID, Edge: i.Edge, User: i.Who.User, Server: i.Who.Server, Session: i.Session, Since: i.Since.UTC(),
		Subscriptions: i.Subscriptions[:min(len(i.Subscriptions), maxSubscriptions)],
	}
	if i.From.IsValid() {
		c.Address = i.From.String()
	}
	return c
}

type disconnectRequest struct {
	Connection string `json:"connection"`
	Session    string `json:"session"`
	User       string `json:"user"`
	Code       int    `json:"code"`      // of the close frame, 4000 to 4499 or 1000
	Reason     string `json:"reason"`    // for the client
	Reconnect  bool   `json:"reconnect"` // the client shall come back, by itself
}

type disconnected struct {
	Disconnected int `json:"disconnected"` // connections
}

// disconnect ends connections of this node: one, those of a session, or those of a user.
func (h *Handler) disconnect(c *call) (any, error) {
	r, err := decode[disconnectRequest](c)
	if err == nil {
		err = r.check()
	}
	if err != nil {
		return nil, err
	}
	code := protocol.CloseDisconnected
	switch {
	case r.Code != 0:
		code = protocol.CloseCode(r.Code)
	case r.Reconnect:
		code = closeComeBack
	}
	if r.Reason == "" {
		r.Reason = "disconnected by the application"
	}
	if r.Connection != "" {
		one := h.door.Clients.Find(r.Connection)
		if one == nil {
			return &disconnected{}, nil
		}
		one.End(code, r.Reason)
		return &disconnected{1}, nil
	}
	return &disconnected{h.door.Clients.End(func(one *session.Client) bool {
		return r.User != "" && one.Who().User == r.User || r.Session != "" && one.Session() == r.Session
	}, code, r.Reason)}, nil
}

// closeComeBack is what clients come back after, with their sessions and positions.
const closeComeBack = protocol.CloseCode(1012)

// check refuses what nobody can have meant.
func (r *disconnectRequest) check() error {
	named := 0
	for _, name := range []string{r.Connection, r.Session, r.User} {
		if name != "" {
			named++
		}
	}
	switch {
	case named != 1:
		return badRequest("a connection, a session or a user is disconnected; name exactly one")
	case r.Code != 0 && r.Reconnect:
		return badRequest("code and reconnect are both there; a code says itself whether clients come back, so leave one out")
	case r.Code != 0 && r.Code != 1000 && (r.Code < 4000 || r.Code > 4499):
		return badRequest("the code %d is not for applications; use 1000, or one from 4000 to 4499, after which clients do not come back, or reconnect", r.Code)
	case len(r.Reason) > door.MaxReasonBytes:
		return refusal("too_large", http.StatusUnprocessableEntity, "the reason has %d bytes, and a close frame has room for %d", len(r.Reason), door.MaxReasonBytes)
	}
	return nil
}
