package hooks

import (
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are those of all hooks.
type metrics struct {
	registry prometheus.Registerer
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	events   *prometheus.CounterVec
	gaps     *prometheus.CounterVec
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
	outcomeDead    = "dead" // of an event: it was given up
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
		events: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "holdfast_hook_events_total",
			Help: "Events that hooks were told (ok), and those that were given up (dead).",
		}, []string{"hook", "outcome"}),
		gaps: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "holdfast_hook_gaps_total",
			Help: "How often a hook may have missed events because the log did not keep them for long enough.",
		}, []string{"hook"}),
	}
	registry.MustRegister(m.requests, m.seconds, m.events, m.gaps)
	return m
}

// meter is the metrics of one hook.
type meter struct {
	requests *prometheus.CounterVec
	seconds  prometheus.ObserverVec
}

func (m *metrics) of(b *backend) meter {
	m.breaker(b.Name, asks, &b.asking)
	name := prometheus.Labels{"hook": b.Name}
	return meter{m.requests.MustCurryWith(name), m.seconds.MustCurryWith(name)}
}

func (m *metrics) breaker(hook, purpose string, b *breaker) {
	m.gauge("holdfast_hook_breaker", "The breaker of requests to a hook: 0 closed, 1 probing, 2 open.",
		prometheus.Labels{"hook": hook, "purpose": purpose}, b.level)
}

// toldMeter is what is counted of a hook that is told events.
type toldMeter struct {
	events  *prometheus.CounterVec
	gaps    prometheus.Counter
	current atomic.Pointer[delivery] // nil while another node tells it
}

func (m *metrics) ofTold(b *backend) *toldMeter {
	name := prometheus.Labels{"hook": b.Name}
	t := &toldMeter{events: m.events.MustCurryWith(name), gaps: m.gaps.With(name)}
	m.breaker(b.Name, tells, &b.telling)
	m.gauge("holdfast_hook_behind", "Entries of its logs that a hook has not been told, or passed over, yet; 0 on nodes that do not tell it.", name, func() float64 {
		behind, _, _ := t.waits()
		return float64(behind)
	})
	m.gauge("holdfast_hook_late_channels", "Channels whose events can't be told now, or not fast enough.", name, func() float64 {
		_, late, _ := t.waits()
		return float64(late)
	})
	m.gauge("holdfast_hook_lag_seconds", "How old the oldest event is that a hook has not been told.", name, func() float64 {
		_, _, oldest := t.waits()
		return oldest.Seconds()
	})
	return t
}

func (t *toldMeter) waits() (behind uint64, late int, oldest time.Duration) {
	if d := t.current.Load(); d != nil {
		return d.waits()
	}
	return 0, 0, 0
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
