package certs

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"time"
)

// restaple drops staples that are too old, and asks for those that are due. It is called by one goroutine,
// and waits for responders without holding the lock.
func (s *Store) restaple(ctx context.Context) {
	for _, p := range s.pairs {
		s.mu.Lock()
		cert, due := p.cert, p.staple.due
		if p.staple.response != nil && !time.Now().Before(p.staple.until) {
			s.log.Warn("the OCSP staple of the certificate is too old and no longer sent", "names", names(cert.Leaf))
			p.staple.response = nil
			s.publish()
		}
		s.mu.Unlock()
		if time.Now().Before(due) {
			continue
		}
		fresh, err := s.askFor(ctx, cert)
		if ctx.Err() != nil {
			return
		}
		s.mu.Lock()
		if p.cert == cert { // else it has been reloaded meanwhile, and has its turn next time
			s.setStaple(p, fresh, err)
		}
		s.mu.Unlock()
	}
}

// askFor returns a new staple; one without a response if the certificate names no responder.
func (s *Store) askFor(ctx context.Context, cert *tls.Certificate) (staple, error) {
	url, issuer, err := responder(cert)
	switch {
	case err != nil:
		return staple{}, err
	case url == "":
		return staple{due: cert.Leaf.NotAfter}, nil
	}
	return fetchStaple(ctx, s.http, url, cert.Leaf, issuer, time.Now())
}

// setStaple keeps what came of asking. After a failure the last staple is sent until it is too old.
func (s *Store) setStaple(p *pair, fresh staple, err error) {
	leaf := p.cert.Leaf
	if err != nil {
		p.staple.due = time.Now().Add(ocspRetry)
		if !p.staple.failed {
			s.log.Warn("cannot get an OCSP staple for the certificate; it is tried again", "error", err, "names", names(leaf),
				"retry_in", ocspRetry, "last_good_until", p.staple.until)
			s.warnOfMustStaple(p, leaf)
		}
		p.staple.failed = true
		return
	}
	p.staple = fresh
	if fresh.response == nil {
		s.warnOfMustStaple(p, leaf)
		return
	}
	s.log.Debug("got an OCSP staple", "names", names(leaf), "until", fresh.until)
	s.publish()
}

func (s *Store) warnOfMustStaple(p *pair, leaf *x509.Certificate) {
	if p.staple.response == nil && mustStaple(leaf) {
		s.log.Error("clients refuse the certificate: it demands an OCSP staple (must-staple), and there is none; let the server reach the authority's responder, or get a certificate without the demand",
			"names", names(leaf), "responders", leaf.OCSPServer)
	}
}
