package client

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/holdfast-dev/holdfast/protocol"
)

// Client is a connection that comes back. All its methods, and those of what it returns, may be called
// from any goroutine.
type Client struct {
	options   Options
	prefix    string // of the ids of publications
	endpoints []string

	context context.Context    // of run and what belongs to it
	stop    context.CancelFunc // ends run
	running sync.WaitGroup     // run, and whatever a connection needs
	ready   chan struct{}      // closed when it is connected first
	over    chan struct{}      // closed when end is set

	mu       sync.Mutex // guards what follows
	change   Change
	watchers map[*watcher]struct{}
	closing  bool  // by the application
	end      error // why the state is Closed
	numbers  uint64

	current   *link // that commands are sent on; nil while there is none
	awaiting  map[uint64]awaiter
	calls     map[uint64]*call
	subs      map[uint64]*Subscription
	lanes     map[string]*lane
	allHere   chan struct{} // one place: maybe all subscriptions are answered on the current link
	moves     chan *protocol.Move
	timers    map[*time.Timer]struct{}
	refreshes bool

	unacked      int
	unackedBytes int
	room         chan struct{} // closed and replaced when a publication is settled

	session *protocol.Session // to resume
	token   string
	limits  protocol.Limits // as the server told last
	dedup   time.Duration
	told    []string // endpoints that the server has told
}

// Dial connects to the URL of /socket, ws or wss, and returns when the server has accepted the client. ctx
// bounds that only. o may be nil.
func Dial(ctx context.Context, url string, o *Options) (*Client, error) {
	running, stop := context.WithCancel(context.Background())
	c := &Client{
		options:  o.withDefaults(),
		prefix:   rand.Text()[:12],
		context:  running,
		stop:     stop,
		ready:    make(chan struct{}),
		over:     make(chan struct{}),
		watchers: map[*watcher]struct{}{},
		awaiting: map[uint64]awaiter{},
		calls:    map[uint64]*call{},
		subs:     map[uint64]*Subscription{},
		lanes:    map[string]*lane{},
		allHere:  make(chan struct{}, 1),
		moves:    make(chan *protocol.Move, 1),
		timers:   map[*time.Timer]struct{}{},
		room:     make(chan struct{}),
		limits:   protocol.AssumedLimits(),
		dedup:    defaultDedup,
	}
	c.endpoints = append([]string{url}, c.options.Endpoints...)
	c.running.Go(func() { c.run(running) })
	select {
	case <-c.ready:
		return c, nil
	case <-c.over:
		c.running.Wait()
		return nil, c.end
	case <-ctx.Done():
		c.mu.Lock()
		last := c.change.Err
		c.mu.Unlock()
		c.shut(ErrClosed)
		c.running.Wait()
		if last != nil {
			return nil, fmt.Errorf("%w (%w)", context.Cause(ctx), last)
		}
		return nil, context.Cause(ctx)
	}
}

// Close ends the client in order: no more is taken, publications on their way are waited for, then the
// connection is closed. When ctx ends first, they are given up, and the error tells how many. Everything else
// returns ErrClosed from then on.
func (c *Client) Close(ctx context.Context) error {
	c.mu.Lock()
	c.closing = true
	c.mu.Unlock()
	left, err := c.flushed(ctx)
	c.shut(ErrClosed)
	c.running.Wait()
	if left > 0 && err != nil {
		return fmt.Errorf("holdfast: closed with %d publications not acknowledged: %w", left, err)
	}
	return nil
}

// Flush waits until every publication so far is acknowledged or has failed.
func (c *Client) Flush(ctx context.Context) error {
	_, err := c.flushed(ctx)
	return err
}

// flushed waits until nothing is unacknowledged, and returns how much is when that can't be.
func (c *Client) flushed(ctx context.Context) (left int, err error) {
	for {
		c.mu.Lock()
		left, room, end := c.unacked, c.room, c.end
		c.mu.Unlock()
		if left == 0 || end != nil {
			return left, end
		}
		select {
		case <-room:
		case <-ctx.Done():
			return left, context.Cause(ctx)
		}
	}
}

// Done is closed when the client is over: closed here, or for a reason that Err tells.
func (c *Client) Done() <-chan struct{} { return c.over }

// Err returns why the client is over; nil while it is not, ErrClosed if it was closed here.
func (c *Client) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.end
}

// usable tells why nothing more is taken. Lock held.
func (c *Client) usable() error {
	if c.end != nil {
		return c.end
	}
	if c.closing {
		return ErrClosed
	}
	return nil
}

// number returns the next number, of a command or a subscription. Lock held.
func (c *Client) number() uint64 {
	c.numbers++
	return c.numbers
}

// shut ends everything for good.
func (c *Client) shut(err error) {
	c.stop()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.end != nil {
		return
	}
	c.end = err
	for t := range c.timers {
		if t.Stop() {
			c.running.Done()
		}
	}
	c.timers = nil
	byUs := errors.Is(err, ErrClosed)
	for _, s := range c.subs {
		s.finish(err, byUs)
	}
	for _, k := range c.calls {
		k.settle(nil, uncertainIf(k.link != nil && !k.repeat, err))
	}
	for _, a := range c.lanes {
		for _, p := range slices.Clone(a.queue) {
			a.remove(p)
			p.settle(Ack{}, uncertainIf(!p.first.IsZero(), err))
		}
	}
	change := Change{State: Closed, Err: err, Endpoint: c.change.Endpoint}
	c.changed(change)
	close(c.over)
}

func uncertainIf(sent bool, err error) error {
	if sent {
		return fmt.Errorf("%w: %w", ErrUncertain, err)
	}
	return err
}

// after calls f with the lock held after a while, unless the client is over. Lock held.
func (c *Client) after(d time.Duration, f func()) {
	if c.end != nil {
		return
	}
	c.running.Add(1)
	var t *time.Timer
	t = time.AfterFunc(d, func() {
		defer c.running.Done()
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.end == nil {
			delete(c.timers, t)
			f()
		}
	})
	c.timers[t] = struct{}{}
}
