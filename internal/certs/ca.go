// Package certs has the certificates that servers prove who they are with: from files, from an authority
// by ACME ([Open]), and, in development mode, from a local authority of our own ([OpenCA]). It also
// checks those of clients.
//
// # The local authority
//
// A browser opens wss://localhost only for a certificate that it trusts, and no public authority
// vouches for localhost. So the first start creates an authority in the user's configuration
// folder, which the user trusts once; the certificates it issues are short-lived and renewed by
// themselves. The authority can vouch for nothing but this machine: its certificate says so in
// critical name constraints (RFC 5280 section 4.2.1.10), so that a stolen key cannot impersonate
// any other host.
//
// The folder holds three files. ca-key.pem (mode 0600) has the authority's key and certificate
// together, so that it appears complete or not at all; ca.pem (0644) is a copy of the certificate
// alone, for clients; localhost.pem (0600) is the server's present key and certificate.
package certs

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/big"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	caLifeYears = 10

	// backdate is how far before its making a certificate begins to be valid, for clients whose
	// clock is a little behind.
	backdate = time.Hour
)

// CA is an authority that can issue: the public [Root] with its key, and the certificate for
// localhost that it has issued last. Its methods may be called concurrently.
type CA struct {
	*Root

	// Log is told when a certificate is renewed and when that fails; nil means [slog.Default].
	// Set it before the first handshake.
	Log *slog.Logger

	key *ecdsa.PrivateKey

	leaf     atomic.Pointer[leaf] // what handshakes are answered with
	renewing sync.Mutex           // held by the one handshake that renews the leaf
}

// OpenCA loads the authority in the folder dir, and creates folder and authority if there is none.
// When several processes do so at the same moment, one authority results and all of them get it.
// The certificate for localhost is loaded too, and issued anew if it is missing, damaged, of another
// authority or in the last third of its life.
//
// An authority that exists is never replaced. If it is damaged, expired, or its key could have been
// read by other users, the error says so and what to do. Where the system refuses to read or
// write, the error wraps the cause, such as [fs.ErrPermission].
func OpenCA(dir string) (*CA, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("cannot find the folder of the development CA: %w; name another with --ca-dir", err)
	}
	// The order matters: whoever creates an authority writes the key's file first, so a
	// certificate that is seen without a key has lost it.
	certDER, err := readCert(filepath.Join(dir, certFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, folderFault(dir, err)
	}
	ca, err := loadKeyFile(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist) && certDER != nil:
		return nil, broken(dir, "has its certificate (%s) but not its key (%s)", certFile, keyFile)
	case errors.Is(err, fs.ErrNotExist):
		ca, err = createCA(dir)
	}
	if err != nil {
		return nil, err
	}
	switch {
	case certDER == nil:
		if err := ca.writeCert(); err != nil {
			return nil, folderFault(dir, err)
		}
	case string(certDER) != string(ca.cert.Raw):
		return nil, broken(dir, "is mixed up: %s is not the certificate of the key in %s", certFile, keyFile)
	}
	if err := ca.openLeaf(); err != nil {
		return nil, folderFault(dir, err)
	}
	return ca, nil
}

// TLSConfig returns the configuration of a server on localhost. It answers with the certificate that is
// current at each handshake, and renews it there when the time has come. NextProtos is left empty:
// the HTTP server says which protocols it speaks.
func (ca *CA) TLSConfig() *tls.Config {
	cfg := modern()
	cfg.GetCertificate = func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
		return ca.currentLeaf(), nil
	}
	return cfg
}

func (ca *CA) log() *slog.Logger {
	if ca.Log != nil {
		return ca.Log
	}
	return slog.Default()
}

