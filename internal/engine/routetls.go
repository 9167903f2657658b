package engine

import (
	"crypto"
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"os"
	"time"
)

// Nodes know each other by certificates, both ways. From the secret that they share comes the key of an authority, the
// same on each, and with it each node makes a certificate for itself when it starts. So nothing is to be handed
// around but the secret, and whoever has it is a node: it is worth what a root key is worth.

const (
	// nodesName is for whom generated certificates are. Nodes don't check which one is where: each may be anywhere.
	nodesName = "nodes.holdfast.internal"

	leafLifetime = 20 * 365 * 24 * time.Hour // made anew at each start, so it never ends while a process lasts
	clockError   = 30 * 24 * time.Hour       // that the clocks of nodes may be apart
)

// keys are what comes from the secret of a cluster.
type keys struct {
	authority ed25519.PrivateKey
	route     []byte // a password, so that given certificates alone do not let anybody in
}

// deriveKeys makes them, by HKDF (RFC 5869) with SHA-256. Clusters of different names have different ones.
func deriveKeys(secret []byte, cluster string) (keys, error) {
	seed, err := hkdf.Key(sha256.New, secret, []byte(cluster), "holdfast cluster authority v1", ed25519.SeedSize)
	if err != nil {
		return keys{}, fmt.Errorf("no key can be made from the secret of the cluster: %w", err)
	}
	route, err := hkdf.Key(sha256.New, secret, []byte(cluster), "holdfast cluster route v1", 32)
	if err != nil {
		return keys{}, fmt.Errorf("no password can be made from the secret of the cluster: %w", err)
	}
	return keys{ed25519.NewKeyFromSeed(seed), route}, nil
}

// tlsConfig returns what a node shows and wants to see.
func (c *Cluster) tlsConfig(k keys) (*tls.Config, error) {
	if c.Certificate != "" {
		return c.givenTLS()
	}
	authority, err := newAuthority(k.authority)
	if err != nil {
		return nil, err
	}
	leaf, err := newLeaf(c.Node, authority, k.authority)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pool.AddCert(authority)
	return &tls.Config{
		MinVersion:   tls.VersionTLS13,
		Certificates: []tls.Certificate{leaf},
		ClientAuth:   tls.RequireAndVerifyClientCert,
		ClientCAs:    pool,
		RootCAs:      pool,
		ServerName:   nodesName,
	}, nil
}

// newAuthority returns the certificate of the authority with a key. That of each node is another one, which the same
// name and key make equal.
func newAuthority(key ed25519.PrivateKey) (*x509.Certificate, error) {
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "Holdfast cluster"},
		NotBefore:             time.Now().Add(-clockError),
		NotAfter:              time.Now().Add(leafLifetime + clockError),
		KeyUsage:              x509.KeyUsageCertSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
		MaxPathLenZero:        true,
	}
	return sign(template, template, key.Public(), key)
}

// newLeaf returns the certificate of a node, with a key of its own.
func newLeaf(node string, authority *x509.Certificate, by ed25519.PrivateKey) (tls.Certificate, error) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("no key for the certificate of this node: %w", err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("no number for the certificate of this node: %w", err)
	}
	leaf, err := sign(&x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: node},
		DNSNames:     []string{nodesName},
		NotBefore:    time.Now().Add(-clockError),
		NotAfter:     time.Now().Add(leafLifetime),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}, authority, public, by)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.Certificate{Certificate: [][]byte{leaf.Raw}, PrivateKey: private, Leaf: leaf}, nil
}

func sign(template, parent *x509.Certificate, public crypto.PublicKey, by ed25519.PrivateKey) (*x509.Certificate, error) {
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, by)
	if err != nil {
		return nil, fmt.Errorf("no certificate for this node: %w", err)
	}
	return x509.ParseCertificate(der)
}

// givenTLS reads certificates from files, at each handshake anew: there are few, and a renewed one counts at once. The
// authorities vouch for nodes alone, so each of their certificates is a node's, whatever its name.
func (c *Cluster) givenTLS() (*tls.Config, error) {
	load := func() (*tls.Certificate, error) {
		certificate, err := tls.LoadX509KeyPair(c.Certificate, c.Key)
		if err != nil {
			return nil, fmt.Errorf("the certificate of this node can't be used: %w; check cluster.certificate and cluster.key", err)
		}
		return &certificate, nil
	}
	if _, err := load(); err != nil {
		return nil, err
	}
	if _, err := readAuthorities(c.CA); err != nil {
		return nil, err
	}
	return &tls.Config{
		MinVersion:           tls.VersionTLS13,
		GetCertificate:       func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return load() },
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return load() },
		ClientAuth:           tls.RequireAnyClientCert,
		InsecureSkipVerify:   true, // VerifyConnection does, but for the name
		VerifyConnection: func(state tls.ConnectionState) error {
			pool, err := readAuthorities(c.CA)
			if err != nil {
				return err
			}
			return verifyNode(state.PeerCertificates, pool)
		},
	}, nil
}

// verifyNode checks that an authority vouches for the other node.
func verifyNode(chain []*x509.Certificate, authorities *x509.CertPool) error {
	if len(chain) == 0 {
		return errors.New("the other node shows no certificate")
	}
	between := x509.NewCertPool()
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	_, err := chain[0].Verify(x509.VerifyOptions{
		Roots: authorities, Intermediates: between, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	return err
}

func readAuthorities(file string) (*x509.CertPool, error) {
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("the authorities of the nodes can't be read: %w; check cluster.ca", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s has no certificate in PEM; check cluster.ca", file)
	}
	return pool, nil
}
