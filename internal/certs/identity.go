package certs

import (
	"crypto/x509"
	"fmt"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The rules by which a client's certificate says who the client is.
const (
	ByURI   = "uri"   // the URI among its alternative names, as in spiffe://example.org/billing
	ByDNS   = "dns"   // the DNS name among them
	ByEmail = "email" // the email address among them
	ByCN    = "cn"    // the common name of its subject
)

// maxIdentityBytes bounds a name that goes into logs and permissions.
const maxIdentityBytes = 255

// Identity returns who a verified certificate is of, by one of the rules above. A certificate with several names of
// the kind is refused, because nobody could tell which of them is meant; so is one with none.
func Identity(cert *x509.Certificate, rule string) (string, error) {
	var found []string
	var kind string
	switch rule {
	case ByURI:
		kind = "URI"
		for _, u := range cert.URIs {
			found = append(found, u.String())
		}
	case ByDNS:
		kind = "DNS name"
		for _, name := range cert.DNSNames {
			found = append(found, strings.ToLower(name))
		}
	case ByEmail:
		kind, found = "email address", cert.EmailAddresses
	case ByCN:
		kind = "common name"
		if cert.Subject.CommonName != "" {
			found = []string{cert.Subject.CommonName}
		}
	default:
		return "", fmt.Errorf("there is no rule %q; use one of %s, %s, %s, %s", rule, ByURI, ByDNS, ByEmail, ByCN)
	}
	switch {
	case len(found) == 0:
		return "", fmt.Errorf("the client's certificate has no %s; issue one that has, or choose another rule", kind)
	case len(found) > 1:
		return "", fmt.Errorf("the client's certificate has %d of the kind %s; issue one that has a single one, or choose another rule", len(found), kind)
	}
	if err := checkIdentity(found[0]); err != nil {
		return "", fmt.Errorf("the %s of the client's certificate can't be used: %w", kind, err)
	}
	return found[0], nil
}

// checkIdentity refuses names that would not be themselves in a log or a rule.
func checkIdentity(name string) error {
	switch {
	case len(name) > maxIdentityBytes:
		return fmt.Errorf("it is longer than %d bytes", maxIdentityBytes)
	case !utf8.ValidString(name):
		return fmt.Errorf("it is not UTF-8")
	case strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }):
		return fmt.Errorf("it has characters that can't be shown")
	case strings.TrimSpace(name) != name || name == "":
		return fmt.Errorf("it is empty, or begins or ends with a space")
	}
	return nil
}

// PeerCertificate returns the certificate that the client of a request has shown and that was verified, or nil.
func PeerCertificate(r *http.Request) *x509.Certificate {
	if r.TLS == nil || len(r.TLS.VerifiedChains) == 0 {
		return nil
	}
	return r.TLS.VerifiedChains[0][0]
}
