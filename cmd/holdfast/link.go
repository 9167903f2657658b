package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io/fs"
	"net/http"
	"net/textproto"
	"net/url"
	"os"
	"strings"

	"github.com/spf13/pflag"

	"github.com/holdfast-dev/holdfast/websocket"
)

// defaultReceiveLimit bounds a received message. It is far over what servers allow by default,
// because here the limit only has to keep a hostile server from filling the memory.
const defaultReceiveLimit = 64 << 20

// linkFlags are the flags of every verb that connects to a server.
type linkFlags struct {
	ca         string
	caDir      string
	insecure   bool
	headers    []string
	maxMessage byteSize

	subprotocols []string // only connect has a flag for them
}

func (l *linkFlags) add(flags *pflag.FlagSet) {
	addCADir(flags, &l.caDir)
	flags.StringVar(&l.ca, "ca", "", "trust the certificate authorities in `FILE` (PEM) too")
	flags.BoolVar(&l.insecure, "insecure", false, "do not check the server's certificate: anybody may be in between")
	flags.StringArrayVar(&l.headers, "header", nil, "send `HEADER` with the handshake, as in 'Authorization: Bearer abc' (repeatable)")
}

// addLimit adds the flag for those verbs that show what they receive.
func (l *linkFlags) addLimit(flags *pflag.FlagSet) {
	l.maxMessage = defaultReceiveLimit
	flags.Var(&l.maxMessage, "max-message", "receive messages of at most `SIZE`")
}

// dial opens a connection to u. The TLS state is nil for ws.
func (l *linkFlags) dial(ctx context.Context, u *url.URL) (*websocket.Conn, *tls.ConnectionState, error) {
	o, err := l.options(u)
	if err != nil {
		return nil, nil, err
	}
	var state *tls.ConnectionState
	if o.TLS != nil {
		o.TLS.VerifyConnection = func(s tls.ConnectionState) error {
			state = &s
			return nil
		}
	}
	conn, err := websocket.Dial(ctx, u.String(), &o)
	if err != nil {
		return nil, nil, explainDial(ctx, u, err)
	}
	return conn, state, nil
}

// options returns how to connect to u.
func (l *linkFlags) options(u *url.URL) (websocket.DialOptions, error) {
	header, err := parseHeaders(l.headers)
	if err != nil {
		return websocket.DialOptions{}, err
	}
	o := websocket.DialOptions{
		Limits:       websocket.Limits{MaxMessageBytes: int64(l.maxMessage)},
		Header:       header,
		Subprotocols: l.subprotocols,
	}
	if u.Scheme == "wss" {
		o.TLS, err = l.tlsConfig()
	}
	return o, err
}

// tlsConfig trusts what the system trusts, the local development CA if there is one, and --ca.
// The local CA may be trusted for every URL: it can vouch for this machine only.
func (l *linkFlags) tlsConfig() (*tls.Config, error) {
	if l.insecure {
		return &tls.Config{InsecureSkipVerify: true}, nil
	}
	pool, err := trustedPool(l.caDir)
	if err != nil {
		return nil, err
	}
	if l.ca != "" {
		pem, err := os.ReadFile(l.ca)
		if err != nil {
			return nil, fail(exitFiles, "cannot use --ca: %w", err)
		}
		if !pool.AppendCertsFromPEM(pem) {
			return nil, fail(exitFiles, "cannot use --ca: %s has no certificate in PEM form", l.ca)
		}
	}
	return &tls.Config{RootCAs: pool}, nil
}

// trustedPool returns the authorities of the system and the local one, which may be missing unless
// its folder was named.
func trustedPool(caDir string) (*x509.CertPool, error) {
	if dir, err := caDirOf(caDir); err == nil {
		root, err := loadRoot(dir)
		switch {
		case err == nil:
			return root.Pool(), nil
		case caDir != "", !errors.Is(err, fs.ErrNotExist):
			return nil, err
		}
	}
	pool, err := x509.SystemCertPool()
	if err != nil { // a system without authorities of its own; --ca may suffice
		pool = x509.NewCertPool()
	}
	return pool, nil
}

// parseHeaders reads the values of --header, each "Key: value".
func parseHeaders(lines []string) (http.Header, error) {
	header := http.Header{}
	for _, line := range lines {
		key, value, found := strings.Cut(line, ":")
		value = strings.Trim(value, " \t")
		if !found || key == "" || strings.ContainsFunc(key, notInToken) || strings.ContainsFunc(value, notInValue) {
			return nil, fail(exitUsage, "--header: %q is no header; write 'KEY: VALUE', as in 'Authorization: Bearer abc'", line)
		}
		header.Add(textproto.CanonicalMIMEHeaderKey(key), value)
	}
	return header, nil
}

// notInToken tells whether r may not be in a header's name (RFC 9110 section 5.6.2).
func notInToken(r rune) bool {
	return r <= ' ' || r >= 0x7f || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r)
}

// notInValue tells whether r may not be in a header's value (RFC 9110 section 5.5).
func notInValue(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }
