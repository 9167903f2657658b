package mqtt

import (
	"errors"
	"slices"

	"github.com/holdfast-dev/holdfast/internal/edge/mqtt/packet"
)

// maxSubscriptions bounds those of one session.
const maxSubscriptions = 1000

// subscribe takes SUBSCRIBE. Each filter is answered for itself; then its messages follow. The error is one that ends the
// connection.
func (c *conn) subscribe(p *packet.Subscribe) error {
	if !c.client.Pace(c.work.Done(), 1, 0) {
		return nil
	}
	var id uint32
	if p.Properties.Has(packet.SubscriptionID) {
		id = p.Properties.SubIDs[0]
	}
	ack := &packet.Suback{Type: packet.TypeSuback, ID: p.ID}
	s := c.session
	s.subscribing.Lock()
	defer s.subscribing.Unlock()
	var fresh, all []*subscription
	for _, o := range p.Subscriptions {
		sub, isNew, err := c.enroll(o, id)
		if broken, ok := errors.AsType[*packet.Error](err); ok && broken.Code == packet.ProtocolError {
			return err
		}
		ack.Codes = append(ack.Codes, packet.Reason(o.QoS))
		if err != nil {
			code := reasonOf(err)
			ack.Codes[len(ack.Codes)-1] = code
			if reason := refText(err.Error(), c.handler.door.Tell(c.client, err)); c.problems && ack.Properties == nil {
				ack.Properties = reasonString(reason)
			}
			continue
		}
		if isNew {
			fresh = append(fresh, sub)
		}
		if sub.share == nil && (o.RetainHandling == 0 || o.RetainHandling == 1 && isNew) {
			all = append(all, sub)
		}
	}
	if err := s.journal.await(); err != nil {
		return err
	}
	c.out.say(ack.Append(nil, c.version))
	for _, sub := range fresh {
		if err := sub.begin(); err != nil {
			return err
		}
		c.join(sub)
	}
	for _, sub := range all {
		s.deliverRetained(sub)
	}
	return nil
}

// enroll makes a subscription, or changes the one that there is with the same filter. Lock subscribing held.
func (c *conn) enroll(o packet.Subscription, id uint32) (sub *subscription, isNew bool, err error) {
	s := c.session
	if sub, err = parseFilter(s, o, id); err != nil {
		return nil, false, err
	}
	if err := c.mayRead(sub); err != nil {
		return nil, false, err
	}
	if err := c.client.Ask(c.work, sub.pattern); err != nil {
		return nil, false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if same := s.subs[o.Filter]; same != nil {
		same.options, same.id = o, id
		return same, false, nil
	}
	if len(s.subs) == maxSubscriptions {
		return nil, false, &packet.Error{Code: packet.QuotaExceeded, Reason: "the session has 1000 subscriptions, and may not have more; use wildcards"}
	}
	s.mu.Unlock()
	err = sub.open(o.RetainHandling == 2)
	s.mu.Lock()
	if err != nil {
		return nil, false, err
	}
	s.addLocked(sub)
	return sub, true, nil
}

func (s *mqttSession) add(sub *subscription) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.addLocked(sub)
}

func (s *mqttSession) addLocked(sub *subscription) {
	if s.subs == nil {
		s.subs = make(map[string]*subscription)
	}
	s.subs[sub.filter] = sub
	if !sub.exact && sub.share == nil {
		s.wild = append(s.wild, sub)
	}
}

// unsubscribe takes UNSUBSCRIBE.
func (c *conn) unsubscribe(p *packet.Unsubscribe) {
	s := c.session
	ack := &packet.Suback{Type: packet.TypeUnsuback, ID: p.ID}
	s.subscribing.Lock()
	defer s.subscribing.Unlock()
	for _, filter := range p.Filters {
		sub := s.remove(filter)
		if sub == nil {
			ack.Codes = append(ack.Codes, packet.NoSubscriptionExisted)
			continue
		}
		s.part(sub)
		ack.Codes = append(ack.Codes, packet.Success)
	}
	s.journal.commit(func(error) { c.out.say(ack.Append(nil, c.version)) })
}

// remove ends a subscription, and returns it; nil if there is none. Lock subscribing held.
func (s *mqttSession) remove(filter string) *subscription {
	s.mu.Lock()
	sub := s.subs[filter]
	delete(s.subs, filter)
	s.wild = slices.DeleteFunc(s.wild, func(w *subscription) bool { return w == sub })
	s.mu.Unlock()
	if sub != nil {
		sub.cancel()
	}
	return sub
}

// reopen begins anew with the subscriptions that were given up, and gives up those that the client may not have any more.
func (s *mqttSession) reopen(c *conn) {
	s.subscribing.Lock()
	defer s.subscribing.Unlock()
	for filter, sub := range s.subs {
		if err := c.mayRead(sub); err != nil {
			c.handler.door.Tell(c.client, err)
			s.remove(filter)
			continue
		}
		c.join(sub)
		s.mu.Lock()
		broken := sub.broken && !sub.finished
		sub.broken = false
		s.mu.Unlock()
		if !broken {
			continue
		}
		sub.flow.Cancel()
		if err := sub.open(true); err != nil {
			s.handler.config.Log.Warn("not subscribed again", "edge", "mqtt", "filter", sub.filter, "error", err)
			continue
		}
		sub.flow.Start()
	}
}