// createCA makes an authority and puts it into dir, unless another process is faster: then it
// returns that one's.
func createCA(dir string) (*CA, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("cannot make the key of the development CA: %w", err)
	}
	template, err := caTemplate(time.Now())
	if err != nil {
		return nil, fmt.Errorf("cannot make the certificate of the development CA: %w", err)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("cannot make the certificate of the development CA: %w", err)
	}
	content, err := encodePair(key, der)
	if err != nil {
		return nil, fmt.Errorf("cannot encode the development CA: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, folderFault(dir, err)
	}
	err = writeOnce(filepath.Join(dir, keyFile), content, 0o600)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, folderFault(dir, err)
	}
	return loadKeyFile(dir)
}

// caTemplate describes a new authority: one for this machine's own names and addresses, which
// cannot pass that power on.
func caTemplate(now time.Time) (*x509.Certificate, error) {
	serial, err := newSerial()
	if err != nil {
		return nil, err
	}
	return &x509.Certificate{
		SerialNumber: serial,
		Subject: pkix.Name{
			CommonName:   "Holdfast development CA " + owner(),
			Organization: []string{"Holdfast development CA"},
			// Makes the subject unique: macOS finds trust settings by subject alone.
			SerialNumber: hex.EncodeToString(serial.Bytes()[:6]),
		},
		NotBefore:             now.Add(-backdate),
		NotAfter:              now.AddDate(caLifeYears, 0, 0),
		BasicConstraintsValid: true,
		IsCA:                  true,
		MaxPathLenZero:        true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},

		PermittedDNSDomainsCritical: true, // of all name constraints, despite the name
		PermittedDNSDomains:         []string{"localhost"},
		PermittedIPRanges: []*net.IPNet{
			{IP: net.IPv4(127, 0, 0, 0).To4(), Mask: net.CIDRMask(8, 32)},
			{IP: net.IPv6loopback, Mask: net.CIDRMask(128, 128)},
		},
	}, nil
}

// newSerial returns a random positive serial number of 127 bits (RFC 5280 section 4.1.2.2 allows
// 20 bytes).
func newSerial() (*big.Int, error) {
	top := new(big.Int).Lsh(big.NewInt(1), 126)
	serial, err := rand.Int(rand.Reader, top)
	if err != nil {
		return nil, err
	}
	return serial.Add(serial, top), nil
}

// maxOwnerBytes keeps a common name within the 64 characters of RFC 5280 appendix A.1.
const maxOwnerBytes = 64 - len("Holdfast development CA ")

// owner returns user@host in characters that every store's names and files can hold.
func owner() string {
	name, host := "user", "localhost"
	if u, err := user.Current(); err == nil && u.Username != "" {
		name = u.Username
	}
	if h, err := os.Hostname(); err == nil && h != "" {
		host = h
	}
	clean := strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', strings.ContainsRune("-._@", r):
			return r
		}
		return '-'
	}, name+"@"+host)
	return clean[:min(len(clean), maxOwnerBytes)]
}

// loadKeyFile reads the authority from its key's file. The error wraps [fs.ErrNotExist] if there is none.
func loadKeyFile(dir string) (*CA, error) {
	path := filepath.Join(dir, keyFile)
	mode, open, err := readableByOthers(path)
	if err != nil {
		return nil, folderFault(dir, err)
	}
	if open {
		return nil, broken(dir, "may have been stolen: other users can read its key (%s has mode %04o instead of 0600)", keyFile, mode)
	}
	key, der, err := readPair(path)
	if err != nil {
		return nil, folderFault(dir, err)
	}
	root, err := newRoot(dir, der)
	if err != nil {
		return nil, err
	}
	if !key.PublicKey.Equal(root.cert.PublicKey) {
		return nil, broken(dir, "is mixed up: the key and the certificate in %s do not belong together", keyFile)
	}
	return &CA{Root: root, key: key}, nil
}

// writeCert puts the certificate alone beside the key. It may be done twice: the content is the same.
func (ca *CA) writeCert() error {
	return writeAtomic(ca.CertFile(), encodeCert(ca.cert.Raw), 0o644)
}
