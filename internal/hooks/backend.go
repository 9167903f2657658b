package hooks

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"golang.org/x/time/rate"

	"github.com/holdfast-dev/holdfast/client/webhook"
	"github.com/holdfast-dev/holdfast/internal/broker"
)

// backend is a hook with what it takes to call it. Its methods may be called from any goroutine.
type backend struct {
	Hook
	client *http.Client
	turns  chan struct{} // a place for each question that may be under way
	meter  meter
	told   *toldMeter    // nil if it is told nothing
	retry  time.Duration // before an event is told for the second time
	log    *slog.Logger

	// Neither asking nor telling is shut out by failures of the other.
	asking, telling breaker

	lines, gapLines rate.Sometimes // of failures in the log
}

func newBackend(h Hook, ts transports, m *metrics, log *slog.Logger, times timing) (*backend, error) {
	h = h.withDefaults()
	if err := h.Check(); err != nil {
		return nil, err
	}
	u, err := ParseURL(h.URL, h.AllowPrivate)
	if err != nil {
		return nil, err
	}
	b := &backend{
		Hook:  h,
		turns: make(chan struct{}, h.InFlight),
		log:   log.With("hook", h.Name),
		retry: times.retry,

		lines:    rate.Sometimes{First: 1, Interval: time.Second},
		gapLines: rate.Sometimes{First: 1, Interval: time.Minute},
		client: &http.Client{
			Transport: ts.of(u, h.AllowPrivate),
			CheckRedirect: func(*http.Request, []*http.Request) error {
				return http.ErrUseLastResponse // an answer that sends elsewhere is none
			},
		},
	}
	b.asking.least, b.telling.least = times.open, times.open
	b.meter = m.of(b)
	if h.tells() {
		b.told = m.ofTold(b)
	}
	return b, nil
}

// readFailed tells that a log could not be read.
func (b *backend) readFailed(log *broker.Log, err error) {
	b.lines.Do(func() {
		b.log.Warn("a log can't be read for a hook; it is tried again", "log", log.Name(), "error", err)
	})
}

// StatusError says that a backend answered, and not with success.
type StatusError struct {
	Status int
	After  time.Duration // what its Retry-After says, 0 for nothing
}

// Error returns the status, and for a redirect what to do.
func (e *StatusError) Error() string {
	text := fmt.Sprintf("the answer is %d %s", e.Status, http.StatusText(e.Status))
	if 300 <= e.Status && e.Status < 400 {
		text += "; redirects are not followed, so write the address where it is"
	}
	return text
}

// blamesBackend tells whether the next call is likely to fail too: not if the backend answered that it
// does not like this one.
func blamesBackend(err error) bool {
	answered, ok := errors.AsType[*StatusError](err)
	return !ok || answered.Status >= 500 || answered.Status == http.StatusTooManyRequests
}

const mostRetryAfter = 24 * time.Hour

// post sends one request, signed anew, and returns the answer, nil if it is 204 No Content. An answer that is no
// success, breaks off or is longer than most bytes is an error.
func (b *backend) post(ctx context.Context, id, contentType string, body []byte, most int64) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, b.URL, bytes.NewReader(body))
	if err != nil {
		return nil, errors.New("the address makes no request")
	}
	r.Header.Set("Content-Type", contentType)
	r.Header.Set("Accept", contentJSON)
	r.Header.Set("User-Agent", "Holdfast")
	webhook.Sign(r.Header, id, time.Now(), body, b.Secrets...)
	answer, err := b.client.Do(r)
	if err != nil {
		return nil, causeOf(ctx, withoutURL(err))
	}
	defer answer.Body.Close()
	reply, err := readReply(answer.Body, most) // of an error, too: then the connection can be used again
	switch {
	case answer.StatusCode < 200 || answer.StatusCode >= 300:
		return nil, &StatusError{answer.StatusCode, retryAfter(answer.Header.Get("Retry-After"), time.Now())}
	case err != nil:
		return nil, causeOf(ctx, err)
	case answer.StatusCode == http.StatusNoContent:
		return nil, nil
	}
	return reply, nil
}

// causeOf returns why ctx has ended, if it has, and else the error.
func causeOf(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

func readReply(body io.Reader, most int64) ([]byte, error) {
	reply, err := io.ReadAll(io.LimitReader(body, most+1))
	if err != nil {
		return nil, fmt.Errorf("the answer breaks off: %w", err)
	}
	if int64(len(reply)) > most {
		return nil, fmt.Errorf("%w (%d bytes)", errReplyTooLong, most)
	}
	return reply, nil
}

// retryAfter reads the header of that name (RFC 9110 section 10.2.3): seconds, or a date.
func retryAfter(text string, now time.Time) time.Duration {
	var after time.Duration
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		after = time.Duration(seconds) * time.Second
	} else if at, err := http.ParseTime(text); err == nil {
		after = at.Sub(now)
	}
	return min(max(after, 0), mostRetryAfter)
}
