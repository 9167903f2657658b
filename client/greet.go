package client

import (
	"cmp"
	"maps"
	"slices"

	"github.com/holdfast-dev/holdfast/protocol"
	"github.com/holdfast-dev/holdfast/websocket"
)

// greet makes a connection the current one: connect, every subscription behind its position, every
// publication that is not acknowledged, every call that may be repeated, without waiting for a reply
// between them.
func (c *Client) greet(l *link) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.end != nil {
		return
	}
	connect := &protocol.Connect{Session: c.session, Token: c.token}
	if c.options.Name != "" || c.options.Version != "" {
		connect.Client = &protocol.Client{Name: c.options.Name, Version: c.options.Version}
	}
	id := c.number()
	c.awaiting[id] = &greeting{c: c, id: id, link: l}
	l.send(id, connect)
	c.use(l)
	for _, s := range sorted(c.subs) {
		if !s.paused {
			s.ask(l)
		}
	}
}

// use sends commands on a link from now on, beginning with publications and calls that have no answer yet,
// unless that may still come on the connection that is left, and would be something else. Lock held.
func (c *Client) use(l *link) {
	c.current = l
	for _, a := range c.lanes {
		a.resend()
	}
	c.sendHeld(l)
}

// sendHeld sends what waited for the limits. Lock held.
func (c *Client) sendHeld(l *link) {
	for _, a := range c.lanes {
		a.pump()
	}
	for _, k := range sorted(c.calls) {
		if k.link == nil {
			k.send(l)
		}
	}
}

func sorted[T any](byNumber map[uint64]T) []T {
	all := make([]T, 0, len(byNumber))
	for _, number := range slices.SortedFunc(maps.Keys(byNumber), cmp.Compare[uint64]) {
		all = append(all, byNumber[number])
	}
	return all
}

// greeting waits for the answer to connect.
type greeting struct {
	c    *Client
	id   uint64
	link *link
}

func (g *greeting) replied(l *link, r *protocol.Reply) {
	c := g.c
	delete(c.awaiting, g.id)
	var ok protocol.ConnectOK
	if err := r.Result(&ok); err != nil {
		l.refused = r.Err
		if l.refused == nil {
			l.refused = protocol.Errorf(protocol.CodeInternal, "%v", err)
		}
		close(l.answer)
		return
	}
	l.greeted = true
	c.session, c.dedup, c.told = &ok.Session, ok.Dedup, ok.Endpoints
	c.limits = ok.Limits
	if c.limits.Commands <= 0 {
		c.limits.Commands = protocol.AssumedLimits().Commands
	}
	l.learn(c.limits)
	l.watch(&ok)
	c.expires(ok.Expires)
	c.changed(Change{State: Ready, Endpoint: l.endpoint, Transport: l.transport, Resumed: ok.Resumed, Why: ok.Why})
	close(l.answer)
	select {
	case <-c.ready:
	default:
		close(c.ready)
	}
	if c.current == l {
		c.sendHeld(l)
	}
	c.settled()
}

// lost takes back what a connection that has ended leaves open.
func (c *Client) lost(l *link) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.current == l {
		c.current = nil
	}
	for _, s := range sorted(c.subs) {
		if s.handover != nil {
			s.handover.lost(l)
		}
		if s.home == l {
			s.home = nil
		}
		if s.asked == l {
			s.asked = nil
		}
	}
	for id, waits := range c.awaiting {
		if a, is := waits.(*asking); is && a.link == l {
			delete(c.awaiting, id)
		}
		if g, is := waits.(*greeting); is && g.link == l {
			delete(c.awaiting, id)
		}
	}
	if websocket.CloseCodeOf(l.end) == websocket.CloseMessageTooBig {
		c.refuseLargest(l)
	}
	for _, a := range c.lanes {
		a.lost(l)
		a.pump()
	}
	for _, k := range sorted(c.calls) {
		switch {
		case k.link != l:
		case !k.repeat:
			k.settle(nil, ErrUncertain)
		case c.current != nil:
			k.send(c.current)
		default:
			k.link = nil
		}
	}
}

// refuseLargest fails the largest publication that a connection has carried without an answer: the server
// closed it for a message over its limit, and that one is not to be sent again. Lock held.
func (c *Client) refuseLargest(l *link) {
	var largest *Publication
	for _, a := range c.lanes {
		for _, p := range a.queue {
			if p.link == l && (largest == nil || len(p.verb.Data) > len(largest.verb.Data)) {
				largest = p
			}
		}
	}
	if largest == nil {
		return
	}
	c.lanes[largest.verb.Channel].remove(largest)
	largest.settle(Ack{}, protocol.Errorf(protocol.CodeTooLarge, "the server closed the connection for a message over its limit, and this was the largest (%d bytes); send less", len(largest.verb.Data)))
}

// fallBack goes on with an old connection after a new one has failed, and returns false if that can't be:
// it has ended, or the subscriptions have gone on already where it does not know.
func (c *Client) fallBack(old *link) bool {
	c.mu.Lock()
	stays := !old.over()
	if stays && c.current == old { // the new one has not come so far that anything was sent there
		c.mu.Unlock()
		return true
	}
	for _, s := range c.subs {
		if s.answered && !s.paused && s.home != old {
			stays = false
		}
	}
	if stays {
		for _, s := range c.subs {
			if !s.answered && s.asked == nil {
				s.ask(old)
			}
		}
		c.use(old)
	}
	c.mu.Unlock()
	if !stays {
		old.conn.CloseNow()
	}
	return stays
}

// isAllOn tells whether everything is answered on a link, and nothing has to be waited for on another.
func (c *Client) isAllOn(l *link) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.subs {
		if !s.paused && s.home != l {
			return false
		}
	}
	for _, k := range c.calls {
		if k.link != nil && k.link != l {
			return false
		}
	}
	for _, a := range c.lanes {
		if a.waitsFor(l) {
			return false
		}
	}
	return true
}

// settled tells whoever moves that something has been answered. Lock held.
func (c *Client) settled() { signal(c.allHere) }

// tell notes a change of the state.
func (c *Client) tell(change Change) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.end == nil {
		c.changed(change)
	}
}
