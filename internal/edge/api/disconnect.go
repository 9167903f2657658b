package api

import (
	"context"
	"net/http"

	"github.com/holdfast-dev/holdfast/internal/edge/door"
	"github.com/holdfast-dev/holdfast/internal/session"
	"github.com/holdfast-dev/holdfast/protocol"
)

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
	partial
}

const disconnectTopic = "api.disconnect"

// disconnect ends connections, of whichever nodes: one, those of a session, or those of a user.
func (h *Handler) disconnect(c *call) (any, error) {
	r, err := decode[disconnectRequest](c)
	if err == nil {
		err = r.check()
	}
	if err != nil {
		return nil, err
	}
	if r.Reason == "" {
		r.Reason = "disconnected by the application"
	}
	sum := &disconnected{}
	if r.Connection == "" {
		var all []share[disconnected]
		all, sum.partial = askAll[disconnected](c.ctx, h, disconnectTopic, r)
		for _, one := range all {
			sum.Disconnected += one.answer.Disconnected
		}
		return sum, nil
	}
	if n, alive := h.cluster.Node(nodeOf(r.Connection)); alive {
		one, err := ask[disconnected](c.ctx, h, n.ID, disconnectTopic, r)
		if err != nil {
			sum.misses(n)
		} else {
			sum.Disconnected = one.Disconnected
		}
	}
	return sum, nil
}

// disconnectOwn ends connections of this node for another.
func (h *Handler) disconnectOwn(_ context.Context, _ string, r *disconnectRequest) (*disconnected, error) {
	code := protocol.CloseDisconnected
	switch {
	case r.Code != 0:
		code = protocol.CloseCode(r.Code)
	case r.Reconnect:
		code = closeComeBack
	}
	if r.Connection != "" {
		one := h.door.Clients.Find(r.Connection)
		if one == nil {
			return &disconnected{}, nil
		}
		one.End(code, r.Reason)
		return &disconnected{Disconnected: 1}, nil
	}
	return &disconnected{Disconnected: h.door.Clients.End(func(one *session.Client) bool {
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
