package client

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/holdfast-dev/holdfast/protocol"
)

// runner connects, and connects again, until the client is over. Everything in it belongs to the goroutine
// of Client.run.
type runner struct {
	c       *Client
	ctx     context.Context
	backoff backoff
	at      int               // of the endpoints, where to connect next
	renewed bool              // a new token has been tried since the last success
	once    bool              // it has been connected
	works   Transport         // what has worked last, or the first one
	cuts    map[Transport]int // how often one has opened and been cut before connect was answered, in a row
}

func (c *Client) run(ctx context.Context) {
	r := runner{c: c, ctx: ctx, works: c.options.Transports[0], cuts: map[Transport]int{}}
	for ctx.Err() == nil {
		l, err := r.open(r.endpoint())
		if err == nil {
			r.once, r.renewed = true, false
			err = r.attend(l)
		}
		if ctx.Err() != nil {
			return
		}
		if !r.wait(err) {
			return
		}
	}
}

// endpoint returns where to connect next.
func (r *runner) endpoint() string {
	all := r.endpoints()
	return all[r.at%len(all)]
}

func (r *runner) endpoints() []string {
	r.c.mu.Lock()
	defer r.c.mu.Unlock()
	all := slices.Clone(r.c.endpoints)
	for _, e := range r.c.told {
		if !slices.Contains(all, e) {
			all = append(all, e)
		}
	}
	return all
}

// wait judges how an attempt or a connection has ended, and waits before the next one. It returns false if
// there is none.
func (r *runner) wait(err error) bool {
	next := judge(err)
	switch next {
	case protocol.ReconnectNever:
		r.c.shut(fmt.Errorf("holdfast: the connection is over for good: %w", err))
		return false
	case protocol.ReconnectNewToken:
		if r.c.options.Token == nil || r.renewed {
			r.c.shut(fmt.Errorf("holdfast: the server does not accept this client: %w", err))
			return false
		}
		r.renewed = true
		r.c.forgetToken()
	}
	if !r.once && !r.c.options.KeepTrying && next != protocol.ReconnectNewToken && r.backoff.attempts+1 >= len(r.c.endpoints) {
		r.c.shut(err)
		return false
	}
	if next == protocol.ReconnectElsewhere || !r.once || r.backoff.attempts > 0 {
		r.at++
	}
	pause := r.backoff.next(next)
	if refused, ok := err.(*protocol.Error); ok {
		pause += refused.After
	}
	r.c.tell(Change{State: Waiting, Endpoint: r.endpoint(), Err: err, Attempt: r.backoff.attempts, Wait: pause})
	return sleep(r.ctx, pause)
}

// attend stays with a connection and whatever it moves to until there is none, and returns how the last one
// has ended.
func (r *runner) attend(l *link) error {
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
			return l.end
		case <-r.ctx.Done():
			l.leave()
			<-l.ended
			return l.end
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
	for at := 0; ; at++ {
		if !r.sleepBeside(old, pause) {
			return nil
		}
		pause = wait.next(protocol.ReconnectBackoff)
		endpoint := r.endpoint()
		if len(m.Endpoints) > 0 {
			endpoint = m.Endpoints[at%len(m.Endpoints)]
		} else if at > 0 {
			r.at++
		}
		to, err := r.open(endpoint)
		if err != nil {
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
