package signalr

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/holdfast-dev/holdfast/internal/auth"
	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/edge/signalr/hubproto"
	"github.com/holdfast-dev/holdfast/internal/hub"
	"github.com/holdfast-dev/holdfast/internal/session"
	"github.com/holdfast-dev/holdfast/protocol"
	"github.com/holdfast-dev/holdfast/websocket"
)

// subscription is one of a client's. It is the receiver of its session.Subscription.
type subscription struct {
	conn    *conn
	name    channel.Name // or pattern
	form    form
	present channel.Name // where it makes the client present; "" for nowhere

	flow  *session.Subscription
	watch *hub.Watch    // nil unless the client wants to know who comes and goes
	begun chan struct{} // closed when it has begun, or failed

	mu   sync.Mutex        // guards what follows
	lost []broker.Position // behind which messages are lost; the client is told with the next one
}

// subscribeOptions are the options of Subscribe and Stream.
type subscribeOptions struct {
	Since    string `json:"since"` // positions, behind which everything is sent
	Last     int    `json:"last"`  // of the newest messages
	Presence bool   `json:"presence"`
	NoEcho   bool   `json:"noEcho"`

	since []broker.Position
}

// subscribed is the answer to Subscribe.
type subscribed struct {
	Position string `json:"position,omitzero"` // everything behind it is sent
	Lost     bool   `json:"lost,omitzero"`     // messages behind the position that was asked for are not kept any more, or may not be
}

// readTimeout is how long a page of the log may take.
const readTimeout = 10 * time.Second

// subscribe opens a subscription for a call. What is replayed is read from the log by another goroutine.
func (c *conn) subscribe(k *call, p channel.Pattern, o subscribeOptions) {
	s := &subscription{conn: c, name: channel.Name(p), form: form{hub: c.hub, encoding: c.frames.Encoding}, begun: make(chan struct{})}
	if k.streaming {
		s.form.item = k.id
	}
	if name, one := p.IsName(); one && c.handler.channels.Rule(name).Presence {
		s.present = name
	}
	err := c.mayRead(s, p, o)
	if err == nil {
		err = c.enroll(s, k)
	}
	if err != nil {
		k.fail(err)
		return
	}
	r := session.Request{Channels: p, Start: session.Start{Since: o.since, Last: o.Last}}
	if o.NoEcho {
		r.Without = c.id
	}
	if s.flow, err = c.handler.channels.Open(r, s); err != nil {
		c.withdraw(s)
		close(s.begun)
		k.fail(protocol.Errorf(protocol.CodeBadPosition, "%v", err))
		return
	}
	if !c.begin(pageWeight) {
		c.withdraw(s)
		s.flow.Cancel()
		return
	}
	c.commands.Go(func() {
		defer c.release(pageWeight)
		defer close(s.begun)
		c.begun(k, s, o)
	})
}

// mayRead tells whether the client may subscribe, and be told what it asks for.
func (c *conn) mayRead(s *subscription, p channel.Pattern, o subscribeOptions) error {
	if err := c.client.Allow(auth.Subscribe, p); err != nil {
		return err
	}
	if o.Presence {
		if s.present == "" {
			return noPresence(channel.Name(p))
		}
		if err := c.client.Allow(auth.Presence, p); err != nil {
			return err
		}
	}
	if len(o.since) > 0 || o.Last > 0 {
		return c.client.Allow(auth.History, p)
	}
	return nil
}

// enroll counts a subscription in.
func (c *conn) enroll(s *subscription, k *call) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case len(c.subs)+len(c.streams) >= maxSubscriptions:
		return protocol.Errorf(protocol.CodeTooMany, "the connection has %d subscriptions, and may not have more; unsubscribe from some, or use a pattern", maxSubscriptions)
	case k.streaming && c.streams[k.id] != nil:
		return badArgument("the invocationId %s is in use by another stream", k.id)
	case k.streaming:
		c.streams[k.id] = s
	case c.subs[s.name] != nil:
		return protocol.Errorf(protocol.CodeAlreadySubscribed, "the connection has subscribed to %s before", s.name)
	default:
		c.subs[s.name] = s
	}
	return nil
}

