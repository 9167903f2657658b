package certs

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"strings"
	"time"
)

// PairFiles names the files of a certificate and of its key, both in PEM. The certificate has its chain
// behind it. Without Key, the key is in the certificate's file.
type PairFiles struct {
	Cert, Key string
}

func (f PairFiles) paths() []string {
	if f.Key == "" {
		return []string{f.Cert}
	}
	return []string{f.Cert, f.Key}
}

func (f PairFiles) String() string { return strings.Join(f.paths(), " and ") }

// parsePair returns the certificate and key in the contents of the files. The error says what is wrong
// with them and what to do.
func (f PairFiles) parse(contents [][]byte) (*tls.Certificate, error) {
	certPEM, keyPEM := contents[0], contents[len(contents)-1]
	switch {
	case !bytes.Contains(certPEM, []byte("-----BEGIN CERTIFICATE-----")):
		return nil, fmt.Errorf("%s holds no certificate in PEM (-----BEGIN CERTIFICATE-----)", f.Cert)
	case !bytes.Contains(keyPEM, []byte("PRIVATE KEY-----")):
		return nil, fmt.Errorf("%s holds no private key in PEM (-----BEGIN PRIVATE KEY-----)", f.paths()[len(contents)-1])
	case bytes.Contains(keyPEM, []byte("ENCRYPTED")):
		return nil, fmt.Errorf("the private key in %s is encrypted; decrypt it, as with openssl pkey -in … -out …, and let only the server read it", f.paths()[len(contents)-1])
	}
	cert, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		return nil, fmt.Errorf("%s do not go together: %w; the server's own certificate comes first in its file, and the key must be that one's",
			f, trimTLS(err))
	}
	if len(names(cert.Leaf)) == 0 {
		return nil, fmt.Errorf("the certificate in %s is for no name (it has no subject alternative name), so no client would take it; issue one with the server's names", f.Cert)
	}
	return &cert, nil
}

// trimTLS returns the error without the name of Go's package.
func trimTLS(err error) error {
	return fmt.Errorf("%s", strings.TrimPrefix(err.Error(), "tls: "))
}

// pair is a certificate from files. Its owner's lock guards it.
type pair struct {
	files  PairFiles
	watch  watch
	cert   *tls.Certificate
	staple staple
}

// openPair loads a pair for the first time.
func openPair(files PairFiles) (*pair, error) {
	p := &pair{files: files, watch: watch{paths: files.paths()}}
	contents, _, err := p.watch.look()
	if err != nil {
		return nil, fmt.Errorf("cannot read the certificate: %w; check tls.certificates and tls.keys, and who may read the files", err)
	}
	if p.cert, err = files.parse(contents); err != nil {
		return nil, fmt.Errorf("cannot use the certificate: %w", err)
	}
	return p, nil
}

// reload looks at the files. It reports whether there is a new certificate, or why there is none although
// the files have changed.
func (p *pair) reload(now time.Time) (fresh bool, err error) {
	contents, changed, err := p.watch.look()
	if !changed || err != nil {
		return false, err
	}
	cert, err := p.files.parse(contents)
	if err != nil {
		return false, err
	}
	if now.After(cert.Leaf.NotAfter) && now.Before(p.cert.Leaf.NotAfter) {
		return false, fmt.Errorf("the new certificate in %s expired on %s", p.files.Cert, day(cert.Leaf.NotAfter))
	}
	if !bytes.Equal(cert.Certificate[0], p.cert.Certificate[0]) {
		p.staple = staple{}
	}
	p.cert = cert
	return true, nil
}
