package certs

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/holdfast-dev/holdfast/internal/certs/certstest"
)

// journal is a log that can be read while it is written.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) logger() *slog.Logger { return slog.New(slog.NewTextHandler(j, nil)) }

// take returns what was logged since it was last asked.
func (j *journal) take() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	defer j.text.Reset()
	return j.text.String()
}

// pairIn writes a pair into dir and returns its files.
func pairIn(t *testing.T, dir string, cert *tls.Certificate) PairFiles {
	t.Helper()
	certFile, keyFile := certstest.WritePair(t, dir, cert)
	return PairFiles{Cert: certFile, Key: keyFile}
}

func mustOpenStore(t *testing.T, o Options) *Store {
	t.Helper()
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// running runs s in the test's bubble until the returned function is called.
func running(s *Store) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { s.Run(ctx, Ports{}); close(done) }()
	synctest.Wait()
	return func() { cancel(); <-done }
}

// serves returns the serial number of the certificate that a client gets which asks for a name.
func serves(t *testing.T, s *Store, name string) string {
	t.Helper()
	state, err := meet(s.TLSConfig(), &tls.Config{ServerName: name, InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	return state.PeerCertificates[0].SerialNumber.String()
}

func serialOf(cert *tls.Certificate) string { return cert.Leaf.SerialNumber.String() }

// meet makes a TLS connection on which the server says a word, and returns what the client got to know and its
// error. A server that refuses the client's certificate tells it only then.
func meet(server, client *tls.Config) (tls.ConnectionState, error) {
	near, far := bufferedPipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		conn := tls.Server(far, server)
		if conn.Handshake() == nil {
			io.WriteString(conn, "hi")
		}
		far.Close()
	}()
	conn := tls.Client(near, client)
	err := conn.Handshake()
	if err == nil {
		_, err = io.ReadFull(conn, make([]byte, 2))
	}
	state := conn.ConnectionState()
	near.Close()
	<-done
	return state, err
}

func TestAChangedCertificateIsTakenWithinSecondsAndLogged(t *testing.T) {
	for name, change := range map[string]func(t *testing.T, live string, cert *tls.Certificate){
		"files that are written again": func(t *testing.T, live string, cert *tls.Certificate) {
			pairIn(t, live, cert)
		},
		"a directory that is swapped, as Kubernetes does": func(t *testing.T, live string, cert *tls.Certificate) {
			next := t.TempDir()
			pairIn(t, next, cert)
			check(t, os.Symlink(next, live+"-new"))
			check(t, os.Rename(live+"-new", live))
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ca, dir, log := certstest.New(t), t.TempDir(), &journal{}
				before, after := ca.Issue(nil), ca.Issue(nil)
				live := filepath.Join(t.TempDir(), "live")
				check(t, os.Symlink(dir, live))
				s := mustOpenStore(t, Options{Pairs: []PairFiles{pairIn(t, live, before)}, Log: log.logger()})
				defer running(s)()
				if got := serves(t, s, "localhost"); got != serialOf(before) {
					t.Fatal("another certificate is served")
				}
				change(t, live, after)
				time.Sleep(reloadInterval)
				synctest.Wait()
				if got := serves(t, s, "localhost"); got != serialOf(after) {
					t.Error("the old certificate is still served")
				}
				if got := log.take(); strings.Count(got, "took the new certificate") != 1 {
					t.Errorf("logged %s", got)
				}
			})
		})
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestABrokenPairKeepsTheOldOneAndIsToldOnce(t *testing.T) {
	for name, test := range map[string]struct {
		breakIt func(t *testing.T, ca *certstest.Authority, f PairFiles)
		want    string
	}{
		"another key": {func(t *testing.T, ca *certstest.Authority, f PairFiles) {
			dir := t.TempDir()
			other := pairIn(t, dir, ca.Issue(nil))
			check(t, os.Rename(other.Key, f.Key))
		}, "do not go together: private key does not match public key"},
		"no certificate": {func(t *testing.T, _ *certstest.Authority, f PairFiles) {
			check(t, os.WriteFile(f.Cert, []byte("oops"), 0o600))
		}, "holds no certificate in PEM"},
		"half a key": {func(t *testing.T, _ *certstest.Authority, f PairFiles) {
			check(t, os.Truncate(f.Key, 60))
		}, "do not go together"},
		"no key": {func(t *testing.T, _ *certstest.Authority, f PairFiles) {
			check(t, os.Truncate(f.Key, 0))
		}, "holds no private key in PEM"},
		"an encrypted key": {func(t *testing.T, _ *certstest.Authority, f PairFiles) {
			check(t, os.WriteFile(f.Key, []byte("-----BEGIN ENCRYPTED PRIVATE KEY-----\n-----END ENCRYPTED PRIVATE KEY-----\n"), 0o600))
		}, "is encrypted; decrypt it"},
		"a file that is gone": {func(t *testing.T, _ *certstest.Authority, f PairFiles) {
			check(t, os.Remove(f.Cert))
		}, "no such file"},
		"an expired certificate": {func(t *testing.T, ca *certstest.Authority, f PairFiles) {
			pairIn(t, filepath.Dir(f.Cert), ca.Issue(func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }))
		}, "expired on"},
		"a certificate for nobody": {func(t *testing.T, ca *certstest.Authority, f PairFiles) {
			pairIn(t, filepath.Dir(f.Cert), ca.Issue(certstest.Names()))
		}, "is for no name"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ca, log := certstest.New(t), &journal{}
				good, next := ca.Issue(nil), ca.Issue(nil)
				files := pairIn(t, t.TempDir(), good)
				s := mustOpenStore(t, Options{Pairs: []PairFiles{files}, Log: log.logger()})
				defer running(s)()
				test.breakIt(t, ca, files)
				time.Sleep(5 * reloadInterval)
				synctest.Wait()
				got := log.take()
				if strings.Count(got, "cannot use the changed certificate") != 1 || !strings.Contains(got, test.want) {
					t.Errorf("logged %s; want once %q", got, test.want)
				}
				if serves(t, s, "localhost") != serialOf(good) {
					t.Error("the old certificate is not served any more")
				}
				pairIn(t, filepath.Dir(files.Cert), next)
				time.Sleep(reloadInterval)
				synctest.Wait()
				if serves(t, s, "localhost") != serialOf(next) || !strings.Contains(log.take(), "took the new") {
					t.Error("the repaired pair is not taken")
				}
			})
		})
	}
}

