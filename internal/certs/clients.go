package certs

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"sync/atomic"
)

// clients is what is asked of clients' certificates: that one of the authorities in a file vouches for them.
type clients struct {
	auth  tls.ClientAuthType
	watch watch                      // guarded by the store's lock
	base  *tls.Config                // what to ask it with
	ready atomic.Pointer[tls.Config] // base with the authorities of the file
}

// openClients loads the authorities for the first time.
func openClients(auth tls.ClientAuthType, file string, base *tls.Config) (*clients, error) {
	c := &clients{auth: auth, watch: watch{paths: []string{file}}, base: base}
	if _, err := c.reload(); err != nil {
		return nil, fmt.Errorf("cannot use the authorities for clients' certificates: %w; check tls.client_ca", err)
	}
	return c, nil
}

// reload looks at the file. It reports whether there are new authorities, or why there are none although
// the file has changed.
func (c *clients) reload() (fresh bool, err error) {
	contents, changed, err := c.watch.look()
	if !changed || err != nil {
		return false, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(contents[0]) {
		return false, fmt.Errorf("%s holds no certificate in PEM (-----BEGIN CERTIFICATE-----)", c.watch.paths[0])
	}
	cfg := c.base.Clone()
	cfg.ClientAuth, cfg.ClientCAs = c.auth, pool
	c.ready.Store(cfg)
	return true, nil
}

// configFor implements [tls.Config.GetConfigForClient]. Sessions that are resumed are checked against the new
// authorities too; crypto/tls sees to that.
func (c *clients) configFor(hello *tls.ClientHelloInfo) (*tls.Config, error) {
	if isChallenge(hello) {
		return nil, nil // an authority that checks a name has no certificate; it can't do anything else here
	}
	return c.ready.Load(), nil
}
