package server

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/holdfast-dev/holdfast/internal/certs"
	"github.com/holdfast-dev/holdfast/internal/certs/certstest"
	"github.com/holdfast-dev/holdfast/internal/telemetry"
)

func TestMetricsSayWhenCertificatesEnd(t *testing.T) {
	ca := certstest.New(t)
	first, second := ca.Issue(certstest.Names("a.example", "b.example")), ca.Issue(nil)
	var pairs []certs.PairFiles
	for _, dir := range []string{t.TempDir(), t.TempDir()} {
		cert := first
		if len(pairs) > 0 {
			cert = second
		}
		certFile, keyFile := certstest.WritePair(t, dir, cert)
		pairs = append(pairs, certs.PairFiles{Cert: certFile, Key: keyFile})
	}
	store, err := certs.Open(certs.Options{Pairs: append(pairs, pairs[0]), Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	metrics := telemetry.New()
	metrics.Registerer().MustRegister(certMetrics{store})
	page := httptest.NewRecorder()
	metrics.Handler().ServeHTTP(page, httptest.NewRequest("GET", "/metrics", nil))
	for _, want := range []string{
		fmt.Sprintf("holdfast_certificate_not_after_seconds{name=\"a.example\",source=%q} %g\n", pairs[0].Cert, float64(first.Leaf.NotAfter.Unix())),
		fmt.Sprintf("holdfast_certificate_not_after_seconds{name=\"localhost\",source=%q} %g\n", pairs[1].Cert, float64(second.Leaf.NotAfter.Unix())),
		"holdfast_tls_handshakes 0\n",
		"holdfast_tls_handshakes_refused_total 0\n",
	} {
		if !strings.Contains(page.Body.String(), want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if t.Failed() {
		t.Log(page.Body.String())
	}
}
