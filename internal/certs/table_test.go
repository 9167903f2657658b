package certs

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"testing"

	"github.com/holdfast-dev/holdfast/internal/certs/certstest"
)

func TestAClientGetsTheCertificateForTheNameItAsksFor(t *testing.T) {
	ca := certstest.New(t)
	first := ca.Issue(certstest.Names("first.example"))
	wild := ca.Issue(certstest.Names("*.example.com", "example.com"))
	exact := ca.Issue(certstest.Names("chat.example.com"))
	s := mustOpenStore(t, Options{Pairs: []PairFiles{pairIn(t, t.TempDir(), first), pairIn(t, t.TempDir(), wild), pairIn(t, t.TempDir(), exact)}})
	for name, want := range map[string]*tls.Certificate{
		"first.example":         first,
		"chat.example.com":      exact,
		"CHAT.Example.COM":      exact,
		"chat.example.com.":     exact,
		"other.example.com":     wild,
		"example.com":           wild,
		"two.below.example.com": first,
		"com":                   first,
		"elsewhere.example":     first,
		"*.example.com":         wild,
		"":                      first,
	} {
		if serves(t, s, name) != serialOf(want) {
			t.Errorf("for %q another certificate is served than for %v", name, want.Leaf.DNSNames)
		}
	}
}

func TestOfTwoCertificatesForANameAClientGetsOneThatItCanUse(t *testing.T) {
	ca := certstest.New(t)
	ecdsa := ca.Issue(nil)
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	check(t, err)
	der, err := x509.CreateCertificate(rand.Reader, ecdsa.Leaf, ca.Cert, key.Public(), ca.Key)
	check(t, err)
	older := &tls.Certificate{Certificate: [][]byte{der, ca.Cert.Raw}, PrivateKey: key}
	s := mustOpenStore(t, Options{Pairs: []PairFiles{pairIn(t, t.TempDir(), ecdsa), pairIn(t, t.TempDir(), older)}})
	for suite, want := range map[uint16]x509.PublicKeyAlgorithm{
		tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256:   x509.RSA,
		tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: x509.ECDSA,
	} {
		state, err := meet(s.TLSConfig(), &tls.Config{ServerName: "localhost", RootCAs: ca.Pool(), MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{suite}})
		if err != nil || state.PeerCertificates[0].PublicKeyAlgorithm != want {
			t.Errorf("%s: %v, %v", tls.CipherSuiteName(suite), state.PeerCertificates, err)
		}
	}
}
