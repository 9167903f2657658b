package certs

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"testing"
)

// shake makes a TLS connection from a client to a server of the authority and returns what the
// client got to know, and its error.
func shake(ca *CA, client *tls.Config) (tls.ConnectionState, error) {
	near, far := net.Pipe()
	server := tls.Server(far, ca.TLSConfig())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Handshake() // the client reports what went wrong
		_ = far.Close()
	}()
	conn := tls.Client(near, client)
	err := conn.Handshake()
	state := conn.ConnectionState()
	_ = near.Close()
	<-done
	return state, err
}

func TestAClientWithThePoolConnectsByEveryNameOfThisMachine(t *testing.T) {
	dir := t.TempDir()
	ca := mustOpen(t, dir)
	root, err := LoadCA(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{"localhost", "127.0.0.1", "::1"} {
		state, err := shake(ca, &tls.Config{ServerName: host, RootCAs: root.Pool()})
		if err != nil {
			t.Errorf("%s: %v", host, err)
		}
		if state.Version != tls.VersionTLS13 {
			t.Errorf("%s: the connection is %s; want TLS 1.3", host, tls.VersionName(state.Version))
		}
	}
}

func TestAClientWithoutThePoolRefuses(t *testing.T) {
	ca := mustOpen(t, t.TempDir())
	other := mustOpen(t, t.TempDir())
	_, err := shake(ca, &tls.Config{ServerName: "localhost", RootCAs: other.Pool()})
	var unknown x509.UnknownAuthorityError
	if !errors.As(err, &unknown) {
		t.Errorf("the client says %v", err)
	}
}

func TestTheServerSpeaksModernTLSAlone(t *testing.T) {
	ca := mustOpen(t, t.TempDir())
	for _, test := range []struct {
		name   string
		client *tls.Config
		fine   bool
	}{
		{"TLS 1.3", &tls.Config{MinVersion: tls.VersionTLS13}, true},
		{"TLS 1.2", &tls.Config{MaxVersion: tls.VersionTLS12}, true},
		{"TLS 1.2 with ChaCha20", &tls.Config{MaxVersion: tls.VersionTLS12,
			CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256}}, true},
		{"TLS 1.2 with CBC", &tls.Config{MaxVersion: tls.VersionTLS12,
			CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA}}, false},
		{"TLS 1.2 without forward secrecy", &tls.Config{MaxVersion: tls.VersionTLS12,
			CipherSuites: []uint16{tls.TLS_RSA_WITH_AES_128_GCM_SHA256}}, false},
		{"TLS 1.1", &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}, false},
	} {
		test.client.ServerName, test.client.RootCAs = "localhost", ca.Pool()
		if _, err := shake(ca, test.client); (err == nil) != test.fine {
			t.Errorf("%s: %v; want it accepted: %t", test.name, err, test.fine)
		}
	}
	if protocols := ca.TLSConfig().NextProtos; len(protocols) != 0 {
		t.Errorf("the configuration names the protocols %v, which is the server's to say", protocols)
	}
}
