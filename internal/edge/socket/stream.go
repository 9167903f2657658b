package socket

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/holdfast-dev/holdfast/websocket"
)

// stream carries messages to a client as the events of one answer (HTML standard, Server-sent events).
type stream struct {
	*exchange
	events *websocket.EventStream
	beat   *time.Timer   // sends a comment when nothing has been sent for a while
	done   chan struct{} // closed when nobody waits for the end of events any more
}

// serveStream opens a connection whose messages to the client are events, and leaves it to a goroutine of its own, or
// stays where the version of HTTP demands it.
func (h *Handler) serveStream(w http.ResponseWriter, r *http.Request) {
	client, number, ok := h.admit(w, r)
	if !ok {
		return
	}
	header := w.Header()
	header.Set("Cache-Control", "no-store, no-transform") // a proxy that compresses holds back what comes
	header.Set("X-Accel-Buffering", "no")                 // for nginx, and others that have learnt it from there
	events, err := websocket.AcceptEvents(w, r, h.accept.Limits)
	if err != nil {
		h.door.Tell(client, err)
		client.Leave()
		return
	}
	x, id := newExchange(h, client)
	s := &stream{exchange: x, events: events, done: make(chan struct{})}
	s.beat = time.AfterFunc(h.config.PingInterval, func() { s.send([]byte(":\n\n")) })
	x.add(s, number)
	s.send(event("open", greeting{id}))
	x.begin()
	events.Run(func() {
		defer close(s.done)
		events.Wait()
		x.drop(errCut)
	})
}

// event returns an event other than a message.
func event(name string, data any) []byte {
	text, err := json.Marshal(data)
	if err != nil {
		panic(err) // strings and numbers always can be
	}
	return []byte("event: " + name + "\ndata: " + string(text) + "\n\n")
}

// send offers events, and puts off the next comment.
func (s *stream) send(b []byte) websocket.Result {
	result := s.events.Send(b)
	if result != websocket.Closed {
		s.beat.Reset(s.handler.config.PingInterval)
	}
	return result
}

// Send implements carrier.
func (s *stream) Send(f *websocket.Frame) websocket.Result { return s.SendBatch(websocket.NewBatch(f)) }

// SendBatch implements carrier. The bytes are shared with all other streams that they go to.
func (s *stream) SendBatch(b *websocket.Batch) websocket.Result { return s.send(b.Events()) }

// Flush implements carrier.
func (s *stream) Flush(ctx context.Context) error { return s.events.Flush(ctx) }

// Expel implements carrier. Unlike a WebSocket's it throws nothing away: what waits goes first.
func (s *stream) Expel(code websocket.CloseCode, reason string) error {
	if why := (&farewell{code, reason}); s.closes(why) {
		s.events.Finish(event("close", why))
	}
	return nil
}

// Close implements carrier.
func (s *stream) Close(ctx context.Context, code websocket.CloseCode, reason string) error {
	why := &farewell{code, reason}
	s.closes(why)
	s.events.Close(ctx, event("close", why)) // if that has been said before, it only waits
	return nil
}

// end implements down.
func (s *stream) end() {
	s.beat.Stop()
	now, cancel := context.WithCancel(context.Background())
	cancel()
	s.events.Close(now, nil)
	<-s.done
}
