package engine

import (
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// serverLog passes what the embedded server logs on to ours, and keeps the warnings that it gives
// while it starts, because it does not tell otherwise why it could not.
type serverLog struct {
	log    *slog.Logger
	health *health

	mu       sync.Mutex
	starting bool                 // guarded by mu
	warnings []string             // guarded by mu; at most maxStartWarnings
	died     string               // guarded by mu: what the server can't go on without
	told     map[string]time.Time // guarded by mu: when a line about another node was written; at most maxTold
}

const maxStartWarnings = 8

// The methods of nats-server's Logger. It ends the process after Fatalf unless the logger is not
// its own: what is fatal to it is an error of Open, or of the next call.

func (l *serverLog) Noticef(format string, v ...any) {
	l.log.Debug("nats: " + fmt.Sprintf(format, v...))
}
func (l *serverLog) Debugf(format string, v ...any) {}
func (l *serverLog) Tracef(format string, v ...any) {}

func (l *serverLog) Warnf(format string, v ...any) {
	text := fmt.Sprintf(format, v...)
	if !l.translate(text) {
		l.log.Warn("nats: " + text)
	}
	l.keep(text)
}

func (l *serverLog) Errorf(format string, v ...any) {
	text := fmt.Sprintf(format, v...)
	if !l.translate(text) {
		l.log.Error("nats: " + text)
	}
	l.health.hear(text)
	l.keep(text)
}

func (l *serverLog) Fatalf(format string, v ...any) {
	l.Errorf(format, v...)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.died = fmt.Sprintf(format, v...)
}

// fatal returns what the server can't go on without; "" if nothing is.
func (l *serverLog) fatal() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.died
}

// keep remembers a warning given while the server starts.
func (l *serverLog) keep(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.starting && len(l.warnings) < maxStartWarnings {
		l.warnings = append(l.warnings, text)
	}
}

// started ends the keeping and returns what was kept.
func (l *serverLog) started() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.starting = false
	return l.warnings
}
