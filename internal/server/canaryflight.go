package server

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/holdfast-dev/holdfast/internal/health"
	"github.com/holdfast-dev/holdfast/internal/telemetry"
	"github.com/holdfast-dev/holdfast/websocket"
)

// fly sends the canary once there and back, and notes how that went. It returns false if anything was lost.
func (c *canary) fly() bool {
	ctx, cancel := context.WithTimeout(c.work, canaryLate)
	defer cancel()
	began := time.Now()
	good := true
	note := func(check string, err error) {
		if c.work.Err() != nil {
			return // it was called back
		}
		took, reason := time.Since(began), ""
		if err != nil {
			good, reason = false, reasonOf(err)
			c.fault.Store(&err)
		}
		c.flown.note(check, err == nil, took)
		c.others.note(check, err == nil)
		c.ready.Note(check, reason, took)
	}
	ws, leaf, err := c.route.dial(ctx)
	note(checkListener, err)
	if err != nil {
		return good
	}
	defer ws.CloseNow()
	if leaf != nil {
		note(checkCertificate, checkTime(leaf, time.Now()))
	}
	c.send(ctx, ws, note)
	return good
}

// send publishes, and waits for it.
func (c *canary) send(ctx context.Context, ws *websocket.Conn, note func(string, error)) {
	nonce := rand.Text()
	err := ws.Write(ctx, websocket.Text, []byte(nonce))
	awaited := map[string]bool{checkHub: true}
	if c.perch.feed != nil {
		awaited[checkLog] = true
	}
	for len(awaited) > 0 {
		var got []byte
		if err == nil {
			_, got, err = ws.Read(ctx)
		}
		if err != nil {
			if ctx.Err() != nil {
				err = errLost
			}
			for check := range awaited {
				note(check, err)
			}
			return
		}
		check, rest, _ := strings.Cut(string(got), " ")
		if !awaited[check] {
			continue
		}
		delete(awaited, check)
		if rest == nonce {
			note(check, nil)
		} else {
			note(check, refusedError(rest))
		}
	}
}

// refusedError is what the perch says of what it could not do, in words for strangers.
type refusedError string

func (e refusedError) Error() string { return string(e) }

var errLost = errors.New("what was published did not come back")

// reasonOf says in words for strangers, without addresses, what has gone wrong.
func reasonOf(err error) string {
	late := fmt.Sprintf(" within %g s", canaryLate.Seconds())
	if errors.Is(err, errLost) {
		return errLost.Error() + late
	}
	if refused, ok := errors.AsType[refusedError](err); ok {
		return string(refused)
	}
	if ended, ok := errors.AsType[*certificateTimeError](err); ok {
		return ended.Error()
	}
	if answer, ok := errors.AsType[*websocket.HandshakeError](err); ok && answer.StatusCode != 0 {
		return fmt.Sprintf("it answers with status %d", answer.StatusCode)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return "no connection" + late
	}
	if number, ok := errors.AsType[syscall.Errno](err); ok {
		return number.Error()
	}
	if _, ok := errors.AsType[*tls.AlertError](err); ok {
		return "no connection over TLS"
	}
	return "the connection has failed"
}

// certificateTimeError is a certificate that does not count now.
type certificateTimeError struct{ words string }

func (e *certificateTimeError) Error() string { return e.words }

// checkTime looks whether a certificate counts at a time. Who vouches for it is for its clients to judge.
func checkTime(leaf *x509.Certificate, now time.Time) error {
	switch {
	case now.After(leaf.NotAfter):
		return &certificateTimeError{"it has ended on " + leaf.NotAfter.UTC().Format(time.RFC3339) + "; renew it"}
	case now.Before(leaf.NotBefore):
		return &certificateTimeError{"it counts from " + leaf.NotBefore.UTC().Format(time.RFC3339) + " on only; look at the clock"}
	}
	return nil
}

// authorization returns the header that the canary shows its key in.
func authorization(key string) http.Header {
	return http.Header{"Authorization": {"Bearer " + key}}
}

// flownMetrics tell Prometheus of the canary, and what follows from it.
type flownMetrics struct {
	seconds *prometheus.HistogramVec
	lost    *prometheus.CounterVec
}

func newFlownMetrics(m *telemetry.Telemetry, r *health.Readiness) *flownMetrics {
	f := &flownMetrics{
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "holdfast_canary_seconds",
			Help:    "How long a message of the node to itself takes, from before it connects to its own listener, by check.",
			Buckets: []float64{0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, canaryLate.Seconds()},
		}, []string{"check"}),
		lost: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "holdfast_canary_lost_total",
			Help: "Messages of the node to itself that were late, lost or refused, by check.",
		}, []string{"check"}),
	}
	m.Registerer().MustRegister(f.seconds, f.lost)
	m.Gauge("holdfast_ready", "Whether the node takes clients: what /readyz says.", func() float64 {
		if r.Ready() {
			return 1
		}
		return 0
	})
	return f
}

func (f *flownMetrics) note(check string, good bool, took time.Duration) {
	if good {
		f.seconds.WithLabelValues(check).Observe(took.Seconds())
	} else {
		f.lost.WithLabelValues(check).Inc()
	}
}
