package hostile

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"

	"github.com/holdfast-dev/holdfast/internal/certs/certstest"
	"github.com/holdfast-dev/holdfast/internal/server"
)

// shake makes a TLS connection and a request on it, and returns what the client got to know and its error. A server
// that does not like the client's certificate says so only then.
func (x *target) shake(c *tls.Config) (tls.ConnectionState, error) {
	x.t.Helper()
	conn, err := tls.DialWithDialer(&net.Dialer{Timeout: patience}, "tcp", x.addr, c)
	if err != nil {
		return tls.ConnectionState{}, err
	}
	defer conn.Close()
	io.WriteString(conn, "GET /channels/c HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
	if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		x.t.Fatal(err)
	}
	answer, err := io.ReadAll(conn)
	if err == nil && !strings.HasPrefix(string(answer), "HTTP/1.1 200 OK\r\n") {
		x.t.Errorf("answered %q", answer)
	}
	return conn.ConnectionState(), err
}

func TestClientsOfTheWrongKindAreRefusedWithTheRightAlert(t *testing.T) {
	x := newTarget(t, tls.NoClientCert, server.Front{})
	x.bystanders()
	for _, test := range []struct {
		name   string
		change func(*tls.Config)
		want   string // of the client's error; "" for none
	}{
		{"TLS 1.0", func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS10 }, "protocol version not supported"},
		{"TLS 1.1", func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 }, "protocol version not supported"},
		{"TLS 1.2", func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 }, ""},
		{"RSA key exchange", func(c *tls.Config) {
			c.MaxVersion, c.CipherSuites = tls.VersionTLS12, []uint16{tls.TLS_RSA_WITH_AES_128_GCM_SHA256}
		}, "handshake failure"},
		{"CBC with SHA-1", func(c *tls.Config) {
			c.MaxVersion, c.CipherSuites = tls.VersionTLS12, []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA}
		}, "handshake failure"},
		{"CBC with SHA-256", func(c *tls.Config) {
			c.MaxVersion, c.CipherSuites = tls.VersionTLS12, []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256}
		}, "handshake failure"},
		{"RC4", func(c *tls.Config) {
			c.MaxVersion, c.CipherSuites = tls.VersionTLS12, []uint16{tls.TLS_ECDHE_ECDSA_WITH_RC4_128_SHA}
		}, "handshake failure"},
		{"a protocol that is not spoken", func(c *tls.Config) { c.NextProtos = []string{"smtp"} }, "no application protocol"},
		{"an authority's challenge that nobody waits for", func(c *tls.Config) { c.NextProtos = []string{"acme-tls/1"} }, "no application protocol"},
		{"HTTP/3 over TCP", func(c *tls.Config) { c.NextProtos = []string{"h3"} }, "no application protocol"},
		{"another name", func(c *tls.Config) { c.ServerName = "elsewhere.example" }, "not elsewhere.example"},
		{"no name", func(c *tls.Config) { c.ServerName, c.InsecureSkipVerify = "", true }, ""},
		{"a certificate that nobody asked for", func(c *tls.Config) {
			c.Certificates = []tls.Certificate{*certstest.New(t).Issue(nil)}
		}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := x.client()
			test.change(c)
			if _, err := x.shake(c); (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("the client says %v, want %q", err, test.want)
			}
			x.flows()
		})
	}
}

func TestClientsWithoutAGoodCertificateAreRefusedWhereItIsRequired(t *testing.T) {
	x := newTarget(t, tls.RequireAndVerifyClientCert, server.Front{})
	x.bystanders()
	stranger := certstest.New(t)
	for _, test := range []struct {
		name     string
		cert     *tls.Certificate
		old, now string // what the client is told in TLS 1.2 and 1.3; "" for nothing
	}{
		{"none", &tls.Certificate{}, "handshake failure", "certificate required"},
		{"a good one", x.ca.Issue(nil), "", ""},
		{"of another authority", stranger.Issue(nil), "unknown certificate authority", "unknown certificate authority"},
		{"expired", x.ca.Issue(func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Second) }), "expired certificate", "expired certificate"},
		{"not valid yet", x.ca.Issue(func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Hour) }), "expired certificate", "expired certificate"},
		{"for servers", x.ca.Issue(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} }), "bad certificate", "bad certificate"},
		{"an unknown critical extension", x.ca.Issue(func(c *x509.Certificate) {
			c.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 2, 3}, Critical: true, Value: []byte{5, 0}}}
		}), "bad certificate", "bad certificate"},
	} {
		for version, want := range map[uint16]string{tls.VersionTLS12: test.old, tls.VersionTLS13: test.now} {
			t.Run(test.name+" in "+tls.VersionName(version), func(t *testing.T) {
				c := x.client()
				c.MinVersion, c.MaxVersion = version, version
				c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return test.cert, nil }
				if _, err := x.shake(c); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
					t.Errorf("the client says %v, want %q", err, want)
				}
				x.flows()
			})
		}
	}
}

