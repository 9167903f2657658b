package config

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"
)

// defaultTLS is the section of who says nothing about it.
var defaultTLS = TLS{ACME: ACME{CA: "letsencrypt"}, ClientAuth: "none", HandshakeQueue: 1024, HSTS: 365 * 24 * time.Hour}

func TestWhatCanNotBeMeantOfTLSIsTold(t *testing.T) {
	for text, want := range map[string]string{
		"tls: {certificates: [a, b], keys: [c]}": "tls.keys has 1 files and tls.certificates 2; give each certificate its key, in the same order",
		"tls: {keys: [c]}":                       "tls.keys has 1 files and tls.certificates 0; give each certificate its key, in the same order",
		"tls: {certificates: [a], acme: {domains: [a.example], agree: true}}":            "tls.certificates and tls.acme.domains are both given; leave one of them out",
		"tls: {client_auth: required}":                                                   `tls.client_auth is required and tls.client_ca ""; clients that show a certificate (optional, required) need a file of authorities, and others none`,
		"tls: {client_ca: ca.pem}":                                                       `tls.client_auth is none and tls.client_ca "ca.pem"; clients that show a certificate (optional, required) need a file of authorities, and others none`,
		"tls: {client_auth: maybe}":                                                      `tls.client_auth: there is no "maybe"; use one of none, optional, required`,
		"tls: {acme: {domains: [chat.example.com]}}":                                     "tls.acme.agree: the authority wants you to agree to its terms of service (those of Let's Encrypt are at https://letsencrypt.org/repository/); write true if you do",
		"tls: {acme: {domains: ['*.example.com'], agree: true}}":                         `tls.acme.domains: "*.example.com" needs a proof by DNS, which is not offered; list the names one by one, or use tls.certificates`,
		"tls: {acme: {domains: ['https://a.example'], agree: true}}":                     `tls.acme.domains: "https://a.example" is no domain name; write it as in chat.example.com, without scheme and port`,
		"tls: {acme: {domains: ['10.0.0.1'], agree: true}}":                              `tls.acme.domains: "10.0.0.1" is no domain name; write it as in chat.example.com, without scheme and port`,
		"tls: {acme: {ca: http://a.example}}":                                            `tls.acme.ca: "http://a.example" is no authority; write letsencrypt, letsencrypt-staging, or the https URL of a directory`,
		"tls: {acme: {email: 3}, certificate: x}":                                        "unknown key tls.certificate; did you mean tls.certificates?",
		"listen: {proxies: [proxy.example]}":                                             `listen.proxies: "proxy.example" is no address; write one, or a range, as in 10.0.0.7 or 10.0.0.0/8`,
		"listen: {proxies: [0.0.0.0/0]}":                                                 "listen.proxies: everybody would be a proxy; name the addresses of yours",
		"listen: {proxies: ['::/0']}":                                                    "listen.proxies: everybody would be a proxy; name the addresses of yours",
		"listen: {proxy_protocol: true}":                                                 "listen.proxy_protocol is true, but nobody may use it; name the proxies in listen.proxies",
		"tls: {handshake_concurrency: 100001}":                                           "tls.handshake_concurrency: 100001 is too large; the most is 100000",
		"tls: {acme: {domains: [" + strings.Repeat("a", 64) + ".example], agree: true}}": `tls.acme.domains: "` + strings.Repeat("a", 64) + `.example" is no domain name; write it as in chat.example.com, without scheme and port`,
	} {
		if got := problems(t, Options{File: fileWith(t, text)}); got != "F:1: "+want {
			t.Errorf("%s says\n  %s\nwant\n  F:1: %s", text, got, want)
		}
	}
}

func TestAnAuthorityHasANameOrAURL(t *testing.T) {
	for ca, want := range map[string]string{
		"letsencrypt":               "https://acme-v02.api.letsencrypt.org/directory",
		"letsencrypt-staging":       "https://acme-staging-v02.api.letsencrypt.org/directory",
		"https://ca.internal/acme/": "https://ca.internal/acme/",
	} {
		c := mustLoad(t, Options{Environ: []string{"HOLDFAST_TLS_ACME_CA=" + ca, "HOLDFAST_TLS_ACME_DOMAINS=Chat.Example.com,b.example.com", "HOLDFAST_TLS_ACME_AGREE=true"}})
		if got := c.TLS.ACME.Directory(); got != want {
			t.Errorf("%s is at %s, want %s", ca, got, want)
		}
		if got := c.TLS.ACME.Domains; !slices.Equal(got, []string{"chat.example.com", "b.example.com"}) {
			t.Errorf("the domains are %q", got)
		}
	}
}

func TestProxiesAreAddressesAndRanges(t *testing.T) {
	c := mustLoad(t, Options{File: fileWith(t, `listen: {proxies: [10.1.2.3, "10.0.0.0/8", "10.9.9.9/8", "::ffff:192.0.2.1", "fd00::/8"]}`)})
	got, err := c.Listen.ProxyPrefixes()
	if err != nil {
		t.Fatal(err)
	}
	want := []netip.Prefix{netip.MustParsePrefix("10.1.2.3/32"), netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("192.0.2.1/32"), netip.MustParsePrefix("fd00::/8")}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestProductionListensNowhereUnlessToldTo(t *testing.T) {
	if c := mustLoad(t, Options{Production: true}); c.Listen.HTTPS != "" || c.Listen.HTTP != "" {
		t.Errorf("got %+v", c.Listen)
	}
	if c := mustLoad(t, Options{Production: true, File: fileWith(t, `listen: {https: ":443"}`)}); c.Listen.HTTPS != ":443" || c.Listen.HTTP != "" {
		t.Errorf("got %+v", c.Listen)
	}
}
