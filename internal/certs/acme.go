package certs

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"net/http"
	"slices"
	"sync/atomic"

	"github.com/caddyserver/certmagic"
	"go.uber.org/zap"
)

// challengeProtocol is what an authority asks for when it checks a name in a TLS handshake (RFC 8737).
const challengeProtocol = "acme-tls/1"

// ACMEOptions says whom to get certificates from (RFC 8555), and for which names. Using them means agreeing to
// the authority's terms of service.
type ACMEOptions struct {
	Dir       string // where accounts, keys and certificates are kept; made if need be, for the user alone
	Directory string // URL of the authority's directory
	Domains   []string
	Email     string
	Roots     *x509.CertPool // whom to trust as to the directory; nil for the system's
}

// Ports says where the authority's questions arrive: behind whatever leads ports 80 and 443 of the names to
// this server. 0 means that they do not.
type Ports struct {
	Host        string // of both; "" for all addresses
	HTTP, HTTPS int
}

// acme gets certificates and renews them in the last third of their life. certmagic does the work; it also staples.
type acme struct {
	options ACMEOptions
	log     *slog.Logger
	cache   *certmagic.Cache
	issuer  atomic.Pointer[certmagic.ACMEIssuer] // nil until run

	loaded chan struct{} // closed by run when what was kept is at hand
	magic  *certmagic.Config
}

func newACME(o ACMEOptions, log *slog.Logger) *acme {
	return &acme{options: o, log: log, loaded: make(chan struct{})}
}

// run gets and renews until ctx ends.
func (a *acme) run(ctx context.Context, at Ports) {
	var magic *certmagic.Config
	quiet := zap.NewNop() // what matters comes as an event
	cache := certmagic.NewCache(certmagic.CacheOptions{
		GetConfigForCert: func(certmagic.Certificate) (*certmagic.Config, error) { return magic, nil },
		Logger:           quiet,
	})
	defer cache.Stop()
	magic = certmagic.New(cache, certmagic.Config{
		Storage:            &certmagic.FileStorage{Path: a.options.Dir},
		DefaultServerName:  a.options.Domains[0],
		FallbackServerName: a.options.Domains[0],
		OnEvent:            a.tell,
		Logger:             quiet,
	})
	issuer := certmagic.NewACMEIssuer(magic, certmagic.ACMEIssuer{
		CA:                      a.options.Directory,
		Email:                   a.options.Email,
		Agreed:                  true,
		TrustedRoots:            a.options.Roots,
		ListenHost:              at.Host,
		AltHTTPPort:             at.HTTP, // certmagic finds that we listen there, and leaves the answering to us
		AltTLSALPNPort:          at.HTTPS,
		DisableHTTPChallenge:    at.HTTP == 0,
		DisableTLSALPNChallenge: at.HTTPS == 0,
		Logger:                  quiet,
	})
	magic.Issuers = []certmagic.Issuer{issuer}
	a.cache, a.magic = cache, magic
	a.issuer.Store(issuer)
	if err := magic.ManageAsync(ctx, a.options.Domains); err != nil && ctx.Err() == nil {
		a.log.Error("cannot use the certificates that were kept; make their directory readable and writable for the server, and start it again",
			"error", err, "dir", a.options.Dir)
	}
	close(a.loaded)
	<-ctx.Done()
}

// tell logs what certmagic does.
func (a *acme) tell(_ context.Context, event string, data map[string]any) error {
	name, renewal := data["identifier"], data["renewal"] == true
	switch event {
	case "cert_obtaining":
		a.log.Info("getting a certificate", "name", name, "renewal", renewal, "from", a.options.Directory)
	case "cert_obtained":
		a.log.Info("got a certificate", "name", name, "renewal", renewal, "from", a.options.Directory)
	case "cached_managed_cert":
		a.log.Info("the certificate is in use", "names", data["sans"])
	case "cert_failed":
		a.log.Error("cannot get a certificate; it is tried again; the name must lead to this server, and the authority must reach port 80 or 443 of it",
			"error", data["error"], "name", name, "renewal", renewal, "from", a.options.Directory)
	case "cert_ocsp_revoked":
		a.log.Error("the certificate was revoked; it is replaced", "names", data["subjects"])
	}
	return nil
}

// certificate implements [tls.Config.GetCertificate]. Just after the start it waits for what was kept to be loaded.
func (a *acme) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	select {
	case <-a.loaded:
		return a.magic.GetCertificate(hello)
	case <-hello.Context().Done():
		return nil, hello.Context().Err()
	}
}

func (a *acme) serveChallenge(w http.ResponseWriter, r *http.Request) bool {
	issuer := a.issuer.Load()
	return issuer != nil && issuer.HandleHTTPChallenge(w, r)
}

func (a *acme) all() []held {
	select {
	case <-a.loaded:
	default:
		return nil
	}
	var all []held
	for _, domain := range a.options.Domains {
		for _, cert := range a.cache.AllMatchingCertificates(domain) {
			if cert.Leaf != nil {
				all = append(all, held{&cert.Certificate, a.options.Directory})
			}
		}
	}
	return all
}

// isChallenge tells whether a handshake is an authority's check of a name, and can be nothing else.
func isChallenge(hello *tls.ClientHelloInfo) bool {
	return slices.Equal(hello.SupportedProtos, []string{challengeProtocol})
}
