package hostile

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
)

// recorder is a log that keeps everything, whatever its level.
type recorder struct {
	mu    sync.Mutex // guards what follows
	lines bytes.Buffer
}

// Enabled implements slog.Handler.
func (r *recorder) Enabled(context.Context, slog.Level) bool { return true }

// Handle implements slog.Handler.
func (r *recorder) Handle(ctx context.Context, record slog.Record) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text().Handle(ctx, record)
}

// WithAttrs implements slog.Handler.
func (r *recorder) WithAttrs(attrs []slog.Attr) slog.Handler {
	return shared{r, r.text().WithAttrs(attrs)}
}

// WithGroup implements slog.Handler.
func (r *recorder) WithGroup(name string) slog.Handler { return shared{r, r.text().WithGroup(name)} }

func (r *recorder) text() slog.Handler {
	return slog.NewTextHandler(&r.lines, &slog.HandlerOptions{Level: slog.LevelDebug})
}

// shared is a handler that writes to a recorder's lines, with what each of them says besides.
type shared struct {
	to *recorder
	slog.Handler
}

// Handle implements slog.Handler.
func (s shared) Handle(ctx context.Context, record slog.Record) error {
	s.to.mu.Lock()
	defer s.to.mu.Unlock()
	return s.Handler.Handle(ctx, record)
}

// WithAttrs implements slog.Handler.
func (s shared) WithAttrs(attrs []slog.Attr) slog.Handler {
	return shared{s.to, s.Handler.WithAttrs(attrs)}
}

// WithGroup implements slog.Handler.
func (s shared) WithGroup(name string) slog.Handler { return shared{s.to, s.Handler.WithGroup(name)} }

// all returns what has been logged.
func (r *recorder) all() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.lines.String()
}

// with returns the first line that has all of some words, or "".
func (r *recorder) with(words ...string) string {
lines:
	for line := range strings.Lines(r.all()) {
		for _, word := range words {
			if !strings.Contains(line, word) {
				continue lines
			}
		}
		return line
	}
	return ""
}
