package signalr

import (
	"context"
	"errors"
	"net/http"

	"github.com/holdfast-dev/holdfast/websocket"
)

// socketLink is a WebSocket.
type socketLink struct{ ws *websocket.Conn }

func (l *socketLink) send(p *parcel) websocket.Result { return l.ws.SendBatch(p.batch) }

func (l *socketLink) flush(ctx context.Context) error { return l.ws.Flush(ctx) }

func (l *socketLink) expel(last *parcel, code websocket.CloseCode, reason string) {
	if last != nil {
		l.ws.SendBatch(last.batch) // if there is no room for it, the code and the reason say the same
	}
	l.ws.Expel(code, reason) // it fails only if the connection is over
}

func (l *socketLink) close(ctx context.Context, code websocket.CloseCode, reason string) {
	l.ws.Close(ctx, code, reason) // how it went is logged by the goroutine that reads
}

// serveSocket takes a WebSocket: of a connection that has been negotiated, of a new one, or of one that has lost its WebSocket.
func (h *Handler) serveSocket(w http.ResponseWriter, r *http.Request, at *Hub) {
	var c *conn
	t := ticket{id: newID()} // without a negotiation, nobody else comes to it
	if r.URL.Query().Has("id") {
		var ok bool
		if c, t, ok = h.find(w, r, at); !ok {
			return
		}
	}
	switch {
	case c != nil:
		h.resume(w, r, c)
		return
	case !t.negotiated():
	case t.reconnects: // it may be one that reconnects, which no other node can do
		node, ok := h.seek(w, r, &t, true)
		if ok && node != "" {
			h.refuse(w, r, http.StatusNotFound, errUnknown)
		}
		if !ok || node != "" {
			return
		}
		t.claimed = true
	case !t.fresh():
		h.refuse(w, r, http.StatusNotFound, errUnknown)
		return
	}
	c, ok := h.open(w, r, at, t)
	if !ok {
		return
	}
	ws, ok := h.door.Accept(w, r, c.client, &h.accept)
	if !ok {
		c.end(errLeft)
		return
	}
	c.carryBy(ws)
}

// resume takes another WebSocket of a connection that goes on when one breaks. Whoever knows its token is its client, if the same user.
func (h *Handler) resume(w http.ResponseWriter, r *http.Request, c *conn) {
	visitor, ok := h.door.Visit(w, r)
	switch {
	case !ok:
	case !c.reconnects:
		h.conflict(w, r, "the connection has a transport already")
	case visitor.Who().User != c.client.Who().User:
		h.refuse(w, r, http.StatusNotFound, errors.New("there is no such connection of yours"))
	default:
		if ws, ok := h.door.Accept(w, r, c.client, &h.accept); ok {
			c.carryBy(ws)
		}
	}
}

// carryBy has a WebSocket carry the connection, until that or the connection is over.
func (c *conn) carryBy(ws *websocket.Conn) {
	l := &socketLink{ws}
	ws.Run(func() {
		if !c.attach(l) {
			l.expel(nil, websocket.CloseGoingAway, "the connection is over")
		} else {
			defer c.links.Done()
		}
		err := ws.ServeBatch(func(together []websocket.Message) {
			payloads := make([][]byte, len(together))
			for i, m := range together {
				payloads[i] = m.Payload
			}
			c.receive(l, payloads...)
		})
		c.detached(l, err)
	})
}
