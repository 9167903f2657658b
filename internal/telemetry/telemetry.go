// Package telemetry lets a node be watched: metrics for Prometheus, and an account of what was refused.
package telemetry

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Telemetry is the metrics of one node.
type Telemetry struct{ registry *prometheus.Registry }

// New returns the metrics of the Go runtime and the process, to which others are added.
func New() *Telemetry {
	t := &Telemetry{prometheus.NewRegistry()}
	t.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return t
}

// Registerer takes further metrics.
func (t *Telemetry) Registerer() prometheus.Registerer { return t.registry }

// Gauge adds a metric whose value read returns.
func (t *Telemetry) Gauge(name, help string, read func() float64) {
	t.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, read))
}

// Handler answers with all metrics, as Prometheus reads them.
func (t *Telemetry) Handler() http.Handler {
	return promhttp.HandlerFor(t.registry, promhttp.HandlerOpts{})
}
