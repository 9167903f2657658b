package socket

import (
	"context"

	"github.com/holdfast-dev/holdfast/internal/auth"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/hub"
	"github.com/holdfast-dev/holdfast/internal/session"
	"github.com/holdfast-dev/holdfast/protocol"
)

// subscribe opens a subscription. What is replayed is read from the log by another goroutine.
func (c *conn) subscribe(id uint64, v *protocol.Subscribe) {
	s, refused := c.newSubscription(v)
	if refused == nil {
		refused = c.enroll(s, v.Sub)
	}
	if refused != nil {
		c.out.refuse(id, refused)
		return
	}
	r := session.Request{Channels: s.pattern, Latest: v.Latest}
	if !s.withheld {
		r.Start = session.Start{Since: since(v.Since), Last: clamp(v.Last)}
	}
	if v.NoEcho {
		r.Without = c.id
	}
	var err error
	if s.flow, err = c.handler.channels.Open(r, s); err != nil {
		c.forget(s)
		c.out.refuse(id, protocol.Errorf(protocol.CodeBadPosition, "%v", err))
		return
	}
	if !s.reads(v) && !c.client.Asks(s.pattern) {
		c.begun(id, s, v)
		return
	}
	if !c.begin(pageWeight) {
		c.drop(s)
		return
	}
	c.commands.Go(func() {
		defer c.end(pageWeight)
		c.begun(id, s, v)
	})
}

// newSubscription checks what is subscribed to.
func (c *conn) newSubscription(v *protocol.Subscribe) (*subscription, *protocol.Error) {
	s := &subscription{conn: c, form: hub.PushForm{Encoding: c.out.encoding}, begun: make(chan struct{})}
	if v.Pattern != "" {
		var err error
		if s.pattern, err = channel.ParsePattern(v.Pattern); err != nil {
			return nil, badChannel(err)
		}
		s.form.Pattern = true
		return s, c.mayRead(s, v)
	}
	name, err := channel.Parse(v.Channel)
	if err != nil {
		return nil, badChannel(err)
	}
	rule := c.handler.channels.Rule(name)
	if v.Presence && !rule.Presence {
		return nil, noPresence(name)
	}
	s.pattern, s.retained = name.Pattern(), rule.RetainLast
	if rule.Presence {
		s.present = name
	}
	return s, c.mayRead(s, v)
}

// mayRead checks what the client may do with what it subscribes to. Who may not read the history, and comes
// back, gets nothing of what it has missed; it is told so, as on a channel without history.
func (c *conn) mayRead(s *subscription, v *protocol.Subscribe) *protocol.Error {
	if denied := c.may(auth.Subscribe, s.pattern); denied != nil {
		return denied
	}
	if v.Presence {
		if denied := c.may(auth.Presence, s.pattern); denied != nil {
			return denied
		}
	}
	if len(v.Since) > 0 && c.client.Allow(auth.History, s.pattern) != nil {
		s.withheld = true
	}
	if v.Last > 0 {
		return c.may(auth.History, s.pattern)
	}
	return nil
}

// enroll gives a subscription its number, the next one if the client does not choose, and counts it in.
func (c *conn) enroll(s *subscription, wanted uint64) *protocol.Error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.subs) == maxSubscriptions {
		return protocol.Errorf(protocol.CodeTooMany, "the connection has %d subscriptions, and may not have more; unsubscribe from some, or use a pattern", maxSubscriptions)
	}
	if wanted == 0 {
		if c.highest == protocol.FirstServerSub-1 {
			return protocol.Errorf(protocol.CodeBadCommand, "no number is left above %d, which has been used; choose a \"sub\" below", c.highest)
		}
		wanted = c.highest + 1
	}
	if c.subs[wanted] != nil {
		return protocol.Errorf(protocol.CodeAlreadySubscribed, "the number %d is in use by another subscription; choose another \"sub\", or unsubscribe that one first", wanted)
	}
	s.number = wanted
	if wanted < protocol.FirstServerSub {
		c.highest = max(c.highest, wanted)
	}
	c.subs[wanted] = s
	return nil
}

// begun finds out where a subscription begins, answers, and lets it deliver.
func (c *conn) begun(id uint64, s *subscription, v *protocol.Subscribe) {
	defer close(s.begun)
	ok, err := c.prepare(s, v.Since)
	if err != nil {
		c.drop(s)
		c.out.refuse(id, c.refusal("subscribe", channel.Name(s.pattern), err))
		return
	}
	c.out.ok(id, ok)
	c.deliver(s, v.Presence)
}

// prepare asks the backend, if it wants to be, and finds out where a subscription begins.
func (c *conn) prepare(s *subscription, since protocol.Positions) (*protocol.SubscribeOK, error) {
	if err := c.client.Ask(c.work, s.pattern); err != nil {
		return nil, err
	}
	return c.locate(s, since)
}

// locate finds out where a subscription begins.
func (c *conn) locate(s *subscription, since protocol.Positions) (*protocol.SubscribeOK, error) {
	ctx, cancel := context.WithTimeout(c.work, readTimeout)
	defer cancel()
	begins, err := s.flow.Prepare(ctx)
	if err != nil {
		return nil, err
	}
	return s.beginsAt(begins, since), nil
}

// deliver lets a subscription deliver that has been answered.
func (c *conn) deliver(s *subscription, tellPresence bool) {
	if len(s.flow.Positions()) == 0 {
		c.out.push(&protocol.Live{Sub: s.number})
	}
	s.flow.Start()
	c.join(s, tellPresence)
}

// drop ends a subscription that has not begun.
func (c *conn) drop(s *subscription) {
	c.forget(s)
	s.cancel()
}

// unsubscribe ends a subscription. If it has not been answered yet, that is waited for.
func (c *conn) unsubscribe(id uint64, v *protocol.Unsubscribe) {
	s := c.subscription(v.Sub)
	if s != nil {
		<-s.begun
		s = c.subscription(v.Sub)
	}
	if s == nil {
		c.out.refuse(id, protocol.Errorf(protocol.CodeUnknownSubscription, "no subscription has the number %d", v.Sub))
		return
	}
	s.cancel()
	c.part(s)
	c.forget(s)
	c.out.ok(id, &protocol.UnsubscribeOK{})
}

func (c *conn) subscription(number uint64) *subscription {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.subs[number]
}

func (c *conn) forget(s *subscription) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.subs, s.number)
}
