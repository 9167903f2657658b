package certs

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/internal/certs/certstest"
)

func TestAClientIsAskedForItsCertificateAsConfigured(t *testing.T) {
	ca, other := certstest.New(t), certstest.New(t)
	good, foreign := ca.Issue(nil), other.Issue(nil)
	expired := ca.Issue(func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) })
	forServers := ca.Issue(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} })
	for name, test := range map[string]struct {
		auth   tls.ClientAuthType
		client *tls.Certificate
		want   string // of the client's error; "" for none
	}{
		"none, none shown":          {tls.NoClientCert, nil, ""},
		"none, one shown":           {tls.NoClientCert, good, ""},
		"optional, none shown":      {tls.VerifyClientCertIfGiven, nil, ""},
		"optional, a good one":      {tls.VerifyClientCertIfGiven, good, ""},
		"optional, a foreign one":   {tls.VerifyClientCertIfGiven, foreign, "unknown certificate authority"},
		"optional, an expired one":  {tls.VerifyClientCertIfGiven, expired, "expired certificate"},
		"required, none shown":      {tls.RequireAndVerifyClientCert, nil, "certificate required"},
		"required, a good one":      {tls.RequireAndVerifyClientCert, good, ""},
		"required, a foreign one":   {tls.RequireAndVerifyClientCert, foreign, "unknown certificate authority"},
		"required, an expired one":  {tls.RequireAndVerifyClientCert, expired, "expired certificate"},
		"required, one of a server": {tls.RequireAndVerifyClientCert, forServers, "bad certificate"},
	} {
		t.Run(name, func(t *testing.T) {
			s := mustOpenStore(t, Options{Pairs: []PairFiles{pairIn(t, t.TempDir(), ca.Issue(nil))}, ClientAuth: test.auth, ClientCA: ca.WriteFile(t.TempDir())})
			client := &tls.Config{ServerName: "localhost", RootCAs: ca.Pool()}
			client.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
				if test.client == nil {
					return &tls.Certificate{}, nil
				}
				return test.client, nil
			}
			_, err := meet(s.TLSConfig(), client)
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("the client says %v; want %q", err, test.want)
			}
		})
	}
}

func TestChangedAuthoritiesOfClientsAreTakenAndBrokenOnesAreNot(t *testing.T) {
	ours, theirs, dir, log := certstest.New(t), certstest.New(t), t.TempDir(), &journal{}
	file := ours.WriteFile(dir)
	s := mustOpenStore(t, Options{Pairs: []PairFiles{pairIn(t, t.TempDir(), ours.Issue(nil))}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCA: file, Log: log.logger()})
	client := func(ca *certstest.Authority) *tls.Config {
		return &tls.Config{ServerName: "localhost", RootCAs: ours.Pool(), Certificates: []tls.Certificate{*ca.Issue(nil)}, ClientSessionCache: tls.NewLRUClientSessionCache(1)}
	}
	one, another := client(ours), client(theirs)
	// Shown although the server does not ask for it: or else a client would hold it back.
	another.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &another.Certificates[0], nil }
	want := func(c *tls.Config, good bool) {
		t.Helper()
		if _, err := meet(s.TLSConfig(), c); (err == nil) != good {
			t.Errorf("the client says %v", err)
		}
	}
	want(one, true)
	want(another, false)

	check(t, os.WriteFile(file, []byte("oops"), 0o600))
	s.Reload()
	s.Reload()
	if got := log.take(); strings.Count(got, "cannot use the changed authorities") != 1 {
		t.Errorf("logged %s", got)
	}
	want(one, true)

	check(t, os.Rename(theirs.WriteFile(t.TempDir()), filepath.Join(dir, "ca.pem")))
	s.Reload()
	want(another, true)
	want(one, false) // although it has a session to resume
}

func TestTheVerifiedCertificateOfARequestIsAtHand(t *testing.T) {
	cert := &x509.Certificate{}
	verified := &http.Request{TLS: &tls.ConnectionState{PeerCertificates: []*x509.Certificate{cert}, VerifiedChains: [][]*x509.Certificate{{cert}}}}
	shown := &http.Request{TLS: &tls.ConnectionState{PeerCertificates: []*x509.Certificate{cert}}}
	if PeerCertificate(verified) != cert || PeerCertificate(shown) != nil || PeerCertificate(&http.Request{TLS: &tls.ConnectionState{}}) != nil || PeerCertificate(&http.Request{}) != nil {
		t.Error("only a certificate that is verified counts")
	}
}