func TestNoWayLeadsAroundTheCertificateThatIsRequired(t *testing.T) {
	x := newTarget(t, tls.RequireAndVerifyClientCert, server.Front{})
	x.bystanders()
	bare := func(protocols ...string) *tls.Config {
		return &tls.Config{ServerName: "localhost", RootCAs: x.ca.Pool(), NextProtos: protocols}
	}
	for want, protocols := range map[string][]string{
		"no application protocol": {"acme-tls/1"}, // for which nobody is asked for a certificate
		"certificate required":    {"acme-tls/1", "http/1.1"},
	} {
		if _, err := x.shake(bare(protocols...)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("as %v the client is told %v, want %q", protocols, err, want)
		}
	}
	if err := x.overHTTP3(bare()); err == nil || !strings.Contains(err.Error(), "certificate required") {
		t.Errorf("over HTTP/3 the client is told %v", err)
	}
	if err := x.overHTTP3(x.client()); err != nil {
		t.Errorf("over HTTP/3 a client with a certificate is told %v", err)
	}
	x.flows()
}

// overHTTP3 makes a request over HTTP/3.
func (x *target) overHTTP3(c *tls.Config) error {
	x.t.Helper()
	transport := &http3.Transport{TLSClientConfig: c, QUICConfig: &quic.Config{HandshakeIdleTimeout: patience}}
	defer transport.Close()
	r, err := http.NewRequest("GET", "https://"+x.addr+"/channels/c", nil)
	if err != nil {
		x.t.Fatal(err)
	}
	resp, err := transport.RoundTrip(r)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		x.t.Error(resp.Status)
	}
	return resp.Body.Close()
}

func TestASessionThatIsForgedIsNotResumed(t *testing.T) {
	x := newTarget(t, tls.NoClientCert, server.Front{})
	x.bystanders()
	c := x.client()
	cache := &forger{ClientSessionCache: tls.NewLRUClientSessionCache(1)}
	c.ClientSessionCache = cache
	for _, test := range []struct {
		name    string
		change  func(ticket []byte) []byte
		resumed bool
	}{
		{"none yet", nil, false},
		{"its own", func(b []byte) []byte { return b }, true},
		{"a bit flipped", func(b []byte) []byte { b[len(b)/2] ^= 1; return b }, false},
		{"cut short", func(b []byte) []byte { return b[:10] }, false},
		{"noise", func([]byte) []byte { return []byte(strings.Repeat("x", 2000)) }, false},
	} {
		cache.change = test.change
		if state, err := x.shake(c); err != nil || state.DidResume != test.resumed {
			t.Errorf("%s: resumed %v, %v; want %v", test.name, state.DidResume, err, test.resumed)
		}
		x.flows()
	}
}

// forger changes the tickets of sessions when they are used.
type forger struct {
	tls.ClientSessionCache
	change func(ticket []byte) []byte
}

func (f *forger) Get(key string) (*tls.ClientSessionState, bool) {
	session, ok := f.ClientSessionCache.Get(key)
	if !ok || session == nil {
		return nil, false
	}
	ticket, state, err := session.ResumptionState()
	if err != nil {
		return nil, false
	}
	forged, err := tls.NewResumptionState(f.change(append([]byte(nil), ticket...)), state)
	return forged, err == nil
}

func TestNoiseOnThePortOfHTTP3IsIgnored(t *testing.T) {
	x := newTarget(t, tls.NoClientCert, server.Front{})
	x.bystanders()
	nc, err := net.Dial("udp", x.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	for _, datagram := range [][]byte{{}, {0}, make([]byte, 1200), []byte(strings.Repeat("\xff", 1400)), append([]byte{0xc3, 0, 0, 0, 1, 20}, make([]byte, 1300)...)} {
		if _, err := nc.Write(datagram); err != nil {
			t.Fatal(err)
		}
		x.flows()
	}
	if err := x.overHTTP3(x.client()); err != nil {
		t.Fatal("HTTP/3 is gone: ", err)
	}
}
