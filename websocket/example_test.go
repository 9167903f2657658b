package websocket_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"

	"github.com/holdfast-dev/holdfast/websocket"
)

// An echo server: each request becomes a connection that is served until it ends.
func ExampleAccept() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := websocket.Accept(w, r, nil)
		if err != nil {
			return // the request has been answered with the reason
		}
		go conn.Serve(func(typ websocket.MessageType, payload []byte) {
			conn.Write(context.Background(), typ, payload)
		})
	}))
	defer server.Close()

	ctx := context.Background()
	conn, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(server.URL, "http"), nil)
	if err != nil {
		log.Fatal(err)
	}
	conn.Write(ctx, websocket.Text, []byte("hello"))
	typ, message, err := conn.Read(ctx)
	fmt.Println(typ, string(message), err)
	fmt.Println("closed:", conn.Close(ctx, websocket.CloseNormal, ""))
	// Output:
	// text hello <nil>
	// closed: <nil>
}

// A page of another site may not connect unless its origin is allowed.
func ExampleAcceptOptions() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{
			Origins:      []string{"https://app.example"},
			Subprotocols: []string{"chat.v2", "chat.v1"},
			Limits:       websocket.Limits{MaxMessageBytes: 64 << 10},
		})
		if err != nil {
			return
		}
		conn.CloseNow()
	}))
	defer server.Close()

	_, err := websocket.Dial(context.Background(), "ws"+strings.TrimPrefix(server.URL, "http"), &websocket.DialOptions{
		Header: http.Header{"Origin": {"https://evil.example"}},
	})
	var refused *websocket.HandshakeError
	fmt.Println(errors.As(err, &refused), refused.StatusCode)
	// Output: true 403
}

// A client that reads until the server closes learns why.
func ExampleDial() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		conn.Write(r.Context(), websocket.Text, []byte("one"))
		conn.Write(r.Context(), websocket.Text, []byte("two"))
		conn.Close(context.Background(), websocket.CloseGoingAway, "the server restarts")
	}))
	defer server.Close()

	ctx := context.Background()
	conn, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(server.URL, "http"), nil)
	if err != nil {
		log.Fatal(err)
	}
	defer conn.CloseNow()
	for {
		_, message, err := conn.Read(ctx)
		if err != nil {
			fmt.Println(websocket.CloseCodeOf(err))
			fmt.Println(err)
			return
		}
		fmt.Println(string(message))
	}
	// Output:
	// one
	// two
	// 1001 (going away)
	// websocket: closed by the peer with 1001 (going away): "the server restarts"
}

// A broadcast encodes the message once and sends the same bytes to everybody. Send never waits: a
// subscriber that does not keep up loses messages, or is expelled as here.
func ExampleConn_Send() {
	var mu sync.Mutex
	var subscribers []*websocket.Conn
	joined := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		mu.Lock()
		subscribers = append(subscribers, conn)
		mu.Unlock()
		joined <- struct{}{}
		conn.Serve(func(websocket.MessageType, []byte) {})
	}))
	defer server.Close()

	ctx := context.Background()
	var clients []*websocket.Conn
	for range 3 {
		conn, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(server.URL, "http"), nil)
		if err != nil {
			log.Fatal(err)
		}
		defer conn.CloseNow()
		clients = append(clients, conn)
		<-joined
	}

	frame := websocket.NewFrame(websocket.Text, []byte("news"))
	mu.Lock()
	for _, conn := range subscribers {
		if conn.Send(frame) == websocket.Dropped {
			conn.Expel(websocket.CloseTryAgainLater, "too slow")
		}
	}
	mu.Unlock()

	for _, conn := range clients {
		_, message, err := conn.Read(ctx)
		fmt.Println(string(message), err)
	}
	// Output:
	// news <nil>
	// news <nil>
	// news <nil>
}

// Close says why, waits for the peer to answer, and reports whether it did.
func ExampleConn_Close() {
	ended := make(chan error, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		ended <- conn.Serve(func(websocket.MessageType, []byte) {})
	}))
	defer server.Close()

	ctx := context.Background()
	conn, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(server.URL, "http"), nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(conn.Close(ctx, 4000, "done for today"))
	fmt.Println(conn.Write(ctx, websocket.Text, []byte("one more")))
	fmt.Println(<-ended)
	// Output:
	// <nil>
	// websocket: closed here with 4000: "done for today"
	// websocket: closed by the peer with 4000: "done for today"
}
