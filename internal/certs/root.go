package certs

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Root is the public part of the authority: its certificate, which is all that a client needs.
// It is immutable.
type Root struct {
	dir  string // absolute
	cert *x509.Certificate
}

// DefaultDir returns the folder of the authority when none is named: holdfast/ca in the user's
// configuration folder ([os.UserConfigDir]).
func DefaultDir() (string, error) {
	config, err := os.UserConfigDir()
	if err != nil {
		return "", fmt.Errorf("cannot find your configuration folder for the development CA: %w; name a folder with --ca-dir", err)
	}
	return filepath.Join(config, "holdfast", "ca"), nil
}

// LoadCA loads the certificate of the authority in the folder dir, and creates nothing. It does not
// touch the key, so a client may use an authority whose key it cannot read. The error wraps
// [fs.ErrNotExist] if there is no authority.
func LoadCA(dir string) (*Root, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("cannot find the folder of the development CA: %w; name another with --ca-dir", err)
	}
	der, err := readCert(filepath.Join(dir, certFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no development CA in %s (%w); start holdfast once to create it, or name its folder with --ca-dir", dir, err)
	}
	if err != nil {
		return nil, folderFault(dir, err)
	}
	return newRoot(dir, der)
}

// newRoot checks that der is the certificate of an authority and valid now.
func newRoot(dir string, der []byte) (*Root, error) {
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, broken(dir, "is damaged: its certificate does not parse (%w)", err)
	}
	if err := cert.CheckSignatureFrom(cert); err != nil {
		return nil, broken(dir, "is damaged: its certificate is not one that signs itself (%w)", err)
	}
	switch now := time.Now(); {
	case now.After(cert.NotAfter):
		return nil, broken(dir, "expired on %s", day(cert.NotAfter))
	case now.Before(cert.NotBefore):
		return nil, fmt.Errorf("the development CA in %s is valid from %s, but this machine's clock says %s; set the clock",
			dir, day(cert.NotBefore), day(now))
	}
	return &Root{dir: dir, cert: cert}, nil
}

// CertFile returns the absolute path of the authority's certificate (PEM), as for curl --cacert.
func (r *Root) CertFile() string { return filepath.Join(r.dir, certFile) }

// Certificate returns the authority's certificate, which must not be changed.
func (r *Root) Certificate() *x509.Certificate { return r.cert }

// Pool returns the authorities that a client should trust: the system's and this one. Where the
// system's cannot be read it is this one alone.
func (r *Root) Pool() *x509.CertPool {
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	pool.AddCert(r.cert)
	return pool
}

// broken returns the error for an authority that cannot be used as it is.
func broken(dir, problem string, args ...any) error {
	return fmt.Errorf("the development CA in %s %w; delete %s and %s there, run holdfast again, and trust the new CA with \"holdfast cert trust\"",
		dir, fmt.Errorf(problem, args...), certFile, keyFile)
}

// folderFault returns the error for an authority whose files could not be read or written.
func folderFault(dir string, err error) error {
	var damaged *damagedError
	if errors.As(err, &damaged) {
		return broken(dir, "is damaged: %w", err)
	}
	return fmt.Errorf("cannot use the folder %s for the development CA: %w; make it and its files yours to read and write, or name another with --ca-dir", dir, err)
}

func day(t time.Time) string { return t.UTC().Format("2 January 2006") }
