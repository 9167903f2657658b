//go:build linux

package peer

import (
	"context"
	"net"
	"net/http"

	"github.com/holdfast-dev/holdfast/websocket"
)

// holdfast serves in the style of events, with a goroutine that leaves the request behind, and under
// TLS with the library's Listener; a broadcast is a loop of sends of what came together.
type holdfast struct {
	kind Kind
	room[*websocket.Conn]
}

func newHoldfast(kind Kind) Server { return &holdfast{kind: kind} }

func (s *holdfast) Serve(ln net.Listener) error { return serveHTTP(ln, s.upgrade) }

func (s *holdfast) upgrade(w http.ResponseWriter, r *http.Request) {
	conn, err := websocket.Accept(w, r, nil)
	if err != nil {
		return // answered
	}
	if s.kind == Echo {
		go conn.Serve(func(typ websocket.MessageType, payload []byte) {
			conn.Write(context.Background(), typ, payload) // its errors end Serve too
		})
		return
	}
	s.join(conn)
	go func() {
		defer s.leave(conn)
		conn.ServeBatch(s.publish)
	}()
}

func (s *holdfast) publish(messages []websocket.Message) {
	frames := make([]*websocket.Frame, len(messages))
	for i, m := range messages {
		frames[i] = websocket.NewFrame(m.Type, m.Payload)
	}
	batch := websocket.NewBatch(frames...)
	for _, member := range s.all() {
		if member.SendBatch(batch) == websocket.Dropped {
			member.CloseNow() // the load must not go on as if nothing was lost
		}
	}
}
