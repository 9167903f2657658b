package session

import (
	"context"
	"fmt"
	"time"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/hooks"
	"github.com/holdfast-dev/holdfast/internal/hub"
	"github.com/holdfast-dev/holdfast/internal/policy"
)

// Publish publishes messages of one channel, in order. by is who has sent them and may, or nil if that is the server
// itself. done is called once for each, by its index: with where it is stored, or, if the channel has no history, with the
// zero Ack when everybody who is subscribed has been sent it or has it queued. An error is a *TooLargeError, an
// *InvalidDataError, a *LimitError, a *hooks.Refusal or *hooks.Unavailable, or one of the broker's; the message has
// reached nobody then, or, with broker.ErrUnavailable, may be stored all the same. Those that came with it are published.
//
// Publish waits only while too much is in flight to the log. What the backend wants to be asked about is published when it
// has answered, in the order of the calls of the same client; for a single request, and a client that has left, Publish waits for that.
func (c *Channels) Publish(ctx context.Context, by *Client, p *hub.Publication, done func(i int, a broker.Ack, err error)) {
	name := p.Messages[0].Channel
	rule := c.rules.For(name)
	refused := unfit(rule, p)
	if rule.Rate.Limited() {
		refused = c.spend(rule, p, refused)
	}
	if by.asks(hooks.Publish, name.Pattern()) {
		c.askThenPublish(ctx, by, rule, p, refused, done)
		return
	}
	c.publish(ctx, rule, p, refused, done)
}

// PublishPaced is Publish for a client that can't be told to wait: it waits itself while more is published
// to the channel than its rule allows, and for the backend. Only what would take too long is refused with a *LimitError,
// with all that follows. When over is closed, what has not been let through by the rate is not published, and done is not
// called.
func (c *Channels) PublishPaced(ctx context.Context, by *Client, over <-chan struct{}, p *hub.Publication, done func(i int, a broker.Ack, err error)) {
	name := p.Messages[0].Channel
	rule := c.rules.For(name)
	refused := unfit(rule, p)
	if rule.Rate.Limited() {
		var going bool
		if refused, going = c.await(over, rule, p, refused); !going {
			return
		}
	}
	if by.asks(hooks.Publish, name.Pattern()) {
		p, refused = by.vet(ctx, rule, p, refused)
	}
	c.publish(ctx, rule, p, refused, done)
}

// refusals says which messages of a publication are refused; nil if none is.
type refusals []error

func (r refusals) of(i int) error {
	if r == nil {
		return nil
	}
	return r[i]
}

// add refuses one of n messages, and returns r.
func (r refusals) add(i, n int, err error) refusals {
	if r == nil {
		r = make(refusals, n)
	}
	r[i] = err
	return r
}

// unfit refuses what is not as its rule wants it. Cost without a schema: a few comparisons a message.
func unfit(rule *policy.Rule, p *hub.Publication) (refused refusals) {
	for i, m := range p.Messages {
		if err := fits(rule, m); err != nil {
			refused = refused.add(i, len(p.Messages), err)
		}
	}
	return refused
}

// spend refuses what is too much at once.
func (c *Channels) spend(rule *policy.Rule, p *hub.Publication, refused refusals) refusals {
	bucket, now := c.paces.of(rule, p.Messages[0].Channel), time.Now()
	for i, m := range p.Messages {
		if refused.of(i) != nil {
			continue
		}
		if wait := take(bucket, now, 1); wait > 0 {
			refused = refused.add(i, len(p.Messages), tooFast(rule, m, wait))
		}
	}
	return refused
}

// maxPace is how long those who can't be told are kept waiting: not so long that they seem to be silent, since
// they are not read meanwhile.
const maxPace = 15 * time.Second

// await waits until there is room for all that is not refused. It returns false if the connection is over before.
func (c *Channels) await(over <-chan struct{}, rule *policy.Rule, p *hub.Publication, refused refusals) (refusals, bool) {
	bucket, latest := c.paces.of(rule, p.Messages[0].Channel), time.Now().Add(maxPace)
	for i, m := range p.Messages {
		for refused.of(i) == nil {
			now := time.Now()
			wait := take(bucket, now, 1)
			if wait == 0 {
				break
			}
			if now.Add(wait).After(latest) {
				latest = time.Time{} // what follows must not overtake it
				refused = refused.add(i, len(p.Messages), tooFast(rule, m, wait))
			} else if !sleep(over, wait) {
				return nil, false
			}
		}
	}
	return refused, true
}

// sleep waits. It returns false if the connection is over before.
func sleep(over <-chan struct{}, wait time.Duration) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-over:
		return false
	}
}

// publish publishes what is not refused.
func (c *Channels) publish(ctx context.Context, rule *policy.Rule, p *hub.Publication, refused refusals, done func(i int, a broker.Ack, err error)) {
	if refused == nil {
		c.give(ctx, rule, p, done)
		return
	}
	var good []*broker.Message
	var at []int // in p
	for i, m := range p.Messages {
		if err := refused[i]; err != nil {
			done(i, broker.Ack{}, err)
			continue
		}
		good, at = append(good, m), append(at, i)
	}
	if len(good) > 0 {
		c.give(ctx, rule, hub.Bundle(good...), func(i int, a broker.Ack, err error) { done(at[i], a, err) })
	}
}

// give gives messages to the log, or to the hub.
func (c *Channels) give(ctx context.Context, rule *policy.Rule, p *hub.Publication, done func(i int, a broker.Ack, err error)) {
	c.published.Add(int64(len(p.Messages)))
	k, stored := c.kept[rule]
	if !stored {
		c.hub.Publish(p, nil)
		c.tellOf(p)
	}
	for i, m := range p.Messages {
		given := func(a broker.Ack, err error) { done(i, a, err) }
		if m.Meta != nil && m.Meta.Retain && c.Retain != nil && !rule.RetainLast {
			given = c.retained(m, given)
		}
		if stored {
			k.log.Append(ctx, m, given)
		} else {
			given(broker.Ack{}, nil)
		}
	}
}

// retained has a message kept that has been published, before that is said.
func (c *Channels) retained(m *broker.Message, done func(broker.Ack, error)) func(broker.Ack, error) {
	return func(a broker.Ack, err error) {
		if err != nil {
			done(a, err)
			return
		}
		c.Retain(m, func(err error) { done(a, err) })
	}
}

// tellOf tells of messages that are kept nowhere: the backend finds the others in their log.
func (c *Channels) tellOf(p *hub.Publication) {
	if !c.Listener.Tells(hooks.Message, p.Messages[0].Channel) {
		return
	}
	for _, m := range p.Messages {
		c.Listener.Tell(hooks.Event{Kind: hooks.Message, Channel: m.Channel, Message: m})
	}
}

func tooFast(rule *policy.Rule, m *broker.Message, wait time.Duration) error {
	return &LimitError{limitRate, fmt.Sprintf("too much is published to the channel %s (rule %s)", m.Channel, rule.Name()), wait}
}

const limitRate = "channels[].rate"
