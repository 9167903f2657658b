package signalr

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/holdfast-dev/holdfast/websocket"
)

// pollLink holds what a client fetches by polls, in order and bounded.
type pollLink struct {
	most int // bytes, or one parcel

	mu      sync.Mutex // guards what follows
	waiting []*parcel
	bytes   int
	poll    *poll         // that waits for more, or nil
	final   bool          // nothing comes behind what waits
	empty   chan struct{} // closed when nothing waits; nil if nobody wants to know
}

// poll is a request that fetches.
type poll struct {
	news     chan struct{} // of one place: there may be something to fetch
	replaced chan struct{} // closed when another one fetches instead
}

func (l *pollLink) send(p *parcel) websocket.Result {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.final:
		return websocket.Closed
	case len(l.waiting) > 0 && l.bytes+p.batch.Bytes() > l.most:
		return websocket.Dropped
	}
	l.addLocked(p)
	return websocket.Queued
}

func (l *pollLink) addLocked(p *parcel) {
	l.waiting = append(l.waiting, p)
	l.bytes += p.batch.Bytes()
	l.wakeLocked()
}

func (l *pollLink) wakeLocked() {
	if l.poll != nil {
		select {
		case l.poll.news <- struct{}{}:
		default:
		}
	}
}

func (l *pollLink) flush(ctx context.Context) error {
	l.mu.Lock()
	if len(l.waiting) == 0 {
		l.mu.Unlock()
		return nil
	}
	if l.empty == nil {
		l.empty = make(chan struct{})
	}
	empty := l.empty
	l.mu.Unlock()
	return await(ctx, empty)
}

func (l *pollLink) expel(last *parcel, _ websocket.CloseCode, _ string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if last != nil && !l.final {
		l.addLocked(last)
	}
	l.final = true
	l.wakeLocked()
}

func (l *pollLink) close(ctx context.Context, _ websocket.CloseCode, _ string) {
	l.expel(nil, 0, "")
	if l.attended() {
		l.flush(ctx) // how it ends does not matter
	}
}

// attended tells whether a request waits for messages.
func (l *pollLink) attended() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.poll != nil
}

// enter makes a new request the one that fetches, instead of any other.
func (l *pollLink) enter() *poll {
	p := &poll{news: make(chan struct{}, 1), replaced: make(chan struct{})}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.poll != nil {
		close(l.poll.replaced)
	}
	l.poll = p
	return p
}

func (l *pollLink) leave(p *poll) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.poll == p {
		l.poll = nil
	}
}

// take returns what waits, and whether it is the last. A request that has been replaced gets nothing.
func (l *pollLink) take(p *poll) (body []byte, final bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.poll != p {
		return nil, false
	}
	for _, one := range l.waiting {
		for _, f := range one.batch.Frames() {
			body = append(body, f.Payload()...)
		}
	}
	l.waiting, l.bytes = nil, 0
	if l.empty != nil {
		close(l.empty)
		l.empty = nil
	}
	return body, l.final
}

// servePoll opens a connection, which it answers with nothing at once, or answers with what has come or comes for one.
func (h *Handler) servePoll(w http.ResponseWriter, r *http.Request, at *Hub) {
	c, t, ok := h.find(w, r, at)
	if !ok {
		return
	}
	if c != nil {
		h.servePollOf(w, r, c)
		return
	}
	switch node, ok := h.seek(w, r, &t, true); {
	case !ok:
		return
	case node != "":
		h.forward(w, r, node)
		return
	}
	t.claimed = true
	if c, ok = h.open(w, r, at, t); ok && c.attach(&pollLink{most: h.config.SendQueueBytes}) {
		c.links.Done() // there is nothing of it that runs, and the client learns that it is connected
	}
}

// servePollOf answers a poll of a connection that is here.
func (h *Handler) servePollOf(w http.ResponseWriter, r *http.Request, c *conn) {
	l, polls := c.out.current().(*pollLink)
	if !polls {
		h.conflict(w, r, "the connection has a transport that is not polled")
		return
	}
	h.fetch(w, r, c, l)
}

// fetch answers a poll.
func (h *Handler) fetch(w http.ResponseWriter, r *http.Request, c *conn, l *pollLink) {
	c.heard.Store(time.Now().UnixNano())
	me := l.enter()
	defer l.leave(me)
	timeout := time.NewTimer(h.config.PollTimeout)
	defer timeout.Stop()
	for {
		body, final := l.take(me)
		switch {
		case len(body) > 0:
			w.Header().Set("Content-Type", "application/octet-stream")
			if err := http.NewResponseController(w).SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
				h.config.Log.Debug("no time limit for an answer", "error", err)
			}
			_, err := w.Write(body)
			if c.heard.Store(time.Now().UnixNano()); err != nil {
				c.detached(l, err) // what it should have got is gone
			}
			return
		case final:
			w.WriteHeader(http.StatusNoContent)
			return
		}
		select {
		case <-me.news:
		case <-timeout.C:
			c.heard.Store(time.Now().UnixNano())
			return // 200 without a body: poll again
		case <-me.replaced:
			w.WriteHeader(http.StatusNoContent)
			return
		case <-c.over:
			if body, _ := l.take(me); len(body) > 0 {
				w.Write(body) // fails only if the client has gone
				return
			}
			w.WriteHeader(http.StatusNoContent)
			return
		case <-r.Context().Done():
			return
		}
	}
}

// writeTimeout is how long an answer may take to be written.
const writeTimeout = 30 * time.Second

// serveLeave ends a connection because its client says so.
func (h *Handler) serveLeave(w http.ResponseWriter, r *http.Request, at *Hub) {
	if _, over := h.conns.find(keyOf(r.URL.Query().Get("id"))); over { // as mostly, since clients say goodbye before
		http.Error(w, "there is no such connection any more", http.StatusNotFound)
		return
	}
	c, t, ok := h.find(w, r, at)
	switch {
	case !ok:
	case c != nil:
		h.serveLeaveOf(w, c)
	default:
		if node, ok := h.seek(w, r, &t, false); ok {
			h.forward(w, r, node)
		}
	}
}

func (h *Handler) serveLeaveOf(w http.ResponseWriter, c *conn) {
	c.out.expel(nil, websocket.CloseNormal, "")
	c.end(errLeft)
	w.WriteHeader(http.StatusAccepted)
}
