package signalr

import (
	"context"
	"net/http"

	"github.com/holdfast-dev/holdfast/websocket"
)

// eventLink is a stream of Server-Sent Events; what the client sends comes in requests of their own.
type eventLink struct{ stream *websocket.EventStream }

func (l *eventLink) send(p *parcel) websocket.Result { return l.stream.Send(p.event()) }

func (l *eventLink) flush(ctx context.Context) error { return l.stream.Flush(ctx) }

func (l *eventLink) expel(last *parcel, _ websocket.CloseCode, _ string) {
	if last == nil {
		l.stream.Finish(nil)
		return
	}
	l.stream.Finish(last.event())
}

func (l *eventLink) close(ctx context.Context, _ websocket.CloseCode, _ string) {
	l.stream.Close(ctx, nil)
}

// serveEvents answers with the events of a connection, until that or the request is over.
func (h *Handler) serveEvents(w http.ResponseWriter, r *http.Request, at *Hub) {
	c, t, ok := h.find(w, r, at)
	if !ok {
		return
	}
	if c == nil {
		node, found := h.seek(w, r, &t, true)
		if !found {
			return
		}
		ok, t.claimed = node == "", true
	}
	if c != nil || !ok {
		h.conflict(w, r, "the connection has a transport already")
		return
	}
	if c, ok = h.open(w, r, at, t); !ok {
		return
	}
	w.Header().Set("X-Accel-Buffering", "no") // nginx, and others that have learnt it from there
	stream, err := websocket.AcceptEvents(w, r, h.accept.Limits)
	if err != nil {
		c.end(err)
		return
	}
	l := &eventLink{stream}
	stream.Run(func() {
		if !c.attach(l) {
			l.expel(nil, 0, "")
		} else {
			defer c.links.Done()
		}
		stream.Wait()
		c.detached(l, errLeft)
	})
}
