package certs

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/crypto/ocsp"

	"github.com/holdfast-dev/holdfast/internal/certs/certstest"
)

// tongue is a responder that answers without a network.
type tongue struct {
	t      *testing.T
	ca     *certstest.Authority
	signer *certstest.Authority // usually ca
	status int
	life   time.Duration
	down   atomic.Bool
	asked  atomic.Int64
}

func (r *tongue) RoundTrip(req *http.Request) (*http.Response, error) {
	r.asked.Add(1)
	if r.down.Load() {
		return nil, errors.New("no route to the responder")
	}
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	question, err := ocsp.ParseRequest(body)
	if err != nil {
		return nil, err
	}
	answer, err := ocsp.CreateResponse(r.ca.Cert, r.signer.Cert, ocsp.Response{
		Status:       r.status,
		SerialNumber: question.SerialNumber,
		ThisUpdate:   time.Now(),
		NextUpdate:   time.Now().Add(r.life),
		RevokedAt:    time.Now(),
	}, r.signer.Key)
	if err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: 200, Status: "200 OK", Body: io.NopCloser(strings.NewReader(string(answer)))}, nil
}

// stapled returns a store, not yet running, of one certificate that names the responder.
func stapled(t *testing.T, change func(*x509.Certificate)) (*Store, *tongue, *journal) {
	ca, log := certstest.New(t), &journal{}
	cert := ca.Issue(func(c *x509.Certificate) {
		c.NotAfter = time.Now().AddDate(1, 0, 0)
		c.OCSPServer = []string{"http://responder.example/"}
		if change != nil {
			change(c)
		}
	})
	s := mustOpenStore(t, Options{Pairs: []PairFiles{pairIn(t, t.TempDir(), cert)}, Log: log.logger()})
	r := &tongue{t: t, ca: ca, signer: ca, status: ocsp.Good, life: 4 * oneDay}
	s.http = &http.Client{Transport: r}
	return s, r, log
}

// stapling runs that part of s in the test's bubble until the returned function is called.
func stapling(s *Store) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { s.runStapling(ctx); close(done) }()
	synctest.Wait()
	return func() { cancel(); <-done }
}

// staples returns what a client gets stapled, parsed; nil for nothing.
func staples(t *testing.T, s *Store) *ocsp.Response {
	t.Helper()
	state, err := meet(s.TLSConfig(), &tls.Config{ServerName: "localhost", InsecureSkipVerify: true})
	check(t, err)
	if state.OCSPResponse == nil {
		return nil
	}
	answer, err := ocsp.ParseResponseForCert(state.OCSPResponse, state.PeerCertificates[0], state.PeerCertificates[1])
	check(t, err)
	return answer
}

func TestTheRespondersAnswerIsStapledAndRenewedHalfWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, r, _ := stapled(t, nil)
		defer stapling(s)()
		first := staples(t, s)
		if first == nil || first.Status != ocsp.Good {
			t.Fatalf("stapled is %+v", first)
		}
		time.Sleep(oneDay)
		if synctest.Wait(); r.asked.Load() != 1 {
			t.Errorf("the responder was asked %d times on the first day", r.asked.Load())
		}
		time.Sleep(oneDay + time.Hour)
		synctest.Wait()
		if second := staples(t, s); r.asked.Load() != 2 || second == nil || !second.NextUpdate.After(first.NextUpdate) {
			t.Errorf("asked %d times, stapled is %+v", r.asked.Load(), second)
		}
	})
}

func TestTheLastGoodStapleIsSentUntilItIsTooOld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, r, log := stapled(t, nil)
		defer stapling(s)()
		r.down.Store(true)
		time.Sleep(3 * oneDay)
		synctest.Wait()
		if staples(t, s) == nil {
			t.Error("the staple is gone although it is still good")
		}
		if got := log.take(); strings.Count(got, "cannot get an OCSP staple") != 1 || !strings.Contains(got, "no route to the responder") {
			t.Errorf("logged %s", got)
		}
		time.Sleep(oneDay + time.Hour)
		synctest.Wait()
		if got := log.take(); staples(t, s) != nil || !strings.Contains(got, "no longer sent") {
			t.Errorf("a staple that is too old is sent, or nothing is logged: %s", got)
		}
		r.down.Store(false)
		time.Sleep(2 * ocspRetry)
		if synctest.Wait(); staples(t, s) == nil {
			t.Error("nothing is stapled although the responder is back")
		}
	})
}

func TestOnlyAGoodAndVerifiedAnswerIsStapled(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*tongue)
		want   string
	}{
		"revoked":                  {func(r *tongue) { r.status = ocsp.Revoked }, "was revoked on"},
		"unknown":                  {func(r *tongue) { r.status = ocsp.Unknown }, "does not know the certificate"},
		"too old already":          {func(r *tongue) { r.life = -time.Hour }, "has been stale since"},
		"signed by somebody else":  {func(r *tongue) { r.signer = certstest.New(r.t) }, "cannot get an OCSP staple"},
		"a responder that is down": {func(r *tongue) { r.down.Store(true) }, "no route"},
	} {
		t.Run(name, func(t *testing.T) {
			s, r, log := stapled(t, nil)
			test.change(r)
			s.restaple(context.Background())
			if got := log.take(); staples(t, s) != nil || !strings.Contains(got, test.want) {
				t.Errorf("logged %s; want %q and nothing stapled", got, test.want)
			}
		})
	}
}

func TestACertificateThatMustBeStapledIsWarnedOfWithoutAStaple(t *testing.T) {
	value, err := asn1.Marshal([]int{statusRequest})
	check(t, err)
	s, r, log := stapled(t, func(c *x509.Certificate) {
		c.ExtraExtensions = []pkix.Extension{{Id: tlsFeature, Value: value}}
	})
	r.down.Store(true)
	s.restaple(context.Background())
	if got := log.take(); !strings.Contains(got, "must-staple") {
		t.Errorf("logged %s", got)
	}
}

func TestACertificateWithoutAResponderIsNotAskedAbout(t *testing.T) {
	s, r, log := stapled(t, func(c *x509.Certificate) { c.OCSPServer = nil })
	s.restaple(context.Background())
	if r.asked.Load() != 0 || log.take() != "" {
		t.Errorf("asked %d times", r.asked.Load())
	}
}
