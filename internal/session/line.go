package session

import (
	"context"
	"fmt"
	"sync"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/hooks"
	"github.com/holdfast-dev/holdfast/internal/hub"
	"github.com/holdfast-dev/holdfast/internal/policy"
	"github.com/holdfast-dev/holdfast/protocol"
	"github.com/holdfast-dev/holdfast/websocket"
)

// maxAsking is how many messages of one client the backend is asked about at the same time.
const maxAsking = 16

// line keeps what one client publishes to each channel in the order in which it came, though the backend is asked about
// several messages at the same time. A client has one once it has published where the backend is asked.
type line struct {
	asking chan struct{} // has room for a value of each question

	mu   sync.Mutex                     // guards what follows
	last map[channel.Name]chan struct{} // closed when what came last to the channel is published
}

// line returns the client's, which it makes for the first message.
func (c *Client) line() *line {
	if l := c.asked.Load(); l != nil {
		return l
	}
	c.asked.CompareAndSwap(nil, &line{asking: make(chan struct{}, maxAsking), last: make(map[channel.Name]chan struct{})})
	return c.asked.Load()
}

// join takes the next place in a channel. Whoever has it waits for before, which is nil if nobody is before, and leaves.
func (l *line) join(name channel.Name) (before <-chan struct{}, leave func()) {
	own := make(chan struct{})
	l.mu.Lock()
	defer l.mu.Unlock()
	before = l.last[name]
	l.last[name] = own
	return before, func() {
		close(own)
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.last[name] == own {
			delete(l.last, name)
		}
	}
}

// askThenPublish publishes what the backend allows, when all that the client has sent before to the channel is.
func (c *Channels) askThenPublish(ctx context.Context, by *Client, rule *policy.Rule, p *hub.Publication, refused refusals, done func(i int, a broker.Ack, err error)) {
	if by.request || by.hasLeft() { // it waits anyway, and nobody would wait for a goroutine of its
		p, refused = by.vet(ctx, rule, p, refused)
		c.publish(ctx, rule, p, refused, done)
		return
	}
	before, leave := by.line().join(p.Messages[0].Channel)
	by.clients.running.Go(func() {
		defer leave()
		p, refused := by.vet(ctx, rule, p, refused)
		if before != nil {
			<-before
		}
		c.publish(ctx, rule, p, refused, done)
	})
}

// vet asks the backend about each message that is not refused, and returns the messages as it wants them, and which are
// refused now.
func (c *Client) vet(ctx context.Context, rule *policy.Rule, p *hub.Publication, refused refusals) (*hub.Publication, refusals) {
	line, n := c.line(), len(p.Messages)
	messages, errs := make([]*broker.Message, n), make([]error, n)
	var asking sync.WaitGroup
	for i, m := range p.Messages {
		if errs[i] = refused.of(i); errs[i] != nil {
			continue
		}
		line.asking <- struct{}{}
		asking.Go(func() {
			defer func() { <-line.asking }()
			messages[i], errs[i] = c.vetOne(ctx, rule, m)
		})
	}
	asking.Wait()
	changed := false
	for i, m := range p.Messages {
		switch {
		case errs[i] != nil:
			refused = refused.add(i, n, errs[i])
			messages[i] = m
		case messages[i] != m:
			changed = true
		}
	}
	if changed {
		p = hub.Bundle(messages...)
	}
	return p, refused
}

// vetOne asks about one message, and returns it or what is to be published in its place. That has to be as the rule wants
// it, too.
func (c *Client) vetOne(ctx context.Context, rule *policy.Rule, m *broker.Message) (*broker.Message, error) {
	var instead *protocol.Payload
	err := c.clients.ask(ctx, func(ctx context.Context) (err error) {
		instead, err = c.clients.Backend.Publish(ctx, &hooks.PublishRequest{
			Client:  c.about(),
			Channel: m.Channel,
			Payload: protocol.Payload{Data: m.Payload, Binary: m.Type == websocket.Binary},
			ID:      m.ID,
			Key:     m.Key,
		})
		return err
	})
	if err != nil || instead == nil {
		return m, err
	}
	changed := *m
	changed.Payload, changed.Type = instead.Data, websocket.Text
	if instead.Binary {
		changed.Type = websocket.Binary
	}
	if err := fits(rule, &changed); err != nil {
		return m, fmt.Errorf("the backend has made something of the message that the channel does not take: %w", err)
	}
	return &changed, nil
}
