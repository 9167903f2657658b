package api

import (
	"context"
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

// invoke invokes a method of a client, on whichever node it is, and answers with its result.
func (h *Handler) invoke(c *call) (any, error) {
	r, err := decode[invokeRequest](c)
	if err == nil {
		err = r.check()
	}
	if err != nil {
		return nil, err
	}
	node, alive := h.cluster.Node(nodeOf(r.Connection))
	if !alive {
		return nil, noConnection(r.Connection)
	}
	var done *invocation
	if node.ID == h.cluster.Self().ID {
		done = h.invokeOwn(c.ctx, &r)
	} else if done, err = h.invokeOn(c.ctx, node, &r); err != nil {
		return nil, err
	}
	return done.outcome(r.Connection)
}

func noConnection(id string) error {
	return refusal("no_connection", http.StatusNotFound, "there is no connection %.60q, or not any more", id)
}

// invokeOwn invokes a method of a client that is connected to this node.
func (h *Handler) invokeOwn(ctx context.Context, r *invokeRequest) *invocation {
	one := h.door.Clients.Find(r.Connection)
	if one == nil {
		return &invocation{Failed: failedNoConnection}
	}
	result, err := one.Invoke(ctx, r.Method, r.Arguments, time.Duration(r.Timeout*float64(time.Second)))
	if err == nil {
		return &invocation{Result: result}
	}
	i := &invocation{Failed: failedOtherwise, Why: err.Error(), err: err}
	_, clients := errors.AsType[*session.ClientError](err)
	switch {
	case clients, errors.Is(err, session.ErrGone):
		i.Failed = failedClient
	case errors.Is(err, session.ErrNoAnswer):
		i.Failed = failedNoAnswer
	case errors.Is(err, session.ErrNotInvokable):
		i.Failed = failedNoMethods
	}
	return i
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
