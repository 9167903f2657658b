package channels

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/holdfast-dev/holdfast/internal/auth"
	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/edge/door"
	"github.com/holdfast-dev/holdfast/internal/hooks"
	"github.com/holdfast-dev/holdfast/internal/hub"
	"github.com/holdfast-dev/holdfast/internal/session"
	"github.com/holdfast-dev/holdfast/protocol"
	"github.com/holdfast-dev/holdfast/websocket"
)

// member is one WebSocket on a channel URL. It is the receiver of its subscription.
type member struct {
	handler    *Handler
	client     *session.Client
	name       channel.Name
	source     string // what it publishes bears this, so as not to come back; "" if it shall
	sub        *session.Subscription
	mayPublish bool // found out with the first message

	conn atomic.Pointer[websocket.Conn] // nil until the handshake is answered
}

// serveSocket answers a handshake and leaves the connection to a goroutine of its own, which costs
// less memory than the handler's, or stays where the version of HTTP demands it.
func (h *Handler) serveSocket(w http.ResponseWriter, r *http.Request, name channel.Name) {
	q, err := parseQuery(r.URL.Query())
	if err != nil {
		h.badRequest(w, r, nil, http.StatusBadRequest, err)
		return
	}
	client, ok := h.door.Connect(w, r)
	if !ok {
		return
	}
	m := &member{handler: h, client: client, name: name}
	if !h.mayRead(w, r, client, name, q) {
		client.Leave()
		return
	}
	echo := h.channels.Rule(name).Echo
	if q.echo != nil {
		echo = *q.echo
	}
	if !echo {
		m.source = h.newSource()
	}
	// Subscribed before the answer: a client that sees "open" misses nothing from then on.
	m.sub, err = h.channels.Subscribe(name.Pattern(), q.start, m.source, m)
	if err != nil {
		client.Leave()
		h.badRequest(w, r, client, http.StatusBadRequest, err)
		return
	}
	for _, at := range m.sub.Positions() {
		w.Header().Set(positionHeader, at.String())
	}
	c, ok := h.door.Accept(w, r, client, &h.accept)
	if !ok {
		m.sub.Cancel()
		client.Leave()
		return
	}
	m.begin(c)
	c.Run(func() { h.run(m, c) })
}

// begin makes the connection known. It is not for the goroutine of the connection, whose stack would grow by it
// for good.
func (m *member) begin(c *websocket.Conn) {
	m.conn.Store(c)
	if reason, closing := m.client.Connected(m); closing {
		m.expel(websocket.CloseGoingAway, reason)
	}
	m.handler.keep.Watch(c)
}

// mayRead tells whether the client may subscribe, and be sent what is kept if it asks for that. If not, it
// has been told. The backend is asked once about both.
func (h *Handler) mayRead(w http.ResponseWriter, r *http.Request, c *session.Client, name channel.Name, q query) bool {
	if q.start.Asked() {
		if err := c.Allow(auth.History, name.Pattern()); err != nil {
			h.door.Refuse(w, r, c, err)
			return false
		}
	}
	return h.door.May(w, r, c, auth.Subscribe, name)
}

// run serves m until its connection is over.
func (h *Handler) run(m *member, c *websocket.Conn) {
	defer m.client.Leave()
	defer m.sub.Cancel()
	m.sub.Start()
	err := c.ServeBatch(m.publish)
	h.door.Ended(m.client, err)
	h.config.Log.Debug("connection over", "channel", m.name, "remote", c.RemoteAddr(), "error", err)
}

// publish sends on what the client sent. What came together leaves together: a burst costs each
// subscriber one write.
func (m *member) publish(messages []websocket.Message) {
	if !m.admitted(messages) {
		return
	}
	p := hub.NewPublication(m.name, messages...)
	if m.source != "" {
		p.From(m.source)
	}
	// Here nobody can be told to wait: whoever sends more than the channel takes is kept waiting by TCP.
	m.handler.channels.PublishPaced(m.handler.work, m.client, m.conn.Load().Done(), p, m.published)
}

