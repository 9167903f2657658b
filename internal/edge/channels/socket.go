package channels

import (
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/hub"
	"github.com/holdfast-dev/holdfast/websocket"
)

// member is one WebSocket on a channel URL.
type member struct {
	hub  *hub.Hub
	name channel.Name
	sub  *hub.Subscription
	echo bool // whether it receives what it sends

	maxEarlyBytes int // how much may be published while the handshake is being answered

	conn atomic.Pointer[websocket.Conn] // nil until the handshake is answered

	mu         sync.Mutex         // guards what follows
	early      []*websocket.Batch // what was published before that
	earlyBytes int                // published before that; if over the maximum, early is not all
}

// serveSocket answers a handshake and leaves the connection to a goroutine of its own, which costs
// less memory than the handler's, or stays where the version of HTTP demands it.
func (h *Handler) serveSocket(w http.ResponseWriter, r *http.Request, name channel.Name) {
	echo, err := echoWanted(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	m := &member{hub: h.hub, name: name, echo: echo, maxEarlyBytes: h.accept.SendQueueBytes}
	if !h.open.enter(m) {
		http.Error(w, "the server is shutting down; connect again later", http.StatusServiceUnavailable)
		return
	}
	// Subscribed before the answer: a client that sees "open" misses nothing from then on.
	m.sub = h.hub.Subscribe(name, m)
	c, err := websocket.Accept(w, r, &h.accept)
	if err != nil {
		m.sub.Cancel()
		h.open.leave(m)
		h.config.Log.Warn("handshake refused", "channel", name, "remote", r.RemoteAddr, "error", err)
		return
	}
	m.attach(c)
	c.Run(func() { h.run(m, c) })
}

// echoWanted reads ?echo=, which is true by default.
func echoWanted(r *http.Request) (bool, error) {
	v := r.URL.Query().Get("echo")
	if v == "" {
		return true, nil
	}
	echo, err := strconv.ParseBool(v)
	if err != nil {
		return false, fmt.Errorf("echo=%.20q is not a choice; use echo=true or echo=false", v)
	}
	return echo, nil
}

// run serves m until its connection is over.
func (h *Handler) run(m *member, c *websocket.Conn) {
	defer h.open.leave(m)
	defer m.sub.Cancel()
	if reason, closing := h.open.mustGo(); closing {
		c.Expel(websocket.CloseGoingAway, reason)
	}
	h.keep.Watch(c)
	err := c.ServeBatch(m.publish)
	h.config.Log.Debug("connection over", "channel", m.name, "remote", c.RemoteAddr(), "error", err)
}

// publish sends on what the client sent. What came together leaves together: a burst costs each
// subscriber one write.
func (m *member) publish(messages []websocket.Message) {
	var except *hub.Subscription
	if !m.echo {
		except = m.sub
	}
	m.hub.Publish(hub.NewPublication(m.name, messages...), except)
}

// Deliver sends messages to the client, or keeps them until the handshake has been answered.
func (m *member) Deliver(p *hub.Publication) {
	c := m.conn.Load()
	if c == nil {
		if c = m.keep(p.Batch()); c == nil {
			return
		}
	}
	send(c, p.Batch())
}

// keep holds b back until attach, or returns the connection if that has happened meanwhile.
func (m *member) keep(b *websocket.Batch) *websocket.Conn {
	m.mu.Lock()
	defer m.mu.Unlock()
	if c := m.conn.Load(); c != nil {
		return c
	}
	if m.earlyBytes += b.Bytes(); m.earlyBytes <= m.maxEarlyBytes {
		m.early = append(m.early, b)
	}
	return nil
}

// attach gives m its connection and sends what was kept for it.
func (m *member) attach(c *websocket.Conn) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, b := range m.early {
		send(c, b)
	}
	if m.earlyBytes > m.maxEarlyBytes {
		expelSlow(c)
	}
	m.early = nil
	m.conn.Store(c)
}

// send sends b without waiting. A client that does not read fast enough is expelled: it learns that
// it missed something, and nobody waits for it.
func send(c *websocket.Conn, b *websocket.Batch) {
	if c.SendBatch(b) == websocket.Dropped {
		expelSlow(c)
	}
}

func expelSlow(c *websocket.Conn) {
	c.Expel(websocket.CloseTryAgainLater, "too slow: the queue of unread messages is full")
}
