package mqtt

import (
	"context"
	"strings"

	"github.com/holdfast-dev/holdfast/internal/auth"
	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/edge/mqtt/packet"
	"github.com/holdfast-dev/holdfast/internal/hub"
	"github.com/holdfast-dev/holdfast/internal/session"
	"github.com/holdfast-dev/holdfast/websocket"
)

// subscription is one of a session's. It is the receiver of its session.Subscription, or a member of a group that shares one.
type subscription struct {
	session *mqttSession
	filter  string          // as it was written
	pattern channel.Pattern // what it selects
	exact   bool            // it selects one channel
	wild    bool            // it begins with a wildcard, which selects no topics that begin with "$" (MQTT 5, section 4.7.2)
	partly  bool            // the client may not read all of these channels, and gets the others
	share   *groupKey       // the group that it is a member of; nil for none

	flow  *session.Subscription // nil if it is shared
	group *group                // if it is; set when it joins

	from []broker.Position // what is behind these is delivered

	// The session's lock guards what follows.
	options  packet.Subscription
	id       uint32            // subscription identifier; 0 for none
	reached  []broker.Position // up to where its logs have been delivered; not used if the session is not stored
	replays  int               // so many messages come first that the rule retains
	broken   bool              // it was given up when the client was too slow, and begins anew with the next connection
	finished bool              // nothing is delivered any more
}

// parseFilter makes a subscription of a filter, or returns an error with a reason code.
func parseFilter(s *mqttSession, o packet.Subscription, id uint32) (*subscription, error) {
	sub := &subscription{session: s, filter: o.Filter, options: o, id: id}
	filter, share := o.Filter, ""
	if rest, shared := strings.CutPrefix(filter, "$share/"); shared {
		var ok bool
		share, filter, ok = strings.Cut(rest, "/")
		switch {
		case !ok || share == "" || strings.ContainsAny(share, "+#"):
			return nil, &packet.Error{Code: packet.TopicFilterInvalid, Reason: "a shared subscription is $share, the name of the share and a filter, as in $share/workers/jobs/#"}
		case o.NoLocal:
			return nil, &packet.Error{Code: packet.ProtocolError, Reason: "a shared subscription can't have No Local"}
		}
	}
	var err error
	if sub.pattern, err = channel.FromFilter(filter); err != nil {
		return nil, &packet.Error{Code: packet.TopicFilterInvalid, Reason: err.Error()}
	}
	_, sub.exact = sub.pattern.IsName()
	sub.wild = filter[0] == '+' || filter[0] == '#'
	if share != "" {
		sub.share = &groupKey{share, sub.pattern}
	}
	return sub, nil
}

// mayRead checks what the client may do with what it subscribes to. Of a filter with wildcards it may be let read a part
// only: each message is looked at then.
func (c *conn) mayRead(sub *subscription) error {
	err := c.client.Allow(auth.Subscribe, sub.pattern)
	if err != nil && !sub.exact && session.DecideSome(c.handler.channels.Rules(), c.client.Who(), auth.Subscribe, sub.pattern) {
		sub.partly = true
		return nil
	}
	return err
}

// open begins to receive, but delivers nothing before begin.
func (sub *subscription) open(onlyNew bool) error {
	h := sub.session.handler
	if sub.share != nil {
		return nil
	}
	var err error
	if sub.flow, err = h.channels.Open(session.Request{Channels: sub.pattern, OnlyNew: onlyNew, CatchUp: true}, sub); err != nil {
		return err
	}
	sub.from = sub.flow.Positions()
	sub.reached = sub.flow.Positions()
	if name, one := sub.pattern.IsName(); !one || onlyNew || !h.channels.Rule(name).RetainLast {
		return nil
	}
	ctx, cancel := context.WithTimeout(h.work, restoreTimeout)
	defer cancel()
	begins, err := sub.flow.Prepare(ctx)
	if err != nil {
		sub.flow.Cancel()
		return err
	}
	for _, b := range begins {
		sub.replays += b.Messages
	}
	return nil
}

// opened tells whether the subscription is older than a message.
func (sub *subscription) opened(m *broker.Message) bool {
	if m.Offset == 0 {
		return true
	}
	epoch := sub.session.handler.channels.Epoch(m.Channel)
	for _, at := range sub.from {
		if at.Epoch == epoch {
			return m.Offset > at.Offset
		}
	}
	return true
}

// begin begins to deliver.
func (sub *subscription) begin() error {
	if sub.share != nil {
		return sub.session.handler.shares.join(sub)
	}
	sub.flow.Start()
	return nil
}

// cancel ends it. When it returns, nothing of it is delivered any more.
func (sub *subscription) cancel() {
	sub.session.mu.Lock()
	sub.finished = true
	sub.session.mu.Unlock()
	if sub.share != nil {
		sub.session.handler.shares.leave(sub)
		return
	}
	sub.flow.Cancel()
}

// wants tells whether a message is for the subscription. Session's lock held.
func (sub *subscription) wants(m *broker.Message) bool {
	s := sub.session
	switch {
	case sub.wild && m.Channel[0] == '$':
		return false
	case m.Source == s.source && (sub.options.NoLocal || !s.handler.channels.Rule(m.Channel).Echo):
		return false
	case sub.partly && s.who != nil:
		return session.Decide(s.handler.channels.Rules(), s.who, auth.Subscribe, m.Channel.Pattern()).Allowed
	}
	return !sub.partly
}

// Deliver implements session.Receiver.
func (sub *subscription) Deliver(p *hub.Publication) websocket.Result {
	sub.session.mu.Lock()
	defer sub.session.mu.Unlock()
	return sub.session.deliverLocked(sub, p)
}

// Flush implements session.Receiver.
func (sub *subscription) Flush(ctx context.Context) error { return sub.session.flush(ctx) }

// Live implements session.Receiver. MQTT has no way to say it.
func (sub *subscription) Live(broker.Position) {}

// Lost implements session.Receiver: a client that is to get everything must learn that it does not.
func (sub *subscription) Lost(since broker.Position) {
	s := sub.session
	s.mu.Lock()
	defer s.mu.Unlock()
	s.handler.config.Log.Warn("messages are not kept any more that a client has missed", "edge", "mqtt", "client", s.key.client, "user", s.key.user, "filter", sub.filter, "since", since)
	if s.conn != nil && sub.options.QoS > 0 {
		s.conn.end(packet.QuotaExceeded, "messages of "+sub.filter+" that you have missed are not kept any more; connect again to go on with those that are")
	}
}

// Gap implements session.Receiver. The rule of the channel is to drop what a slow client does not take.
func (sub *subscription) Gap(n int) {
	sub.session.handler.config.Log.Debug("messages dropped for a slow client", "edge", "mqtt", "client", sub.session.key.client, "filter", sub.filter, "messages", n)
}

// TooSlow implements session.Receiver.
func (sub *subscription) TooSlow() {
	s := sub.session
	s.mu.Lock()
	defer s.mu.Unlock()
	sub.broken = true
	if s.conn != nil {
		s.conn.end(packet.QuotaExceeded, "too slow: the queue of messages that you have not taken is full")
	}
}
