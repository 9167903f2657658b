package session

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/hub"
	"github.com/holdfast-dev/holdfast/internal/hub/hubtest"
	"github.com/holdfast-dev/holdfast/internal/policy"
	"github.com/holdfast-dev/holdfast/websocket"
)

// client is a receiver that remembers what it got and can stop reading.
type client struct {
	limit int // messages that may wait

	mu      sync.Mutex // guards what follows
	stalled bool
	queue   []event
	waiting int // messages in queue
	got     []event
	most    int // messages that ever waited
	empty   chan struct{}
}

// event is a message, or something that was told: "lost", "live 3", "gap 2", "too slow".
type event struct {
	m    *broker.Message
	told string
}

func (e event) String() string {
	if e.m != nil {
		return string(e.m.Payload)
	}
	return e.told
}

func newClient() *client { return &client{limit: 4} }

func (c *client) Deliver(p *hub.Publication) websocket.Result {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.stalled {
		for _, m := range p.Messages {
			c.got = append(c.got, event{m: m})
		}
		return websocket.Sent
	}
	if c.waiting > 0 && c.waiting+len(p.Messages) > c.limit {
		return websocket.Dropped
	}
	for _, m := range p.Messages {
		c.queue = append(c.queue, event{m: m})
	}
	c.waiting += len(p.Messages)
	c.most = max(c.most, c.waiting)
	return websocket.Queued
}

func (c *client) Flush(ctx context.Context) error {
	c.mu.Lock()
	if c.waiting == 0 {
		c.mu.Unlock()
		return ctx.Err()
	}
	if c.empty == nil {
		c.empty = make(chan struct{})
	}
	empty := c.empty
	c.mu.Unlock()
	select {
	case <-empty:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// stall stops reading.
func (c *client) stall() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stalled = true
}

// drain reads what waits, and goes on reading.
func (c *client) drain() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stalled, c.waiting = false, 0
	c.got, c.queue = append(c.got, c.queue...), nil
	if c.empty != nil {
		close(c.empty)
		c.empty = nil
	}
}

func (c *client) tell(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := event{told: fmt.Sprintf(format, args...)}
	if c.stalled {
		c.queue = append(c.queue, e)
	} else {
		c.got = append(c.got, e)
	}
}

func (c *client) Live(at broker.Position) { c.tell("live %d", at.Offset) }
func (c *client) Lost(broker.Position)    { c.tell("lost") }
func (c *client) Gap(n int)               { c.tell("gap %d", n) }
func (c *client) TooSlow()                { c.tell("too slow") }

func (c *client) events() []event {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.got)
}

// want compares what the client got, and was told, with what it should have.
func (c *client) want(t testing.TB, want ...string) {
	t.Helper()
	var got []string
	for _, e := range c.events() {
		got = append(got, e.String())
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// world is a hub with one log.
type world struct {
	t    testing.TB
	hub  *hub.Hub
	log  *hubtest.Log
	feed *hub.Feed
}

// noTail has a feed ask the log for whatever has been missed, however little that is.
var noTail = broker.Retention{Bytes: 1}

func newWorld(t testing.TB, keeps broker.Retention) *world {
	w := &world{t: t, hub: hub.New(), log: hubtest.NewLog()}
	var err error
	if w.feed, err = w.hub.Follow(t.Context(), w.log, keeps); err != nil {
		t.Fatal(err)
	}
	return w
}

// catchUp is the part of a channel with history whose slow readers are caught up.
func (w *world) catchUp() Part {
	return Part{Feed: w.feed, Delivery: policy.DeliverAll, Slow: policy.SlowCatchUp}
}

// subscribe opens and starts a subscription.
func (w *world) subscribe(c Receiver, p channel.Pattern, start Start, part Part) *Subscription {
	w.t.Helper()
	s, err := Open(w.hub, Request{Channels: p, Parts: []Part{part}, Start: start}, c)
	if err != nil {
		w.t.Fatal(err)
	}
	s.Start()
	return s
}

// append stores n messages, which do not come live yet.
func (w *world) append(name channel.Name, n int) {
	for range n {
		w.log.Append(name)
	}
}

// publish stores n messages that come live one by one.
func (w *world) publish(name channel.Name, n int) {
	for range n {
		w.log.Append(name)
		w.log.Flow()
	}
}

func since(offset uint64) Start {
	return Start{Since: []broker.Position{{Offset: offset, Epoch: "epoch"}}}
}
