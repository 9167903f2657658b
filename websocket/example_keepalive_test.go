package websocket_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/websocket"
)

// One Keepalive looks after all connections of a server. The client of this example does not read, so
// it answers no ping, and is given up.
func ExampleKeepalive() {
	keepalive := websocket.NewKeepalive(20*time.Millisecond, 20*time.Millisecond) // in earnest: 0, 0
	defer keepalive.Close()
	ended := make(chan error, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		keepalive.Watch(conn)
		ended <- conn.Serve(func(websocket.MessageType, []byte) {})
	}))
	defer server.Close()

	conn, err := websocket.Dial(context.Background(), "ws"+strings.TrimPrefix(server.URL, "http"), nil)
	if err != nil {
		log.Fatal(err)
	}
	defer conn.CloseNow()
	err = <-ended
	fmt.Println(errors.Is(err, websocket.ErrSilent))
	fmt.Println(err)
	// Output:
	// true
	// websocket: connection lost with 1006 (abnormal closure): the peer is silent: nothing came for 20ms, nor within 20ms of a ping
}

// Ping tells how far away the peer is. Somebody must read for the pong to be noticed.
func ExampleConn_Ping() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		conn.Serve(func(websocket.MessageType, []byte) {})
	}))
	defer server.Close()

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	conn, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(server.URL, "http"), nil)
	if err != nil {
		log.Fatal(err)
	}
	defer conn.CloseNow()
	go conn.Serve(func(websocket.MessageType, []byte) {})
	roundTrip, err := conn.Ping(ctx)
	fmt.Println(roundTrip > 0, err)
	// Output: true <nil>
}

// End tells how a connection ended, long after it has.
func ExampleConn_End() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		conn.Close(context.Background(), 4001, "your session is over")
	}))
	defer server.Close()

	conn, err := websocket.Dial(context.Background(), "ws"+strings.TrimPrefix(server.URL, "http"), nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(conn.End() == nil)
	go conn.Serve(func(websocket.MessageType, []byte) {})
	<-conn.Done()
	end := conn.End()
	fmt.Println(end.Code, end.Reason, end.By == websocket.Remote, end.Clean)
	// Output:
	// true
	// 4001 your session is over true true
}