// withdraw undoes enroll.
func (c *conn) withdraw(s *subscription) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s.form.item == "" {
		delete(c.subs, s.name)
	} else {
		delete(c.streams, s.form.item)
	}
}

// begun finds out where a subscription begins, answers, and lets it deliver.
func (c *conn) begun(k *call, s *subscription, o subscribeOptions) {
	ctx, cancel := context.WithTimeout(c.work, readTimeout)
	defer cancel()
	var begins []session.Beginning
	err := c.client.Ask(c.work, channel.Pattern(s.name))
	if err == nil {
		begins, err = s.flow.Prepare(ctx)
	}
	if err != nil {
		c.withdraw(s)
		s.flow.Cancel()
		k.fail(err)
		return
	}
	if !k.streaming {
		var ok subscribed
		var at protocol.Positions
		for _, b := range begins {
			at = append(at, protocol.Position{Epoch: b.At.Epoch, Offset: b.At.Offset})
			ok.Lost = ok.Lost || b.Lost && len(o.since) > 0
		}
		ok.Position = at.String()
		k.answer(ok)
	}
	s.flow.Start()
	c.join(s, o.Presence)
}

// unsubscribe ends a subscription. If it has not begun yet, that is waited for.
func (c *conn) unsubscribe(k *call, name channel.Name) {
	c.mu.Lock()
	s := c.subs[name]
	delete(c.subs, name)
	c.mu.Unlock()
	if s == nil {
		k.fail(protocol.Errorf(protocol.CodeUnknownSubscription, "the connection has not subscribed to %s", name))
		return
	}
	<-s.begun
	s.cancel()
	c.part(s)
	k.complete(hubproto.Value{})
}

// cancel ends it. When it returns, nothing of it is sent any more.
func (s *subscription) cancel() {
	if s.watch != nil {
		s.watch.Cancel()
	}
	if s.flow != nil {
		s.flow.Cancel()
	}
}

// Deliver implements session.Receiver.
func (s *subscription) Deliver(p *hub.Publication) websocket.Result {
	if first := p.Messages[0]; first.Offset > 0 {
		s.tellLost(broker.Position{Epoch: s.conn.handler.channels.Epoch(first.Channel), Offset: first.Offset - 1})
	}
	return s.conn.out.deliver(s.form.of(p, s.conn.handler.channels.Epoch))
}

// Flush implements session.Receiver.
func (s *subscription) Flush(ctx context.Context) error { return s.conn.out.flush(ctx) }

// Live implements session.Receiver.
func (s *subscription) Live(at broker.Position) { s.tellLost(at) }

// Lost implements session.Receiver. The client is told when it is known where it goes on.
func (s *subscription) Lost(since broker.Position) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lost = append(s.lost, since)
}

// lostMessages is what a client is told of messages that it does not get.
type lostMessages struct {
	Since    string `json:"since,omitzero"`    // behind here they were
	Position string `json:"position,omitzero"` // and before here
	Missed   int    `json:"missed,omitzero"`   // how many, if that is known
}

// tellLost tells that messages of a log are lost up to a place, if any are.
func (s *subscription) tellLost(goesOn broker.Position) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, since := range s.lost {
		if since.Epoch == goesOn.Epoch {
			s.lost = append(s.lost[:i], s.lost[i+1:]...)
			s.tell("lost", lostMessages{Since: since.String(), Position: goesOn.String()})
			return
		}
	}
}

// Gap implements session.Receiver.
func (s *subscription) Gap(n int) { s.tell("lost", lostMessages{Missed: n}) }

// tell invokes a method of the client with the channel and v.
func (s *subscription) tell(method string, v any) {
	s.conn.out.say(&hubproto.Invocation{Target: method, Arguments: []hubproto.Value{hubproto.Text(string(s.name)), inJSON(v)}})
}

var errTooSlow = errors.New("too slow: the queue of unread messages is full")

// TooSlow implements session.Receiver.
func (s *subscription) TooSlow() {
	s.conn.expel(errTooSlow, errTooSlow.Error(), websocket.CloseTryAgainLater)
}
