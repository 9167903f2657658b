package api

import (
	"errors"
	"math"
	"net/http"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/holdfast-dev/holdfast/internal/session"
)

type invokeRequest struct {
	Connection string         `json:"connection"`
	Method     string         `json:"method"`
	Arguments  jsontext.Value `json:"arguments"` // an array; none if it is left out
	Timeout    float64        `json:"timeout"`   // in seconds; usualInvocation if it is left out
}

type invoked struct {
	Result jsontext.Value `json:"result"`
}

const (
	usualInvocation = 10.0 // seconds
	maxInvocation   = 60.0
	maxMethodBytes  = 256
)

// invoke invokes a method of a client that is connected to this node, and answers with its result.
func (h *Handler) invoke(c *call) (any, error) {
	r, err := decode[invokeRequest](c)
	if err == nil {
		err = r.check()
	}
	if err != nil {
		return nil, err
	}
	one := h.door.Clients.Find(r.Connection)
	if one == nil {
		return nil, refusal("no_connection", http.StatusNotFound, "there is no connection %.60q on this node, or not any more", r.Connection)
	}
	result, err := one.Invoke(c.ctx, r.Method, r.Arguments, time.Duration(r.Timeout*float64(time.Second)))
	_, clients := errors.AsType[*session.ClientError](err)
	switch {
	case err == nil:
		return &invoked{result}, nil
	case clients, errors.Is(err, session.ErrGone):
		return nil, refusal("client_error", http.StatusBadGateway, "%w", err)
	case errors.Is(err, session.ErrNoAnswer):
		return nil, refusal("client_timeout", http.StatusGatewayTimeout, "%w", err)
	case errors.Is(err, session.ErrNotInvokable):
		return nil, refusal("cannot_invoke", http.StatusConflict, "%w", err)
	}
	return nil, err
}

// check refuses what can't be invoked, and fills in what has been left out.
func (r *invokeRequest) check() error {
	if r.Arguments == nil {
		r.Arguments = jsontext.Value("[]")
	}
	if r.Timeout == 0 {
		r.Timeout = usualInvocation
	}
	switch {
	case r.Connection == "":
		return badRequest("name a connection, by the id that /v1/connections tells")
	case r.Method == "" || len(r.Method) > maxMethodBytes:
		return badRequest("name a method of the client, of at most %d bytes", maxMethodBytes)
	case r.Arguments.Kind() != '[':
		return badRequest("the arguments are an array")
	case math.IsNaN(r.Timeout) || r.Timeout < 0 || r.Timeout > maxInvocation:
		return badRequest("the timeout is in seconds, at most %g", maxInvocation)
	}
	return nil
}
