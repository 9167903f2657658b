package session

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/holdfast-dev/holdfast/internal/auth"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/hooks"
)

// Arrival is what a client has shown when it came.
type Arrival struct {
	Who    *auth.Identity // as far as the server itself can tell
	Token  string         // one that it can tell nothing of; "" for none
	Header http.Header    // what Clients.Wanted has left of that of its request
}

// Greeting is what the backend says to a client that comes.
type Greeting struct {
	Who       *auth.Identity
	Subscribe []channel.Name // what it is to be subscribed to
}

// Greets tells whether the backend wants to be asked about those who come.
func (cs *Clients) Greets() bool { return cs.Backend.Asks(hooks.Connect, "") }

// Wanted returns the part of a request's header that the backend wants to see.
func (cs *Clients) Wanted(h http.Header) http.Header {
	wanted := make(http.Header)
	for _, name := range cs.Backend.Headers() {
		if values := h.Values(name); len(values) > 0 {
			wanted[http.CanonicalHeaderKey(name)] = values
		}
	}
	return wanted
}

// Shows notes what the client has shown with its handshake, for an edge that finds out later who it is.
func (c *Client) Shows(a Arrival) {
	if a.Token != "" || len(a.Header) > 0 {
		c.shown = &a
	}
}

// Shown returns what the client has shown with its handshake.
func (c *Client) Shown() Arrival {
	if c.shown == nil {
		return Arrival{Who: c.Who()}
	}
	return *c.shown
}

// Greet asks the backend, if it wants to be, whether a client may come in and who it is. An answer counts for as long as
// the backend has said, for whoever shows the same. The error is a *hooks.Refusal, a *hooks.Unavailable, an *auth.Error, or
// that of ctx. The client is who it was before: see Identify.
func (c *Client) Greet(ctx context.Context, a Arrival) (Greeting, error) {
	cs := c.clients
	if a.Who.Server || !cs.Greets() {
		return unasked(a)
	}
	r := &hooks.ConnectRequest{Client: c.about(), Identity: a.Who, Token: a.Token, Headers: a.Header}
	r.User, r.Info = a.Who.User, a.Who.Info
	key := keyOf(r)
	if g, ok := cs.greetings.get(key, time.Now()); ok {
		return g, nil
	}
	var reply *hooks.ConnectReply
	err := cs.ask(ctx, func(ctx context.Context) (err error) {
		reply, err = cs.Backend.Connect(ctx, r)
		return err
	})
	switch {
	case errors.Is(err, hooks.ErrNotAsked):
		return unasked(a)
	case err != nil:
		return Greeting{}, err
	}
	g := Greeting{Who: reply.Identity, Subscribe: reply.Subscribe}
	if g.Who.Issued.IsZero() {
		g.Who.Issued = time.Now() // or it would count as revoked with what the user had before
	}
	if reply.TTL > 0 {
		cs.greetings.put(key, g, time.Now().Add(reply.TTL))
	}
	return g, nil
}

// unasked is the greeting of a client whom the backend is not asked about. Nobody vouches then for a token that the server
// can tell nothing of.
func unasked(a Arrival) (Greeting, error) {
	if a.Token != "" {
		return Greeting{}, &auth.Error{
			Code:    auth.Unauthorized,
			Check:   auth.CheckForm,
			Message: "the token is no JSON Web Token, and the backend could not be asked what it is; get another token, or try again later",
		}
	}
	return Greeting{Who: a.Who}, nil
}
