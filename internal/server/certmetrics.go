package server

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/holdfast-dev/holdfast/internal/certs"
)

// certMetrics tells Prometheus of certificates and of the handshakes that use their keys.
type certMetrics struct{ store *certs.Store }

var (
	certNotAfter      = prometheus.NewDesc("holdfast_certificate_not_after_seconds", "When a certificate ends, as Unix time.", []string{"name", "source"}, nil)
	handshakesNow     = prometheus.NewDesc("holdfast_tls_handshakes", "TLS handshakes that use a key, or wait for that.", nil, nil)
	handshakesRefused = prometheus.NewDesc("holdfast_tls_handshakes_refused_total", "TLS handshakes that failed because too many waited.", nil, nil)
)

// Describe implements [prometheus.Collector].
func (m certMetrics) Describe(to chan<- *prometheus.Desc) {
	to <- certNotAfter
	to <- handshakesNow
	to <- handshakesRefused
}

// Collect implements [prometheus.Collector].
func (m certMetrics) Collect(to chan<- prometheus.Metric) {
	seen := map[[2]string]bool{} // two of the same name from one file can't both be told
	for _, c := range m.store.Certificates() {
		labels := [2]string{c.Names[0], c.Source}
		if !seen[labels] {
			seen[labels] = true
			to <- prometheus.MustNewConstMetric(certNotAfter, prometheus.GaugeValue, float64(c.NotAfter.Unix()), labels[:]...)
		}
	}
	now, refused := m.store.Handshakes()
	to <- prometheus.MustNewConstMetric(handshakesNow, prometheus.GaugeValue, float64(now))
	to <- prometheus.MustNewConstMetric(handshakesRefused, prometheus.CounterValue, float64(refused))
}
