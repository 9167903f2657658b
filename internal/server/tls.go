package server

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/holdfast-dev/holdfast/internal/certs"
)

// Front says what a server believes of those who connect, and what it asks of them, besides who they are.
type Front struct {
	Proxies       []netip.Prefix // who may say for whom they ask, in X-Forwarded-For and X-Forwarded-Proto
	Forwarded     bool           // they say it in Forwarded (RFC 7239) instead
	ProxyProtocol bool           // the proxies begin each TCP connection with a PROXY header, and nobody else can connect; there is no HTTP/3 then

	// SecureOnly lets nothing pass that the client has sent in the clear. What comes on HTTP is redirected to HTTPS,
	// except from proxies that were asked by https. If there is no HTTPS, those that do not say were too.
	SecureOnly bool
	HSTS       time.Duration // for how long browsers shall come by https only; 0 says nothing

	// Certs are watched by metrics; nil for none.
	Certs *certs.Store

	// Challenge answers requests that are an authority's question whether a name is ours, in the clear too, and reports
	// whether it has. Nil answers none.
	Challenge func(http.ResponseWriter, *http.Request) bool
}

// withProtocols returns a copy of cfg that names protocols before those that it names itself, for ALPN. Those of HTTP must
// be named: one http.Server serves the plain listeners too, and if one of those comes first, net/http leaves out
// HTTP/2 and yet offers it.
func withProtocols(cfg *tls.Config, protocols ...string) *tls.Config {
	if cfg == nil {
		return nil
	}
	cfg = cfg.Clone()
	cfg.NextProtos = append(protocols[:len(protocols):len(protocols)], cfg.NextProtos...)
	if choose := cfg.GetConfigForClient; choose != nil {
		cfg.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			chosen, err := choose(hello)
			return withProtocols(chosen, protocols...), err
		}
	}
	return cfg
}

// announcedBy puts a listener for proxies on top of each of ls, if the configuration says so.
func (s *Server) announcedBy(ls []net.Listener) []net.Listener {
	if !s.config.ProxyProtocol {
		return ls
	}
	for i, l := range ls {
		ls[i] = newAnnounced(l, s.proxies, s.canary.key, s.config.Log)
	}
	return ls
}

// connContext implements [http.Server.ConnContext].
func (s *Server) connContext(ctx context.Context, nc net.Conn) context.Context {
	for _, l := range append(s.https[:len(s.https):len(s.https)], s.http...) {
		if a, ok := l.(*announced); ok {
			ctx = a.withClient(ctx, nc)
		}
	}
	return ctx
}
