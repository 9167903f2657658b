package server

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"net/http"
	"strings"
	"testing"

	"github.com/holdfast-dev/holdfast/internal/certs"
	"github.com/holdfast-dev/holdfast/internal/certs/certstest"
	"github.com/holdfast-dev/holdfast/internal/policy"
)

func TestACertificateOfAClientSaysWhoItIs(t *testing.T) {
	authority := certstest.New(t)
	serverCert := authority.Issue(certstest.Names("localhost"))
	mine := policy.Default()
	mine.Channels, mine.Owner, mine.Access = "mine/+", 2, policy.Access{Subscribe: policy.Users, Publish: policy.Users}
	rules, err := policy.NewRules(mine)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Listen(patience(t), Config{
		HTTPS: "127.0.0.1:0", Rules: rules, ClientNames: certs.ByCN, MaxMessageBytes: 1 << 20, Log: quiet,
		TLS: &tls.Config{Certificates: []tls.Certificate{*serverCert}, ClientAuth: tls.VerifyClientCertIfGiven, ClientCAs: authority.Pool()},
	})
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve() }()
	defer func() {
		if err := s.Shutdown(patience(t), "test over"); err != nil {
			t.Error(err)
		}
	}()
	named := func(name string) *tls.Certificate {
		return authority.Issue(func(c *x509.Certificate) {
			c.Subject = pkix.Name{CommonName: name}
			c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
		})
	}
	for _, test := range []struct {
		cert   *tls.Certificate
		status int
	}{
		{named("ada"), http.StatusAccepted},
		{named("bob"), http.StatusForbidden},
		{named(""), http.StatusUnauthorized},
		{nil, http.StatusUnauthorized},
	} {
		client := &tls.Config{RootCAs: authority.Pool(), ServerName: "localhost"}
		if test.cert != nil {
			client.Certificates = []tls.Certificate{*test.cert}
		}
		transport := &http.Transport{TLSClientConfig: client, DisableKeepAlives: true}
		resp, err := (&http.Client{Transport: transport}).Post("https://"+s.HTTPSAddr().String()+"/channels/mine/ada", "text/plain", strings.NewReader("x"))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != test.status {
			t.Errorf("answered %s, want %d", resp.Status, test.status)
		}
	}
}
