package admin

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"net/http"
	"net/url"
	"time"
)

// maxAnswerBytes bounds an answer.
const maxAnswerBytes = 64 << 20

// The wait before a request is sent again.
const (
	minWait = 200 * time.Millisecond // doubled each time
	maxWait = 30 * time.Second
)

// call is one request, sent once or several times.
type call struct {
	client *Client
	method string
	path   string // with a query
	body   []byte // nil for none
	key    string // its Idempotency-Key
}

// get asks for something that changes nothing.
func (c *Client) get(ctx context.Context, path string, query url.Values, into any) error {
	return (&call{client: c, method: http.MethodGet, path: withQuery(path, query)}).run(ctx, into)
}

// remove asks for something to be removed.
func (c *Client) remove(ctx context.Context, path string, query url.Values, into any) error {
	return (&call{client: c, method: http.MethodDelete, path: withQuery(path, query), key: rand.Text()}).run(ctx, into)
}

// post asks for something to be done.
func (c *Client) post(ctx context.Context, path string, body, into any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("holdfast: the request can't be written: %w", err)
	}
	return (&call{client: c, method: http.MethodPost, path: path, body: text, key: rand.Text()}).run(ctx, into)
}

func withQuery(path string, query url.Values) string {
	if len(query) == 0 {
		return path
	}
	return path + "?" + query.Encode()
}

// run sends the request until it is answered for good.
func (r *call) run(ctx context.Context, into any) error {
	wait := minWait
	for attempt := 1; ; attempt++ {
		err := r.once(ctx, into)
		after, again := retryable(err)
		if !again || attempt == r.client.attempts || ctx.Err() != nil {
			return err
		}
		// Those whose requests failed together do not come back together.
		pause := min(max(wait/2+mathrand.N(wait/2), after), maxWait)
		if err := sleep(ctx, pause); err != nil {
			return err
		}
		wait *= 2
	}
}

// retryable tells whether the same request may succeed later, and how long to wait at least.
func retryable(err error) (after time.Duration, again bool) {
	if err == nil {
		return 0, false
	}
	p, refused := errors.AsType[*Problem](err)
	if !refused {
		_, unread := errors.AsType[*answerError](err)
		return 0, !unread // it may not have arrived, or its answer may not
	}
	switch p.Status {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return p.RetryAfter, true
	case http.StatusConflict:
		return p.RetryAfter, p.Code() == "idempotency_running"
	}
	return 0, false
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// once sends the request and reads the answer.
func (r *call) once(ctx context.Context, into any) error {
	req, err := http.NewRequestWithContext(ctx, r.method, r.client.base+r.path, bytes.NewReader(r.body))
	if err != nil {
		return &answerError{fmt.Errorf("holdfast: %w", err)}
	}
	req.Header.Set("Authorization", "Bearer "+r.client.key)
	req.Header.Set("Accept", "application/json, application/problem+json")
	if r.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if r.key != "" {
		req.Header.Set("Idempotency-Key", r.key)
	}
	resp, err := r.client.http.Do(req)
	if err != nil {
		return fmt.Errorf("holdfast: %s %s: %w", r.method, r.path, err)
	}
	defer resp.Body.Close() // nothing is lost that has been read
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswerBytes+1))
	switch {
	case err != nil:
		return fmt.Errorf("holdfast: %s %s: the answer broke off: %w", r.method, r.path, err)
	case len(body) > maxAnswerBytes:
		return &answerError{fmt.Errorf("holdfast: %s %s: the answer has more than %d bytes", r.method, r.path, maxAnswerBytes)}
	case resp.StatusCode != http.StatusOK:
		return problemOf(resp, body)
	}
	if err := json.Unmarshal(body, into); err != nil {
		return &answerError{fmt.Errorf("holdfast: %s %s: the answer can't be read: %w", r.method, r.path, err)}
	}
	return nil
}

// answerError is what would happen again.
type answerError struct{ error }

// Unwrap returns the cause.
func (e *answerError) Unwrap() error { return e.error }
