package telemetry

import (
	"context"
	"crypto/rand"
	"log/slog"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/time/rate"
)

// Refusal is something that a client asked for and did not get. It holds no token and no secret.
type Refusal struct {
	Kind    string // what kind of reason, one of few: "not_permitted", "limits.messages"
	Edge    string // where, one of few: a path's first part
	Remote  string // the client's address
	User    string // "" if nobody knows
	Channel string // or pattern; "" if it is about none
	Rule    string // of the configuration, that decided; "" if none did
	Why     any    // an error, or words; written as slog writes it
}

// Audit tells of everything that is refused: a line in the log and a counter. Its methods may be called
// from any goroutine.
type Audit struct {
	log     *slog.Logger
	refused *prometheus.CounterVec

	lines    *rate.Limiter
	unlogged atomic.Int64 // since the last line
}

// Somebody who is refused all the time must not fill the disk: beyond these lines, refusals are only
// counted.
const (
	linesPerSecond = 50
	linesAtOnce    = 500
)

// refChars is the length of a ref: enough to find a line in a day's log.
const refChars = 8

// NewAudit returns an Audit that writes to log and counts in registry.
func NewAudit(log *slog.Logger, registry prometheus.Registerer) *Audit {
	a := &Audit{
		log:   log,
		lines: rate.NewLimiter(linesPerSecond, linesAtOnce),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "holdfast_refused_total",
			Help: "What clients asked for and did not get, by kind of reason and edge.",
		}, []string{"kind", "edge"}),
	}
	registry.MustRegister(a.refused)
	return a
}

// Refuse tells of a refusal, and returns what the client is to know it by.
func (a *Audit) Refuse(r Refusal) (ref string) {
	ref = rand.Text()[:refChars]
	a.refused.WithLabelValues(r.Kind, r.Edge).Inc()
	if !a.lines.Allow() {
		a.unlogged.Add(1)
		return ref
	}
	attrs := []slog.Attr{slog.String("ref", ref), slog.String("kind", r.Kind), slog.String("edge", r.Edge)}
	for _, optional := range []slog.Attr{
		slog.String("remote", r.Remote), slog.String("user", r.User), slog.String("channel", r.Channel), slog.String("rule", r.Rule),
	} {
		if optional.Value.String() != "" {
			attrs = append(attrs, optional)
		}
	}
	attrs = append(attrs, slog.Any("why", r.Why))
	if n := a.unlogged.Swap(0); n > 0 {
		attrs = append(attrs, slog.Int64("not_logged_before", n))
	}
	a.log.LogAttrs(context.Background(), slog.LevelWarn, "refused", attrs...)
	return ref
}
