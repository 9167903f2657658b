package acmetest

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/internal/certs"
)

const (
	domain   = "chat.example.com"
	patience = 20 * time.Second // only ends a test that has failed
)

// site is a server that gets its certificate from an authority, by one way of proving that the name is its own.
type site struct {
	t           *testing.T
	http, https net.Listener
	dir         string
	log         journal
}

func newSite(t *testing.T) *site {
	s := &site{t: t, dir: filepath.Join(t.TempDir(), "acme")}
	for _, l := range []*net.Listener{&s.http, &s.https} {
		var err error
		if *l, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { (*l).Close() })
	}
	return s
}

func port(l net.Listener) int { return l.Addr().(*net.TCPAddr).Port }

// run serves with certificates from a until stop is called.
func (s *site) run(a *Authority, at certs.Ports) (store *certs.Store, stop func()) {
	s.t.Helper()
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(a.Root)
	store, err := certs.Open(certs.Options{
		ACME: &certs.ACMEOptions{Dir: s.dir, Directory: a.Directory, Domains: []string{domain}, Email: "test@example.com", Roots: roots},
		Log:  slog.New(slog.NewTextHandler(&s.log, nil)),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !store.ServeChallenge(w, r) {
			http.NotFound(w, r)
		}
	})
	plain := &http.Server{Handler: handler}
	secure := &http.Server{Handler: handler, TLSConfig: store.TLSConfig().Clone(), ErrorLog: slog.NewLogLogger(slog.DiscardHandler, 0)}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { plain.Serve(s.http) })
	running.Go(func() { secure.ServeTLS(s.https, "", "") })
	running.Go(func() { store.Run(ctx, at) })
	return store, func() {
		cancel()
		plain.Close()
		secure.Close()
		running.Wait()
	}
}

// certificate waits until the site has a certificate that is not the one before.
func (s *site) certificate(before *x509.Certificate) *x509.Certificate {
	s.t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for late := time.After(patience); ; {
		conn, err := tls.Dial("tcp", s.https.Addr().String(), &tls.Config{ServerName: domain, InsecureSkipVerify: true})
		if err == nil {
			cert := conn.ConnectionState().PeerCertificates[0]
			conn.Close()
			if before == nil || !cert.Equal(before) {
				return cert
			}
		}
		select {
		case <-tick.C:
		case <-late:
			s.t.Fatalf("no (new) certificate (%v); logged %s", err, s.log.String())
		}
	}
}

func TestACertificateIsGotByEitherWayAndOutlivesARestart(t *testing.T) {
	for name, ports := range map[string]func(*site) certs.Ports{
		"HTTP-01":     func(s *site) certs.Ports { return certs.Ports{Host: "127.0.0.1", HTTP: port(s.http)} },
		"TLS-ALPN-01": func(s *site) certs.Ports { return certs.Ports{Host: "127.0.0.1", HTTPS: port(s.https)} },
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			a := Start(t, port(s.http), port(s.https), 90*24*time.Hour)
			store, stop := s.run(a, ports(s))
			cert := s.certificate(nil)
			if err := cert.VerifyHostname(domain); err != nil {
				t.Error(err)
			}
			if all := store.Certificates(); len(all) != 1 || !all[0].NotAfter.Equal(cert.NotAfter) || all[0].Source != a.Directory {
				t.Errorf("the store tells %+v", all)
			}
			stop()
			if got := s.log.String(); strings.Count(got, `msg="got a certificate"`) != 1 || strings.Contains(got, "ERROR") {
				t.Errorf("logged %s", got)
			}
			onlyForTheUser(t, s.dir)

			a.Close()
			s.again()
			_, stop = s.run(a, ports(s))
			if !s.certificate(nil).Equal(cert) {
				t.Error("after a restart there is another certificate")
			}
			stop()
		})
	}
}

func TestACertificateNearItsEndIsRenewedAtTheStart(t *testing.T) {
	s := newSite(t)
	at := certs.Ports{Host: "127.0.0.1", HTTP: port(s.http), HTTPS: port(s.https)}
	a := Start(t, port(s.http), port(s.https), 60*time.Second)
	_, stop := s.run(a, at)
	first := s.certificate(nil)
	stop()
	s.again()
	_, stop = s.run(a, at)
	s.certificate(first)
	stop()
	if got := s.log.String(); strings.Count(got, `msg="got a certificate"`) < 2 || !strings.Contains(got, "renewal=true") {
		t.Errorf("logged %s", got)
	}
}

func TestANameThatDoesNotLeadHereIsLogged(t *testing.T) {
	s, elsewhere := newSite(t), newSite(t)
	a := Start(t, port(elsewhere.http), port(elsewhere.https), 90*24*time.Hour)
	elsewhere.http.Close()
	elsewhere.https.Close()
	_, stop := s.run(a, certs.Ports{Host: "127.0.0.1", HTTP: port(s.http), HTTPS: port(s.https)})
	defer stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for late := time.After(patience); !strings.Contains(s.log.String(), "cannot get a certificate"); {
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("logged %s", s.log.String())
		}
	}
	if got := s.log.String(); !strings.Contains(got, domain) || !strings.Contains(got, "authorization failed") {
		t.Errorf("logged %s", got)
	}
}

// again listens on the same ports, which the servers have closed.
func (s *site) again() {
	s.t.Helper()
	for _, l := range []*net.Listener{&s.http, &s.https} {
		var err error
		if *l, err = net.Listen("tcp", (*l).Addr().String()); err != nil {
			s.t.Fatal(err)
		}
	}
}

// onlyForTheUser checks who may read keys.
func onlyForTheUser(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

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

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}
