//go:build linux

package peer

import (
	"bytes"
	"net"
	"net/http"
	"sync"

	"github.com/gorilla/websocket"
)

// gorilla uses what its documentation names for throughput and memory: a pool of write buffers, a
// goroutine that leaves the request behind, NextReader into a pooled buffer instead of ReadMessage,
// which allocates each message anew; for a broadcast a PreparedMessage, and the channel and writer
// goroutine for each connection of its chat example.
type gorilla struct {
	kind     Kind
	upgrader websocket.Upgrader
	room[*gorillaMember]
}

type gorillaMember struct {
	conn *websocket.Conn
	send chan *websocket.PreparedMessage
}

// memberQueue is how many messages may wait for a writer goroutine: that of gorilla's chat example.
const memberQueue = 256

// payloads are buffers for the libraries that read into a buffer of the caller's.
var payloads = sync.Pool{New: func() any { return new(bytes.Buffer) }}

func newGorilla(kind Kind) Server {
	return &gorilla{kind: kind, upgrader: websocket.Upgrader{WriteBufferPool: new(sync.Pool)}}
}

func (s *gorilla) Serve(ln net.Listener) error { return serveHTTP(ln, s.upgrade) }

func (s *gorilla) upgrade(w http.ResponseWriter, r *http.Request) {
	conn, err := s.upgrader.Upgrade(w, r, nil)
	if err != nil {
		return // answered
	}
	if s.kind == Echo {
		go s.read(conn, func(typ int, payload []byte) error { return conn.WriteMessage(typ, payload) })
		return
	}
	member := &gorillaMember{conn: conn, send: make(chan *websocket.PreparedMessage, memberQueue)}
	s.join(member)
	gone := make(chan struct{})
	go member.write(gone)
	go func() {
		defer close(gone)
		defer s.leave(member)
		s.read(conn, s.publish)
	}()
}

func (s *gorilla) read(conn *websocket.Conn, handle func(typ int, payload []byte) error) {
	defer conn.Close()
	for {
		if err := s.readMessage(conn, handle); err != nil {
			return
		}
	}
}

func (s *gorilla) readMessage(conn *websocket.Conn, handle func(typ int, payload []byte) error) error {
	typ, r, err := conn.NextReader()
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

func (s *gorilla) publish(typ int, payload []byte) error {
	message, err := websocket.NewPreparedMessage(typ, payload) // copies
	if err != nil {
		return err
	}
	for _, member := range s.all() {
		select {
		case member.send <- message:
		default:
			member.conn.Close()
		}
	}
	return nil
}

func (m *gorillaMember) write(gone <-chan struct{}) {
	for {
		select {
		case message := <-m.send:
			if m.conn.WritePreparedMessage(message) != nil {
				m.conn.Close()
				return
			}
		case <-gone:
			return
		}
	}
}
