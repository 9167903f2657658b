package certs

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"net"
	"path/filepath"
	"time"
)

const (
	// leafLife is how long a certificate for localhost is valid, backdating included: short, so
	// that a lost key does not matter for long.
	leafLife = 90 * 24 * time.Hour

	// renewalRetry is the least time between two attempts to renew.
	renewalRetry = time.Minute
)

// leaf is a certificate for localhost with its key. It is immutable.
type leaf struct {
	cert  *tls.Certificate
	renew time.Time // when a new one should take over: a third of its life before its end
}

func newLeaf(key *ecdsa.PrivateKey, cert *x509.Certificate) *leaf {
	return &leaf{
		cert:  &tls.Certificate{Certificate: [][]byte{cert.Raw}, PrivateKey: key, Leaf: cert},
		renew: cert.NotAfter.Add(-cert.NotAfter.Sub(cert.NotBefore) / 3),
	}
}

// openLeaf takes the stored leaf if it is good for now, else issues and stores one.
func (ca *CA) openLeaf() error {
	if stored, ok := ca.loadLeaf(); ok {
		ca.leaf.Store(stored)
		return nil
	}
	fresh, err := ca.issueLeaf()
	if err != nil {
		return err
	}
	ca.leaf.Store(fresh)
	return ca.storeLeaf(fresh)
}

// currentLeaf returns what to answer a handshake with. Until the leaf is due to be renewed it costs
// two atomic loads and a look at the clock. Of the handshakes that find it due, one renews it and
// the others go on with the old one, as does that one if it fails.
func (ca *CA) currentLeaf() *tls.Certificate {
	current := ca.leaf.Load()
	if time.Now().Before(current.renew) || !ca.renewing.TryLock() {
		return current.cert
	}
	defer ca.renewing.Unlock()
	if current = ca.leaf.Load(); time.Now().Before(current.renew) {
		return current.cert // another handshake renewed it between the two looks
	}
	fresh, err := ca.issueLeaf()
	if err != nil {
		ca.leaf.Store(&leaf{cert: current.cert, renew: time.Now().Add(renewalRetry)})
		ca.log().Error("cannot renew the certificate for localhost; the old one stays in use",
			"error", err, "until", current.cert.Leaf.NotAfter, "retry_in", renewalRetry)
		return current.cert
	}
	ca.leaf.Store(fresh)
	if err := ca.storeLeaf(fresh); err != nil {
		// The server has it all the same; only the next start will have to issue again.
		ca.log().Warn("renewed the certificate for localhost but could not store it",
			"error", err, "until", fresh.cert.Leaf.NotAfter)
		return fresh.cert
	}
	ca.log().Info("renewed the certificate for localhost", "until", fresh.cert.Leaf.NotAfter)
	return fresh.cert
}

// issueLeaf makes a key and signs a certificate for it.
func (ca *CA) issueLeaf() (*leaf, error) {
	now := time.Now()
	if now.After(ca.cert.NotAfter) {
		return nil, broken(ca.dir, "expired on %s", day(ca.cert.NotAfter))
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making a key: %w", err)
	}
	serial, err := newSerial()
	if err != nil {
		return nil, fmt.Errorf("making a serial number: %w", err)
	}
	// A certificate outside its authority's life would be refused.
	notBefore, notAfter := now.Add(-backdate), now.Add(leafLife-backdate)
	if notBefore.Before(ca.cert.NotBefore) {
		notBefore = ca.cert.NotBefore
	}
	if notAfter.After(ca.cert.NotAfter) {
		notAfter = ca.cert.NotAfter
	}
	// No *.localhost: a wildcard right below the top is refused by browsers and by curl.
	template := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: "localhost", Organization: []string{"Holdfast development certificate"}},
		NotBefore:             notBefore,
		NotAfter:              notAfter,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:              []string{"localhost"},
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, ca.cert, key.Public(), ca.key)
	if err != nil {
		return nil, fmt.Errorf("signing: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("reading back what was signed: %w", err)
	}
	return newLeaf(key, cert), nil
}

func (ca *CA) storeLeaf(l *leaf) error {
	content, err := encodePair(l.cert.PrivateKey.(*ecdsa.PrivateKey), l.cert.Certificate[0])
	if err != nil {
		return err
	}
	return writeAtomic(filepath.Join(ca.dir, leafFile), content, 0o600)
}

// loadLeaf returns the stored leaf, unless a new one is needed: whatever is wrong with it, issuing
// another mends it.
func (ca *CA) loadLeaf() (*leaf, bool) {
	path := filepath.Join(ca.dir, leafFile)
	if _, open, err := readableByOthers(path); err != nil || open {
		return nil, false
	}
	key, der, err := readPair(path)
	if err != nil {
		return nil, false
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil || !key.PublicKey.Equal(cert.PublicKey) || !ca.vouchesFor(cert) {
		return nil, false
	}
	stored := newLeaf(key, cert)
	return stored, time.Now().Before(stored.renew)
}

// vouchesFor says whether a client that trusts the authority would take cert for every name of
// this machine, now.
func (ca *CA) vouchesFor(cert *x509.Certificate) bool {
	roots := x509.NewCertPool()
	roots.AddCert(ca.cert)
	for _, host := range []string{"localhost", "127.0.0.1", "::1"} {
		_, err := cert.Verify(x509.VerifyOptions{DNSName: host, Roots: roots, CurrentTime: time.Now()})
		if err != nil {
			return false
		}
	}
	return true
}
