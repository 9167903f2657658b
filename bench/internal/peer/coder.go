//go:build linux

package peer

import (
	"bytes"
	"context"
	"net"
	"net/http"

	"github.com/coder/websocket"
)

// coder reads through Reader into a pooled buffer instead of Read, which allocates each message
// anew; a broadcast goes through the channel and writer goroutine for each connection of its chat
// example, as the library has no prepared messages.
type coder struct {
	kind Kind
	room[*coderMember]
}

type coderMember struct {
	conn *websocket.Conn
	send chan coderMessage
}

type coderMessage struct {
	typ     websocket.MessageType
	payload []byte
}

func newCoder(kind Kind) Server { return &coder{kind: kind} }

func (s *coder) Serve(ln net.Listener) error { return serveHTTP(ln, s.upgrade) }

func (s *coder) upgrade(w http.ResponseWriter, r *http.Request) {
	conn, err := websocket.Accept(w, r, nil)
	if err != nil {
		return // answered
	}
	ctx := context.Background()
	if s.kind == Echo {
		go s.read(conn, func(typ websocket.MessageType, payload []byte) error { return conn.Write(ctx, typ, payload) })
		return
	}
	member := &coderMember{conn: conn, send: make(chan coderMessage, memberQueue)}
	s.join(member)
	gone := make(chan struct{})
	go member.write(ctx, gone)
	go func() {
		defer close(gone)
		defer s.leave(member)
		s.read(conn, s.publish)
	}()
}

func (s *coder) read(conn *websocket.Conn, handle func(typ websocket.MessageType, payload []byte) error) {
	defer conn.CloseNow()
	for {
		if err := s.readMessage(conn, handle); err != nil {
			return
		}
	}
}

func (s *coder) readMessage(conn *websocket.Conn, handle func(typ websocket.MessageType, payload []byte) error) error {
	typ, r, err := conn.Reader(context.Background())
	if err != nil {
		return err
	}
	payload := payloads.Get().(*bytes.Buffer)
	defer payloads.Put(payload)
	payload.Reset()
	if _, err := payload.ReadFrom(r); err != nil {
		return err
	}
	return handle(typ, payload.Bytes())
}

func (s *coder) publish(typ websocket.MessageType, payload []byte) error {
	message := coderMessage{typ, bytes.Clone(payload)}
	for _, member := range s.all() {
		select {
		case member.send <- message:
		default:
			member.conn.CloseNow()
		}
	}
	return nil
}

func (m *coderMember) write(ctx context.Context, gone <-chan struct{}) {
	for {
		select {
		case message := <-m.send:
			if m.conn.Write(ctx, message.typ, message.payload) != nil {
				m.conn.CloseNow()
				return
			}
		case <-gone:
			return
		}
	}
}