func TestAConnectionOutlivesTheCertificateItBeganWith(t *testing.T) {
	ca, dir := certstest.New(t), t.TempDir()
	s := mustOpenStore(t, Options{Pairs: []PairFiles{pairIn(t, dir, ca.Issue(nil))}})
	near, far := bufferedPipe()
	echoed := make(chan error, 1)
	go func() {
		conn := tls.Server(far, s.TLSConfig())
		_, err := io.Copy(conn, conn)
		echoed <- err
	}()
	conn := tls.Client(near, &tls.Config{ServerName: "localhost", RootCAs: ca.Pool()})
	say := func(word string) {
		t.Helper()
		if _, err := io.WriteString(conn, word); err != nil {
			t.Fatal(err)
		}
		back := make([]byte, len(word))
		if _, err := io.ReadFull(conn, back); err != nil || string(back) != word {
			t.Fatalf("%q came back as %q, %v", word, back, err)
		}
	}
	say("before")
	pairIn(t, dir, ca.Issue(nil))
	s.Reload()
	say("after")
	near.Close()
	<-echoed
}

func TestWhatCanNotBeServedIsRefusedAtTheStartWithWhatToDo(t *testing.T) {
	ca, dir := certstest.New(t), t.TempDir()
	good := pairIn(t, dir, ca.Issue(nil))
	for name, test := range map[string]struct {
		options Options
		want    []string
	}{
		"nothing":           {Options{}, []string{"there is no certificate"}},
		"a missing file":    {Options{Pairs: []PairFiles{{Cert: dir + "/none.pem", Key: good.Key}}}, []string{"none.pem", "check tls.certificates"}},
		"a file without":    {Options{Pairs: []PairFiles{{Cert: good.Key}}}, []string{"key.pem holds no certificate in PEM"}},
		"files mixed up":    {Options{Pairs: []PairFiles{{Cert: good.Cert}}}, []string{"cert.pem holds no private key in PEM"}},
		"no authorities":    {Options{Pairs: []PairFiles{good}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCA: good.Key}, []string{"holds no certificate in PEM", "check tls.client_ca"}},
		"a missing bundle":  {Options{Pairs: []PairFiles{good}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCA: dir + "/none"}, []string{"none", "check tls.client_ca"}},
		"the second of two": {Options{Pairs: []PairFiles{good, {Cert: dir + "/second.pem"}}}, []string{"second.pem"}},
	} {
		_, err := Open(test.options)
		for _, want := range test.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v; want %q", name, err, want)
			}
		}
	}
}

func TestAKeyMayBeInTheFileOfItsCertificate(t *testing.T) {
	ca, dir := certstest.New(t), t.TempDir()
	cert := ca.Issue(nil)
	files := pairIn(t, dir, cert)
	var both []byte
	for _, path := range []string{files.Key, files.Cert} {
		content, err := os.ReadFile(path)
		check(t, err)
		both = append(both, content...)
	}
	check(t, os.WriteFile(filepath.Join(dir, "both.pem"), both, 0o600))
	s := mustOpenStore(t, Options{Pairs: []PairFiles{{Cert: filepath.Join(dir, "both.pem")}}})
	if serves(t, s, "localhost") != serialOf(cert) {
		t.Error("another certificate is served")
	}
}

func TestTheStoreTellsItsCertificates(t *testing.T) {
	ca := certstest.New(t)
	first, second := ca.Issue(certstest.Names("b.example", "A.example")), ca.Issue(nil)
	s := mustOpenStore(t, Options{Pairs: []PairFiles{pairIn(t, t.TempDir(), first), pairIn(t, t.TempDir(), second)}})
	got := s.Certificates()
	if len(got) != 2 || !slices.Equal(got[0].Names, []string{"b.example", "a.example"}) || !got[0].NotAfter.Equal(first.Leaf.NotAfter) {
		t.Errorf("got %+v", got)
	}
	if !slices.Equal(got[1].Names, []string{"localhost", "127.0.0.1", "::1"}) {
		t.Errorf("got %+v", got[1])
	}
}
