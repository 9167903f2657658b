// Package door is where clients come in, whatever the edge: it finds out who they are, keeps out those
// who may not come or are too many, and says why.
package door

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"

	"github.com/holdfast-dev/holdfast/internal/auth"
	"github.com/holdfast-dev/holdfast/internal/certs"
	"github.com/holdfast-dev/holdfast/internal/session"
	"github.com/holdfast-dev/holdfast/internal/telemetry"
	"github.com/holdfast-dev/holdfast/websocket"
)

// Door lets clients in to one edge. Its methods may be called from any goroutine.
type Door struct {
	Edge    string // its name, for the log
	Clients *session.Clients
	Auth    *auth.Authenticator
	Sources auth.Sources // where a request may have credentials
	// ClientNames is the rule, one of package certs, by which a client's certificate says who the client is; ""
	// if it does not.
	ClientNames string
	Origins     []string // web origins allowed besides the same one, as in websocket.AcceptOptions
	// GreetsLater is for an edge whose clients say after the handshake who they are: it has to call Greet then, and Begin.
	GreetsLater bool
	Audit       *telemetry.Audit
	// Answer writes a refusal in the form that the edge answers in. Nil is a line of text.
	Answer func(w http.ResponseWriter, r Refusal)
}

// anonymous is who has shown nothing.
var anonymous = new(auth.Identity)

// Connect lets in whoever sends a handshake. The client has to call Leave when its connection is over.
// Otherwise the request has been answered with the reason.
func (d *Door) Connect(w http.ResponseWriter, r *http.Request) (*session.Client, bool) {
	c, ok := d.Stay(w, r)
	if ok && !d.GreetsLater {
		c.Begin()
	}
	return c, ok
}

// Stay is Connect for a single request that waits for its answer: it counts as a connection, but the backend is not told of its end.
func (d *Door) Stay(w http.ResponseWriter, r *http.Request) (*session.Client, bool) {
	err := d.checkOrigin(r)
	if err == nil {
		err = d.Clients.Knock(r.Context(), remote(r))
	}
	var c *session.Client
	if err == nil {
		c, err = d.admit(r)
	}
	if err != nil {
		d.Refuse(w, r, nil, err)
	}
	return c, err == nil
}

// admit lets in whoever sends a handshake. While the backend is asked, the client counts as a connection.
func (d *Door) admit(r *http.Request) (*session.Client, error) {
	arrival, err := d.identify(r)
	if err != nil {
		return nil, err
	}
	c, err := d.Clients.Admit(d.Edge, remote(r), arrival.Who)
	switch {
	case err != nil:
		return nil, err
	case d.GreetsLater:
		c.Shows(arrival)
		return c, nil
	}
	if err := greet(r.Context(), c, arrival); err != nil {
		c.Leave()
		return nil, err
	}
	return c, nil
}

// Visit lets in whoever sends any other request, which counts like a message without bytes. Otherwise the request has
// been answered with the reason.
func (d *Door) Visit(w http.ResponseWriter, r *http.Request) (c *session.Client, ok bool) {
	err := d.checkOrigin(r)
	var arrival session.Arrival
	if err == nil {
		arrival, err = d.identify(r)
	}
	if err == nil {
		c = d.Clients.Visit(d.Edge, remote(r), arrival.Who)
		err = c.Spend(1, 0)
	}
	if err == nil {
		err = greet(r.Context(), c, arrival)
	}
	if err != nil {
		d.Refuse(w, r, c, err)
	}
	return c, err == nil
}

// Stray refuses a request that belongs to nothing that is here. It counts like Visit's, so that nobody can try many.
func (d *Door) Stray(w http.ResponseWriter, r *http.Request, why error) {
	c := d.Clients.Visit(d.Edge, remote(r), anonymous)
	if err := c.Spend(1, 0); err != nil {
		why = err
	}
	d.Refuse(w, r, c, why)
}

// greet asks the backend about a client, and makes it who the backend says it is.
func greet(ctx context.Context, c *session.Client, a session.Arrival) error {
	g, err := c.Greet(ctx, a)
	if err == nil && g.Who != a.Who {
		err = c.Identify(g.Who, "")
	}
	return err
}

// Greet finds out who a client is that says so after its handshake (see GreetsLater): by a token or, without one, by what
// came with the handshake; and by the backend. It is for the edge to say so with Identify.
func (d *Door) Greet(ctx context.Context, c *session.Client, token string) (session.Greeting, error) {
	a := c.Shown()
	if token != "" {
		found, err := d.authenticate(ctx, auth.Credentials{Token: token})
		if err != nil {
			return session.Greeting{}, err
		}
		a.Who, a.Token = found.Who, found.Token
	}
	g, err := c.Greet(ctx, a)
	if err == nil {
		err = d.Clients.Welcome(g.Who)
	}
	return g, err
}

func (d *Door) checkOrigin(r *http.Request) error {
	err := websocket.CheckOrigin(r, d.Origins)
	switch {
	case err == nil:
		return nil
	case len(r.Header.Values("Origin")) > 1: // there is no one origin to add
		return &originError{err}
	}
	return &originError{fmt.Errorf("%w; whoever runs the server can add it to listen.origins", err)}
}

// identify finds out who sends a request, and what the backend is to be shown of it.
func (d *Door) identify(r *http.Request) (session.Arrival, error) {
	found, err := auth.FromRequest(r, d.Sources)
	if err != nil {
		return session.Arrival{}, err
	}
	// A browser sends cookies along whatever page asks for it. Only the server's own may use them.
	foreign := websocket.CheckOrigin(r, nil) != nil
	if found.ByCookie && foreign {
		found.Credentials = auth.Credentials{}
	}
	if cert := certs.PeerCertificate(r); d.ClientNames != "" && cert != nil {
		found.Certificate, err = certs.Identity(cert, d.ClientNames)
		if err != nil && found.Token == "" && found.APIKey == "" {
			return session.Arrival{}, &auth.Error{Code: auth.Unauthorized, Check: auth.CheckCredentials, Message: err.Error()}
		}
	}
	a, err := d.authenticate(r.Context(), found.Credentials)
	if err == nil && d.Clients.Greets() {
		a.Header = d.Clients.Wanted(r.Header)
		if foreign {
			a.Header.Del("Cookie")
		}
	}
	return a, err
}

// authenticate returns whose credentials they are, and the token among them if that is for the backend to know.
func (d *Door) authenticate(ctx context.Context, c auth.Credentials) (a session.Arrival, err error) {
	if c.Token != "" && c.APIKey == "" && d.Clients.Greets() && !d.Auth.Checks(c.Token) {
		a.Token, c.Token = c.Token, ""
	}
	if c == (auth.Credentials{}) {
		a.Who = anonymous
		return a, nil
	}
	who, err := d.Auth.Authenticate(ctx, c)
	if err != nil {
		return session.Arrival{}, err
	}
	a.Who = &who
	return a, nil
}

// remote returns the address of a request's client.
func remote(r *http.Request) netip.Addr {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{} // a listener in memory
	}
	return at.Addr()
}
