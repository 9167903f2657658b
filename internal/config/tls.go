package config

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// TLS says with which certificates `holdfast serve` proves who it is, and what it asks of clients.
type TLS struct {
	Certificates   []string      `key:"certificates" doc:"Files of certificates in PEM, each with its chain behind it. They are read again when they change. A client gets the first that is for the name that it asks for, or else the first of all."`
	Keys           []string      `key:"keys" doc:"The files of their keys, in the same order. Without any, each key is in its certificate's file."`
	ACME           ACME          `key:"acme" doc:"Certificates that the server gets and renews by itself, by ACME (RFC 8555), as from Let's Encrypt."`
	ClientAuth     string        `key:"client_auth" default:"none" values:"none optional required" doc:"Whether clients show a certificate: they are not asked, they may, or they must."`
	ClientCA       string        `key:"client_ca" doc:"The file of the authorities that vouch for clients' certificates, in PEM. It is read again when it changes."`
	Handshakes     int           `key:"handshake_concurrency" default:"0" least:"0" most:"100000" doc:"How many TLS handshakes may use the key at the same time; 0 is four for each processor."`
	HandshakeQueue int           `key:"handshake_queue" default:"1024" least:"0" most:"1000000" doc:"How many more may wait for that. One that comes on top fails."`
	HSTS           time.Duration `key:"hsts" default:"365d" least:"0s" most:"3650d" doc:"For how long browsers remember to come by https only (RFC 6797); 0s tells them to forget it."`
}

// ACME says how to get certificates.
type ACME struct {
	Domains []string `key:"domains" doc:"The names to get certificates for, as in [chat.example.com]. They must lead to this server: its authority connects to port 80 or 443 of them."`
	Email   string   `key:"email" doc:"Where the authority can write to when something is wrong."`
	CA      string   `key:"ca" default:"letsencrypt" doc:"The authority: letsencrypt, letsencrypt-staging to try it out with certificates that nobody trusts, or the URL of another one's directory."`
	CARoot  string   `key:"ca_root" doc:"A file with the authority that vouches for the directory itself, in PEM, if the system does not know it."`
	Agree   bool     `key:"agree" default:"false" doc:"Whether you agree to the authority's terms of service. It gives no certificate otherwise."`
}

// acmeDirectories are the authorities that have a name.
var acmeDirectories = map[string]string{
	"letsencrypt":         "https://acme-v02.api.letsencrypt.org/directory",
	"letsencrypt-staging": "https://acme-staging-v02.api.letsencrypt.org/directory",
}

// Directory returns the URL of the authority's directory.
func (a *ACME) Directory() string {
	if known, ok := acmeDirectories[a.CA]; ok {
		return known
	}
	return a.CA
}

func (t *TLS) settle(d *decoder) {
	if len(t.Keys) > 0 && len(t.Keys) != len(t.Certificates) {
		d.wrong("tls.keys", "tls.keys has %d files and tls.certificates %d; give each certificate its key, in the same order", len(t.Keys), len(t.Certificates))
	}
	if len(t.Certificates) > 0 && len(t.ACME.Domains) > 0 {
		d.wrong("tls.acme.domains", "tls.certificates and tls.acme.domains are both given; leave one of them out")
	}
	if (t.ClientAuth == "none") != (t.ClientCA == "") {
		d.wrong("tls.client_auth", "tls.client_auth is %s and tls.client_ca %q; clients that show a certificate (optional, required) need a file of authorities, and others none", t.ClientAuth, t.ClientCA)
	}
	t.ACME.settle(d)
}

func (a *ACME) settle(d *decoder) {
	for i, name := range a.Domains {
		if err := checkDomain(name); err != nil {
			d.wrong(fmt.Sprintf("tls.acme.domains[%d]", i), "tls.acme.domains: %v", err)
		}
		a.Domains[i] = strings.ToLower(name)
	}
	if u, err := url.Parse(a.Directory()); err != nil || u.Scheme != "https" || u.Host == "" {
		d.wrong("tls.acme.ca", "tls.acme.ca: %q is no authority; write letsencrypt, letsencrypt-staging, or the https URL of a directory", a.CA)
	}
	if len(a.Domains) > 0 && !a.Agree {
		d.wrong("tls.acme.agree", "tls.acme.agree: the authority wants you to agree to its terms of service (those of Let's Encrypt are at https://letsencrypt.org/repository/); write true if you do")
	}
}

var domainName = regexp.MustCompile(`^(?i:[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+(?i:[a-z][a-z0-9-]{0,61}[a-z0-9])$`)

// checkDomain tells whether an authority can check by the net that a name is ours.
func checkDomain(name string) error {
	switch {
	case strings.HasPrefix(name, "*."):
		return fmt.Errorf("%q needs a proof by DNS, which is not offered; list the names one by one, or use tls.certificates", name)
	case name == "localhost" || domainName.MatchString(name) && len(name) <= 253:
		return nil
	}
	return fmt.Errorf("%q is no domain name; write it as in chat.example.com, without scheme and port", name)
}

// settleProxies checks who may speak for other clients.
func (l *Listen) settleProxies(d *decoder) {
	if _, err := l.ProxyPrefixes(); err != nil {
		d.wrong("listen.proxies", "listen.proxies: %v", err)
	}
	if l.ProxyProtocol && len(l.Proxies) == 0 {
		d.wrong("listen.proxy_protocol", "listen.proxy_protocol is true, but nobody may use it; name the proxies in listen.proxies")
	}
}

// ProxyPrefixes returns the addresses of the proxies.
func (l *Listen) ProxyPrefixes() ([]netip.Prefix, error) {
	var all []netip.Prefix
	for _, text := range l.Proxies {
		prefix, err := parsePrefix(text)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(all, prefix) {
			all = append(all, prefix)
		}
	}
	return all, nil
}

// parsePrefix reads an address, or a range of them.
func parsePrefix(text string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(text); err == nil && addr.Zone() == "" {
		addr = addr.Unmap()
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	prefix, err := netip.ParsePrefix(text)
	switch {
	case err != nil:
		return netip.Prefix{}, fmt.Errorf("%q is no address; write one, or a range, as in 10.0.0.7 or 10.0.0.0/8", text)
	case prefix.Bits() == 0:
		return netip.Prefix{}, errors.New("everybody would be a proxy; name the addresses of yours")
	}
	return prefix.Masked(), nil
}
