package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/holdfast-dev/holdfast/internal/certs"
	"github.com/holdfast-dev/holdfast/internal/config"
	"github.com/holdfast-dev/holdfast/internal/engine"
	"github.com/holdfast-dev/holdfast/internal/server"
)

// waysToServe are what to write for a server that can be reached securely.
const waysToServe = `There are three ways to serve securely. Write the lines of one into the configuration:

  # 1. Certificate files, which are read again when they change.
  listen: {https: ":443", http: ":80"}
  tls:
    certificates: [/etc/holdfast/fullchain.pem]
    keys: [/etc/holdfast/privkey.pem]

  # 2. Certificates from an authority such as Let's Encrypt, by ACME.
  listen: {https: ":443", http: ":80"}
  tls:
    acme: {domains: [chat.example.com], email: you@example.com, agree: true}

  # 3. Behind a proxy that ends TLS. Name its address: nobody else is answered.
  listen: {http: "10.0.0.5:8080", proxies: [10.0.0.1]}

For a try on this machine there is: holdfast dev

`

// checkSecure refuses a configuration by which clients would not come over TLS, and says what to do.
func checkSecure(c *config.Config, std streams) error {
	problem := ""
	certificates := len(c.TLS.Certificates) > 0 || len(c.TLS.ACME.Domains) > 0
	switch {
	case c.Listen.HTTPS == "" && certificates:
		return fail(exitFiles, "there are certificates (tls), but listen.https does not say where to serve with them; write listen.https, as in :443")
	case c.Listen.HTTPS == "" && c.Listen.HTTP == "":
		problem = "the configuration does not say where to serve"
	case c.Listen.HTTPS != "" && !certificates:
		problem = "listen.https needs a certificate"
	case c.Listen.HTTPS == "" && len(c.Listen.Proxies) == 0:
		problem = "listen.http alone would let everybody read along"
	default:
		return nil
	}
	if _, err := io.WriteString(std.err, waysToServe); err != nil {
		return err
	}
	return fail(exitFiles, "%s; see the three ways above", problem)
}

// openCertificates opens what tls asks for.
func openCertificates(t *config.TLS, dataDir string, log *slog.Logger) (*certs.Store, error) {
	o := certs.Options{
		ClientAuth:     clientAuth[t.ClientAuth],
		ClientCA:       t.ClientCA,
		Handshakes:     t.Handshakes,
		HandshakeQueue: t.HandshakeQueue,
		Log:            log,
	}
	for i, cert := range t.Certificates {
		pair := certs.PairFiles{Cert: cert}
		if len(t.Keys) > 0 {
			pair.Key = t.Keys[i]
		}
		o.Pairs = append(o.Pairs, pair)
	}
	if len(t.ACME.Domains) > 0 {
		roots, err := rootsIn(t.ACME.CARoot)
		if err != nil {
			return nil, fail(exitFiles, "tls.acme.ca_root: %w", err)
		}
		o.ACME = &certs.ACMEOptions{
			Dir:       filepath.Join(dataDir, "acme"),
			Directory: t.ACME.Directory(),
			Domains:   t.ACME.Domains,
			Email:     t.ACME.Email,
			Roots:     roots,
		}
	}
	store, err := certs.Open(o)
	if err != nil {
		return nil, fail(exitFiles, "%w", err)
	}
	return store, nil
}

var clientAuth = map[string]tls.ClientAuthType{
	"none":     tls.NoClientCert,
	"optional": tls.VerifyClientCertIfGiven,
	"required": tls.RequireAndVerifyClientCert,
}

// rootsIn returns the authorities in a file, or nil without one.
func rootsIn(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s holds no certificate in PEM (-----BEGIN CERTIFICATE-----)", file)
	}
	return pool, nil
}

// explainServe says why the server can't start, and which key to change.
func explainServe(c *config.Config, err error) error {
	if nodes, ok := errors.AsType[*engine.ListenError](err); ok {
		return fail(exitListen, "%w", nodes)
	}
	if store, ok := errors.AsType[*server.StoreError](err); ok {
		return fail(exitFiles, "cannot open the log of the channels: %w", store.Err)
	}
	refused, ok := errors.AsType[*server.ListenError](err)
	if !ok {
		return fail(exitListen, "cannot start the server: %w", err)
	}
	key := "listen.https"
	_, port, _ := net.SplitHostPort(refused.Addr)
	if _, https, err := net.SplitHostPort(c.Listen.HTTPS); err != nil || https != port {
		key = "listen.http"
	}
	switch {
	case errors.Is(err, syscall.EADDRINUSE) || errors.Is(err, wsaeaddrinuse):
		return fail(exitListen, "cannot listen on %s: the port is in use; stop the other program, or change %s", refused.Addr, key)
	case errors.Is(err, syscall.EACCES):
		return fail(exitListen, "cannot listen on %s: this port is not allowed to you; grant it (AmbientCapabilities=CAP_NET_BIND_SERVICE in systemd), or change %s to a port from 1024 on", refused.Addr, key)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return fail(exitListen, "cannot listen on %s: it is not an address of this machine; change %s", refused.Addr, key)
	}
	return fail(exitListen, "cannot listen on %s: %w; change %s", refused.Addr, refused.Err, key)
}

// describeTLS returns where certificates come from and what clients show, in words; "" for nothing.
func describeTLS(t *config.TLS) string {
	var words []string
	if n := len(t.Certificates); n > 0 {
		words = append(words, count(n, "certificate file"))
	}
	if len(t.ACME.Domains) > 0 {
		words = append(words, strings.Join(t.ACME.Domains, ", ")+" from "+t.ACME.CA)
	}
	if t.ClientAuth != "none" {
		words = append(words, "client certificates "+t.ClientAuth)
	}
	return strings.Join(words, "; ")
}
