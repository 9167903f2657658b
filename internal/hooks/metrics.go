package hooks

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are those of all hooks.
type metrics struct {
	registry prometheus.Registerer
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
}

// The values of the label purpose.
const (
	asks  = "ask"
	tells = "tell"
)

// The values of the label outcome.
const (
	outcomeOK      = "ok"
	outcomeRefused = "refused" // the backend has said no
	outcomeFailed  = "failed"
	outcomeBusy    = "busy" // too many requests were under way
	outcomeOpen    = "open" // the breaker was
)

func newMetrics(registry prometheus.Registerer) *metrics {
	m := &metrics{
		registry: registry,
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "holdfast_hook_requests_total",
			Help: "Requests to hooks by purpose (ask, tell) and outcome (ok, refused, failed; busy and open were not sent).",
		}, []string{"hook", "purpose", "outcome"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "holdfast_hook_request_seconds",
			Help:    "How long requests to hooks took.",
			Buckets: prometheus.ExponentialBuckets(0.001, 2, 14), // to 8 s
		}, []string{"hook", "purpose"}),
	}
	registry.MustRegister(m.requests, m.seconds)
	return m
}

// meter is the metrics of one hook.
type meter struct {
	requests *prometheus.CounterVec
	seconds  prometheus.ObserverVec
}

func (m *metrics) of(b *backend) meter {
	name := prometheus.Labels{"hook": b.Name}
	m.gauge("holdfast_hook_breaker", "The breaker of questions to a hook: 0 closed, 1 probing, 2 open.", name, b.asking.level)
	return meter{m.requests.MustCurryWith(name), m.seconds.MustCurryWith(name)}
}

// gauge adds a metric of one hook whose value read returns.
func (m *metrics) gauge(name, help string, labels prometheus.Labels, read func() float64) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help, ConstLabels: labels}, read))
}

// done counts a request that was sent.
func (m *meter) done(purpose, outcome string, took time.Duration) {
	m.requests.WithLabelValues(purpose, outcome).Inc()
	m.seconds.WithLabelValues(purpose).Observe(took.Seconds())
}

// unsent counts a request that was not.
func (m *meter) unsent(purpose, outcome string) {
	m.requests.WithLabelValues(purpose, outcome).Inc()
}
