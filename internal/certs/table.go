package certs

import (
	"crypto/tls"
	"crypto/x509"
	"strings"
)

// table finds the certificate for a client by the name that it asks for (SNI, RFC 6066 section 3). It is
// immutable.
type table struct {
	byName map[string][]*tls.Certificate // by name in lower case, "*.example.com" included
	first  *tls.Certificate
}

func newTable(certs []*tls.Certificate) *table {
	t := &table{byName: map[string][]*tls.Certificate{}, first: certs[0]}
	for _, cert := range certs {
		for _, name := range names(cert.Leaf) {
			t.byName[name] = append(t.byName[name], cert)
		}
	}
	return t
}

// find returns the first certificate for the client's name that it can use, or the first for that name; for
// a name that none is for, or none, the first of all.
func (t *table) find(hello *tls.ClientHelloInfo) *tls.Certificate {
	name := strings.ToLower(strings.TrimSuffix(hello.ServerName, "."))
	candidates := t.byName[name]
	if _, parent, ok := strings.Cut(name, "."); ok {
		candidates = append(candidates[:len(candidates):len(candidates)], t.byName["*."+parent]...)
	}
	for _, cert := range candidates {
		if hello.SupportsCertificate(cert) == nil {
			return cert
		}
	}
	if len(candidates) > 0 {
		return candidates[0]
	}
	return t.first
}

// names returns what a certificate is for: its DNS names in lower case, and its addresses.
func names(cert *x509.Certificate) []string {
	var all []string
	for _, name := range cert.DNSNames {
		all = append(all, strings.ToLower(name))
	}
	for _, ip := range cert.IPAddresses {
		all = append(all, ip.String())
	}
	return all
}
