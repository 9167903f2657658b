package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/holdfast-dev/holdfast/websocket"
)

// When the first transport is tried again beside another one.
const (
	firstReturn = time.Minute
	lastReturn  = 10 * time.Minute
)

// maxCuts is how often in a row a connection may be cut before connect is answered until another transport is tried.
const maxCuts = 2

// open connects by the transport that has worked last, or else by another one that is allowed.
func (r *runner) open(endpoint string) (*link, error) {
	r.at.last = endpoint
	if r.c.State() != Ready { // it is while the client moves
		r.c.tell(Change{State: Connecting, Endpoint: endpoint, Attempt: r.backoff.attempts + 1})
	}
	if err := r.fetchToken(); err != nil {
		return nil, err
	}
	l, another, failed := r.openBy(endpoint, r.works)
	for _, t := range r.c.options.Transports {
		if failed == nil || !another {
			break
		}
		if t == r.works {
			continue
		}
		var err error
		l, another, err = r.openBy(endpoint, t)
		if err != nil {
			err = fmt.Errorf("%w; by %v: %w", failed, t, err)
		}
		failed = err
	}
	if failed == nil {
		r.works = l.transport
	}
	return l, failed
}

// fetchToken gets a token if one is needed.
func (r *runner) fetchToken() error {
	ctx, cancel := context.WithTimeoutCause(r.ctx, greetTimeout, errNoAnswer)
	defer cancel()
	if err := r.c.fetchToken(ctx); err != nil {
		return fmt.Errorf("holdfast: cannot get a token: %w", err)
	}
	return nil
}

// openBy connects and waits for the answer to connect. While that is under way, commands go to the new connection
// already. If it fails, another tells whether it might not by another transport.
func (r *runner) openBy(endpoint string, t Transport) (l *link, another bool, err error) {
	c := r.c
	ctx, cancel := context.WithTimeoutCause(r.ctx, greetTimeout, errNoAnswer)
	defer cancel()
	conn, encoding, reached, err := c.dial(ctx, endpoint, t)
	if err != nil {
		return nil, reached && !isRefusal(err), err
	}
	l = c.newLink(conn, encoding, endpoint, t)
	c.greet(l)
	c.running.Go(l.read)
	c.running.Go(l.write)
	select {
	case <-l.answer:
	case <-l.ended:
	case <-ctx.Done():
		conn.CloseNow()
		<-l.ended
	}
	switch {
	case !l.answered():
		err = l.end
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		another = r.cut(t, err)
	case l.refused == nil:
		delete(r.cuts, t)
		return l, false, nil // it may have ended since; that is for attend
	default:
		err = l.refused
	}
	conn.CloseNow()
	<-l.ended
	c.lost(l)
	return nil, another, err
}

// isRefusal tells whether the server itself has refused a connection, as it would by any transport.
func isRefusal(err error) bool {
	if _, ok := errors.AsType[*errSubprotocol](err); ok {
		return true
	}
	refused, ok := errors.AsType[*websocket.HandshakeError](err)
	if !ok {
		return false
	}
	switch refused.StatusCode {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return true
	}
	return false
}

// cut notes that a connection has ended before connect was answered, and tells whether that is so often that something
// between may be the cause.
func (r *runner) cut(t Transport, err error) bool {
	if code := websocket.CloseCodeOf(err); code != 0 && code != websocket.CloseAbnormal {
		return false // the server has said why
	}
	r.cuts[t]++
	return r.cuts[t] >= maxCuts
}

// comeback is when the first transport is tried again beside another one.
type comeback struct {
	timer *time.Timer
	wait  time.Duration
}

func newComeback() *comeback {
	b := &comeback{timer: time.NewTimer(lastReturn)}
	b.timer.Stop()
	return b
}

// from starts over, with a connection. By the first transport there is nothing to come back to.
func (b *comeback) from(l *link) {
	b.timer.Stop()
	if l.transport != l.c.options.Transports[0] {
		b.wait = firstReturn
		b.again()
	}
}

// later has it tried again, less soon than the last time.
func (b *comeback) later() {
	b.wait = min(2*b.wait, lastReturn)
	b.again()
}

func (b *comeback) again() { b.timer.Reset(b.wait - b.wait/4 + randomly(b.wait/2)) }

// comeBack moves to a connection by the first transport, if there can be one. Otherwise it returns nil: the old one
// goes on, or has ended.
func (r *runner) comeBack(old *link) *link {
	first := r.c.options.Transports[0]
	to, _, err := r.openBy(old.endpoint, first)
	if err != nil {
		r.c.fallBack(old)
		return nil
	}
	if !r.settle(old, to) {
		return nil
	}
	r.works = first
	return to
}
