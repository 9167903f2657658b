// Package door is where clients come in, whatever the edge: it finds out who they are, keeps out those
// who may not come or are too many, and says why.
package door

import (
	"context"
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
	Audit       *telemetry.Audit
	// Answer writes a refusal in the form that the edge answers in. Nil is a line of text.
	Answer func(w http.ResponseWriter, r Refusal)
}

// anonymous is who has shown nothing.
var anonymous = new(auth.Identity)

// Connect lets in whoever sends a handshake. The client has to call Leave when its connection is over.
// Otherwise the request has been answered with the reason.
func (d *Door) Connect(w http.ResponseWriter, r *http.Request) (*session.Client, bool) {
	from := remote(r)
	err := d.checkOrigin(r)
	if err == nil {
		err = d.Clients.Knock(r.Context(), from)
	}
	if err == nil {
		var who *auth.Identity
		if who, err = d.identify(r); err == nil {
			var c *session.Client
			if c, err = d.Clients.Admit(d.Edge, from, who); err == nil {
				return c, true
			}
		}
	}
	d.Refuse(w, r, nil, err)
	return nil, false
}

// Visit lets in whoever sends any other request, which counts like a message without bytes. Otherwise the request has
// been answered with the reason.
func (d *Door) Visit(w http.ResponseWriter, r *http.Request) (c *session.Client, ok bool) {
	err := d.checkOrigin(r)
	if err == nil {
		var who *auth.Identity
		if who, err = d.identify(r); err == nil {
			c = d.Clients.Visit(remote(r), who)
			err = c.Spend(1, 0)
		}
	}
	if err != nil {
		d.Refuse(w, r, c, err)
	}
	return c, err == nil
}

// Stray refuses a request that belongs to nothing that is here. It counts like Visit's, so that nobody can try many.
func (d *Door) Stray(w http.ResponseWriter, r *http.Request, why error) {
	c := d.Clients.Visit(remote(r), anonymous)
	if err := c.Spend(1, 0); err != nil {
		why = err
	}
	d.Refuse(w, r, c, why)
}

func (d *Door) checkOrigin(r *http.Request) error {
	if err := websocket.CheckOrigin(r, d.Origins); err != nil {
		return &originError{err}
	}
	return nil
}

// identify returns who sends a request.
func (d *Door) identify(r *http.Request) (*auth.Identity, error) {
	found, err := auth.FromRequest(r, d.Sources)
	if err != nil {
		return nil, err
	}
	// A browser sends cookies along whatever page asks for it. Only the server's own may use them.
	if found.ByCookie && websocket.CheckOrigin(r, nil) != nil {
		found.Credentials = auth.Credentials{}
	}
	if cert := certs.PeerCertificate(r); d.ClientNames != "" && cert != nil {
		found.Certificate, err = certs.Identity(cert, d.ClientNames)
		if err != nil && found.Token == "" && found.APIKey == "" {
			return nil, &auth.Error{Code: auth.Unauthorized, Check: auth.CheckCredentials, Message: err.Error()}
		}
	}
	return d.authenticate(r.Context(), found.Credentials)
}

// Authenticate returns whose token it is.
func (d *Door) Authenticate(ctx context.Context, token string) (*auth.Identity, error) {
	return d.authenticate(ctx, auth.Credentials{Token: token})
}

func (d *Door) authenticate(ctx context.Context, c auth.Credentials) (*auth.Identity, error) {
	if c == (auth.Credentials{}) {
		return anonymous, nil
	}
	who, err := d.Auth.Authenticate(ctx, c)
	if err != nil {
		return nil, err
	}
	return &who, nil
}

// remote returns the address of a request's client.
func remote(r *http.Request) netip.Addr {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{} // a listener in memory
	}
	return at.Addr()
}
