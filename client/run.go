package client

import (
	"context"
	"fmt"
	"time"

	"github.com/holdfast-dev/holdfast/protocol"
)

// runner connects, and connects again, until the client is over. Everything in it belongs to the goroutine
// of Client.run.
type runner struct {
	c       *Client
	ctx     context.Context
	backoff backoff
	at      endpoints
	renewed bool              // a new token has been tried since the last success
	once    bool              // it has been connected
	works   Transport         // what has worked last, or the first one
	cuts    map[Transport]int // how often one has opened and been cut before connect was answered, in a row
}

func (c *Client) run(ctx context.Context) {
	r := runner{c: c, ctx: ctx, at: newEndpoints(c.endpoints), works: c.options.Transports[0], cuts: map[Transport]int{}}
	endpoint := r.at.last
	for ctx.Err() == nil {
		l, err := r.open(endpoint)
		if err == nil {
			r.once, r.renewed = true, false
			endpoint, err = r.attend(l)
		}
		if ctx.Err() != nil {
			return
		}
		goOn := false
		if endpoint, goOn = r.wait(endpoint, err); !goOn {
			return
		}
	}
}

// told returns the endpoints that the server has told last.
func (r *runner) told() []string {
	r.c.mu.Lock()
	defer r.c.mu.Unlock()
	return r.c.told
}

// wait judges how an attempt or a connection at an endpoint has ended, and waits before the next one. It returns where
// that is to be, and false if there is none.
func (r *runner) wait(at string, err error) (endpoint string, goOn bool) {
	next := judge(err)
	switch next {
	case protocol.ReconnectNever:
		r.c.shut(fmt.Errorf("holdfast: the connection is over for good: %w", err))
		return "", false
	case protocol.ReconnectNewToken:
		if r.c.options.Token == nil || r.renewed {
			r.c.shut(fmt.Errorf("holdfast: the server does not accept this client: %w", err))
			return "", false
		}
		r.renewed = true
		r.c.forgetToken()
	}
	if !r.once && !r.c.options.KeepTrying && next != protocol.ReconnectNewToken && r.backoff.attempts+1 >= len(r.c.endpoints) {
		r.c.shut(err)
		return "", false
	}
	switch {
	case next == protocol.ReconnectNewToken: // the same endpoint will do
	case next == protocol.ReconnectElsewhere || r.backoff.attempts > 0 || !r.once:
		r.at.rest(at, restFailed)
	default:
		r.at.rest(at, restDropped)
	}
	pause := r.backoff.next(next) + askedFor(err)
	endpoint = r.at.next(r.told())
	r.c.tell(Change{State: Waiting, Endpoint: endpoint, Err: err, Attempt: r.backoff.attempts, Wait: pause})
	return endpoint, sleep(r.ctx, pause)
}

// attend stays with a connection and whatever it moves to until there is none, and returns where the last one was and how
// it has ended.
func (r *runner) attend(l *link) (endpoint string, end error) {
	since := time.Now()
	back := newComeback()
	defer back.timer.Stop()
	back.from(l)
	for {
		select {
		case <-l.ended:
			r.c.lost(l)
			if time.Since(since) >= provenAfter {
				r.backoff = backoff{}
			}
			return l.endpoint, l.end
		case <-r.ctx.Done():
			l.leave()
			<-l.ended
			return l.endpoint, l.end
		case m := <-r.c.moves:
			if to := r.move(l, m); to != nil {
				l, since = to, time.Now()
				back.from(l)
			}
		case <-back.timer.C:
			if to := r.comeBack(l); to != nil {
				l, since = to, time.Now()
				back.from(l)
			} else {
				back.later()
			}
		}
	}
}

// move connects somewhere else while the old connection stays, and leaves that when everything is answered
// on the new one. It returns nil if there is no new one: the old one has ended, then, or the client is over.
func (r *runner) move(old *link, m *protocol.Move) *link {
	wait := backoff{}
	pause := m.After + randomly(m.Spread)
	for {
		if !r.sleepBeside(old, pause) {
			return nil
		}
		r.at.rest(old.endpoint, restFailed)
		endpoint := r.at.instead(m.Endpoints, r.told())
		to, err := r.open(endpoint)
		if err != nil {
			r.at.rest(endpoint, restFailed)
			pause = wait.next(protocol.ReconnectBackoff) + askedFor(err)
			if r.c.fallBack(old) {
				continue
			}
			return nil
		}
		if r.settle(old, to) {
			return to
		}
	}
}

// settle waits until the subscriptions are answered on the new connection, and leaves the old one. It
// returns false if the new one ended before, and the old one is still good.
func (r *runner) settle(old, to *link) bool {
	for !r.c.isAllOn(to) {
		select {
		case <-r.c.allHere:
		case <-to.ended:
			r.c.lost(to)
			return !r.c.fallBack(old)
		case <-old.ended:
			r.c.lost(old)
			return true
		case <-r.ctx.Done():
			old.leave()
			<-old.ended
			return true
		}
	}
	old.leave()
	<-old.ended
	r.c.lost(old)
	return true
}

// sleepBeside waits while a connection lives.
func (r *runner) sleepBeside(l *link, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-l.ended:
		return false
	case <-r.ctx.Done():
		return false
	}
}
