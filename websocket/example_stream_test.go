package websocket_test

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/websocket"
)

// A message of any size can be read while it arrives, without holding it in memory.
func ExampleConn_NextReader() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{
			Limits: websocket.Limits{MaxMessageBytes: 1 << 30},
		})
		if err != nil {
			return
		}
		defer conn.CloseNow()
		_, message, err := conn.NextReader(r.Context())
		if err != nil {
			return
		}
		sum := sha256.New()
		n, err := io.Copy(sum, message)
		if err != nil {
			return
		}
		conn.Write(r.Context(), websocket.Text, fmt.Appendf(nil, "%d bytes, SHA-256 %x…", n, sum.Sum(nil)[:4]))
		conn.Close(r.Context(), websocket.CloseNormal, "")
	}))
	defer server.Close()

	ctx := context.Background()
	conn, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(server.URL, "http"), nil)
	if err != nil {
		log.Fatal(err)
	}
	defer conn.CloseNow()
	message, err := conn.NextWriter(ctx, websocket.Binary)
	if err != nil {
		log.Fatal(err)
	}
	for range 10 {
		message.Write(make([]byte, 1<<20)) // an error is repeated by Close
	}
	if err := message.Close(); err != nil {
		log.Fatal(err)
	}
	_, answer, err := conn.Read(ctx)
	fmt.Println(string(answer), err)
	// Output: 10485760 bytes, SHA-256 e5b844cc… <nil>
}

// A message can be written by anything that writes to an io.Writer.
func ExampleConn_NextWriter() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		message, err := conn.NextWriter(r.Context(), websocket.Text)
		if err != nil {
			return
		}
		json.NewEncoder(message).Encode(map[string]any{"temperature": 21.5, "unit": "°C"})
		message.Close()
		conn.Close(r.Context(), websocket.CloseNormal, "")
	}))
	defer server.Close()

	ctx := context.Background()
	conn, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(server.URL, "http"), nil)
	if err != nil {
		log.Fatal(err)
	}
	defer conn.CloseNow()
	typ, message, err := conn.Read(ctx)
	fmt.Printf("%v %s%v", typ, message, err)
	// Output:
	// text {"temperature":21.5,"unit":"°C"}
	// <nil>
}

// A protocol of lines over WebSocket, with a deadline that does not cost the connection.
func ExampleNetConn() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		stream := websocket.NetConn(conn, websocket.Binary)
		defer stream.Close()
		lines := bufio.NewScanner(stream)
		for lines.Scan() {
			fmt.Fprintf(stream, "you said %q\n", lines.Text())
		}
	}))
	defer server.Close()

	conn, err := websocket.Dial(context.Background(), "ws"+strings.TrimPrefix(server.URL, "http"), nil)
	if err != nil {
		log.Fatal(err)
	}
	stream := websocket.NetConn(conn, websocket.Binary)
	stream.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
	_, err = stream.Read(make([]byte, 1))
	fmt.Println(errors.Is(err, os.ErrDeadlineExceeded))

	stream.SetReadDeadline(time.Time{})
	fmt.Fprintln(stream, "hello")
	line, err := bufio.NewReader(stream).ReadString('\n')
	fmt.Print(line)
	fmt.Println(err, stream.Close())
	// Output:
	// true
	// you said "hello"
	// <nil> <nil>
}
