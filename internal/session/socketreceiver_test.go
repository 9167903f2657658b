package session_test

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/hub"
	"github.com/holdfast-dev/holdfast/websocket"
)

// receiver hands messages to a WebSocket.
type receiver struct{ conn *websocket.Conn }

// socketReceiver returns a receiver whose WebSocket has a client that reads everything.
func socketReceiver(b *testing.B) *receiver {
	b.Helper()
	accepted := make(chan *websocket.Conn, 1)
	s := httptest.NewServer(websocket.Handler(nil, func(c *websocket.Conn) {
		accepted <- c
		c.Serve(func(websocket.MessageType, []byte) {})
	}))
	c, err := websocket.Dial(b.Context(), strings.Replace(s.URL, "http", "ws", 1), nil)
	if err != nil {
		b.Fatal(err)
	}
	read := make(chan struct{})
	go func() {
		defer close(read)
		c.Serve(func(websocket.MessageType, []byte) {})
	}()
	server := <-accepted
	b.Cleanup(func() {
		c.CloseNow()
		<-read
		<-server.Done()
		s.Close()
	})
	return &receiver{server}
}

func (r *receiver) Deliver(p *hub.Publication) websocket.Result { return r.conn.SendBatch(p.Batch()) }
func (r *receiver) Flush(ctx context.Context) error             { return r.conn.Flush(ctx) }
func (r *receiver) Live(broker.Position)                        {}
func (r *receiver) Lost(broker.Position)                        {}
func (r *receiver) Gap(int)                                     {}
func (r *receiver) TooSlow()                                    {}
