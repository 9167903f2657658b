package door

import (
	"context"
	"crypto/x509"
	"net/netip"

	"github.com/holdfast-dev/holdfast/internal/auth"
	"github.com/holdfast-dev/holdfast/internal/certs"
	"github.com/holdfast-dev/holdfast/internal/session"
)

// Arrive is Connect for a connection that is no request of HTTP, of a client who may have shown a certificate that was
// verified, and says later who it is otherwise: see Greet. The error is one that VerdictOf knows; the audit has been told.
func (d *Door) Arrive(ctx context.Context, from netip.Addr, cert *x509.Certificate) (*session.Client, error) {
	err := d.Clients.Knock(ctx, from)
	var a session.Arrival
	if err == nil {
		a, err = d.identifyCertificate(ctx, cert)
	}
	var c *session.Client
	if err == nil {
		c, err = d.Clients.Admit(d.Edge, from, a.Who)
	}
	if err != nil {
		d.tell(from, nil, err)
		return nil, err
	}
	c.Shows(a)
	return c, nil
}

// identifyCertificate returns whom a certificate is of, which may be nil. A certificate without a name that can be used is
// as good as none: a token may follow.
func (d *Door) identifyCertificate(ctx context.Context, cert *x509.Certificate) (session.Arrival, error) {
	if cert == nil || d.ClientNames == "" {
		return session.Arrival{Who: anonymous}, nil
	}
	name, err := certs.Identity(cert, d.ClientNames)
	if err != nil {
		return session.Arrival{Who: anonymous}, nil
	}
	return d.authenticate(ctx, auth.Credentials{Certificate: name})
}
