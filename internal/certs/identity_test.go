package certs

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"net/url"
	"strings"
	"testing"
)

func TestAnIdentityIsTheOneNameOfItsKind(t *testing.T) {
	uri := func(s string) *url.URL {
		u, err := url.Parse(s)
		check(t, err)
		return u
	}
	named := func(cn string) *x509.Certificate {
		return &x509.Certificate{Subject: pkix.Name{CommonName: cn}}
	}
	full := named("billing")
	full.URIs, full.DNSNames, full.EmailAddresses = []*url.URL{uri("spiffe://example.org/billing")}, []string{"Billing.example"}, []string{"billing@example.org"}
	two := &x509.Certificate{DNSNames: []string{"a.example", "b.example"}}
	for _, test := range []struct {
		cert       *x509.Certificate
		rule       string
		want, fail string
	}{
		{full, ByURI, "spiffe://example.org/billing", ""},
		{full, ByDNS, "billing.example", ""},
		{full, ByEmail, "billing@example.org", ""},
		{full, ByCN, "billing", ""},
		{full, "sn", "", `there is no rule "sn"; use one of uri, dns, email, cn`},
		{&x509.Certificate{}, ByURI, "", "has no URI"},
		{&x509.Certificate{}, ByDNS, "", "has no DNS name"},
		{&x509.Certificate{}, ByEmail, "", "has no email address"},
		{&x509.Certificate{}, ByCN, "", "has no common name"},
		{two, ByDNS, "", "has 2 of the kind DNS name"},
		{named("admin\n"), ByCN, "", "has characters that can't be shown"},
		{named("admin\u202e"), ByCN, "", "has characters that can't be shown"},
		{named("admin "), ByCN, "", "begins or ends with a space"},
		{named("\xff"), ByCN, "", "is not UTF-8"},
		{named(strings.Repeat("a", 256)), ByCN, "", "longer than 255 bytes"},
	} {
		got, err := Identity(test.cert, test.rule)
		if got != test.want || (err == nil) != (test.fail == "") || err != nil && !strings.Contains(err.Error(), test.fail) {
			t.Errorf("%v by %s: %q, %v; want %q, %q", test.cert.Subject, test.rule, got, err, test.want, test.fail)
		}
	}
}