// admitted tells whether the client may publish, and waits while it sends too fast: TCP makes it wait, too.
func (m *member) admitted(messages []websocket.Message) bool {
	if !m.mayPublish {
		if err := m.client.Allow(auth.Publish, m.name.Pattern()); err != nil {
			m.refuse(websocket.ClosePolicyViolation, err)
			return false
		}
		m.mayPublish = true
	}
	over := m.conn.Load().Done()
	for _, one := range messages {
		if !m.client.Pace(over, 1, len(one.Payload)) {
			return false
		}
	}
	return true
}

// published ends the connection of a client one of whose messages could not be published: there is no
// other way to tell it which.
func (m *member) published(_ int, _ broker.Ack, err error) {
	if err == nil {
		return
	}
	_, invalid := errors.AsType[*session.InvalidDataError](err)
	_, saidNo := errors.AsType[*hooks.Refusal](err)
	if invalid || saidNo {
		m.refuse(websocket.ClosePolicyViolation, err)
		return
	}
	if _, silent := errors.AsType[*hooks.Unavailable](err); silent {
		m.refuse(websocket.CloseTryAgainLater, err)
		return
	}
	if _, limited := errors.AsType[*session.LimitError](err); limited {
		m.refuse(websocket.CloseCode(protocol.CloseTooMany), err)
		return
	}
	if _, tooLarge := errors.AsType[*session.TooLargeError](err); tooLarge || errors.Is(err, broker.ErrTooLarge) {
		m.refuse(websocket.CloseMessageTooBig, err)
		return
	}
	m.handler.config.Log.Warn("not published", "channel", m.name, "error", err)
	m.expel(websocket.CloseTryAgainLater, "not published: "+err.Error())
}

// refuse tells the audit of something that the client may not do, and closes the connection. What is said of
// it is cut so that the ref is not.
func (m *member) refuse(code websocket.CloseCode, err error) {
	m.expel(code, door.Reason(err.Error(), m.handler.door.Tell(m.client, err)))
}

// Deliver implements session.Receiver.
func (m *member) Deliver(p *hub.Publication) websocket.Result {
	return m.conn.Load().SendBatch(p.Batch())
}

// Flush implements session.Receiver.
func (m *member) Flush(ctx context.Context) error { return m.conn.Load().Flush(ctx) }

// Live implements session.Receiver. A bare WebSocket has no place to say it.
func (m *member) Live(broker.Position) {}

// Lost implements session.Receiver: a client that is to get everything must learn that it does not.
func (m *member) Lost(broker.Position) {
	m.expel(websocket.CloseCode(protocol.CloseExpired), "messages behind your position are not kept any more; connect without since=, or with last=")
}

// Gap implements session.Receiver. The rule of the channel is to drop what a slow client does not take,
// and a bare WebSocket has no place to say it.
func (m *member) Gap(n int) {
	m.handler.config.Log.Debug("messages dropped for a slow client", "channel", m.name, "messages", n)
}

// TooSlow implements session.Receiver.
func (m *member) TooSlow() {
	m.expel(websocket.CloseTryAgainLater, "too slow: the queue of unread messages is full")
}

// GoAway implements session.Connection. How it went is logged by the member's own goroutine.
func (m *member) GoAway(ctx context.Context, reason string) {
	m.conn.Load().Close(ctx, websocket.CloseGoingAway, reason)
}

// Expiring implements session.Connection. A bare WebSocket has no place to say it.
func (m *member) Expiring(time.Duration) {}

// End implements session.Connection.
func (m *member) End(code protocol.CloseCode, reason string) {
	m.expel(websocket.CloseCode(code), reason)
}

// expel closes the connection without waiting. The reason is cut to what fits.
func (m *member) expel(code websocket.CloseCode, reason string) {
	if err := m.conn.Load().Expel(code, door.Reason(reason, "")); err != nil {
		m.handler.config.Log.Debug("not expelled", "channel", m.name, "error", err)
	}
}

// Subscriptions implements session.Connection.
func (m *member) Subscriptions() []channel.Pattern { return []channel.Pattern{m.name.Pattern()} }
