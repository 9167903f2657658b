package socket

import (
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/session"
	"github.com/holdfast-dev/holdfast/protocol"
)

// subscribeTo subscribes a client that connects to what its backend wants, and says so in the answer. What the client may
// not subscribe to is left out; the audit is told. The subscriptions deliver once begin has been called, which has to come
// after the answer. From then on they are the client's own, as if it had subscribed.
func (c *conn) subscribeTo(names []channel.Name, ok *protocol.ConnectOK) (begin func()) {
	var all []*subscription
	for i, name := range names {
		s, at := c.subscribeInitially(name, protocol.FirstServerSub+uint64(i))
		if s == nil {
			continue
		}
		all = append(all, s)
		ok.Subscriptions = append(ok.Subscriptions, protocol.Subscribed{Sub: s.number, Channel: string(name), Position: at.Position})
	}
	return func() {
		for _, s := range all {
			c.deliver(s, false)
			close(s.begun)
		}
	}
}

// subscribeInitially opens one subscription, and finds out where it begins. It returns nil if that can't be.
func (c *conn) subscribeInitially(name channel.Name, number uint64) (*subscription, *protocol.SubscribeOK) {
	s, refused := c.newSubscription(&protocol.Subscribe{Channel: string(name)})
	if refused == nil {
		refused = c.enroll(s, number)
	}
	if refused != nil {
		c.handler.config.Log.Debug("not subscribed as the backend wants", "session", c.id, "channel", name, "error", refused)
		return nil, nil
	}
	var err error
	if s.flow, err = c.handler.channels.Open(session.Request{Channels: s.pattern}, s); err != nil {
		c.forget(s)
	} else if at, failed := c.locate(s, nil); failed == nil {
		return s, at
	} else {
		err = failed
		c.drop(s)
	}
	c.refusal("subscribe", name, err) // which logs it
	return nil, nil
}
