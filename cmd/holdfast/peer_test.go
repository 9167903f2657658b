package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/holdfast-dev/holdfast/websocket"
)

// peer is a WebSocket server that does what the path asks for: /echo, /subprotocol, /header/NAME
// (tells what it got), /hostile (sends control characters), /close/CODE/REASON (on the first
// message), /drop (goes without a close frame on the first message), /refuse, /redirect.
func peer(w http.ResponseWriter, r *http.Request) {
	parts := strings.Split(strings.TrimPrefix(r.URL.Path, "/"), "/")
	switch parts[0] {
	case "refuse":
		http.Error(w, "not today,\x1b[31m sorry", http.StatusForbidden)
		return
	case "redirect":
		http.Redirect(w, r, "/echo", http.StatusFound)
		return
	}
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{Origins: []string{"*"}, Subprotocols: []string{"chat.v2", "chat.v1"}})
	if err != nil {
		return
	}
	defer conn.CloseNow()
	ctx := context.Background()
	switch parts[0] {
	case "subprotocol":
		conn.Write(ctx, websocket.Text, []byte(conn.Subprotocol()))
	case "header":
		conn.Write(ctx, websocket.Text, []byte(strings.Join(r.Header.Values(parts[1]), "; ")))
	case "hostile":
		conn.Write(ctx, websocket.Text, []byte("\x1b]0;owned\x07\u202e"))
	}
	for {
		typ, payload, err := conn.Read(ctx)
		if err != nil {
			return
		}
		switch parts[0] {
		case "echo":
			conn.Write(ctx, typ, payload)
		case "close":
			code, _ := strconv.Atoi(parts[1])
			conn.Close(ctx, websocket.CloseCode(code), parts[2])
			return
		case "drop":
			return
		}
	}
}

func newPeer() *httptest.Server { return httptest.NewServer(http.HandlerFunc(peer)) }

func scriptPeer(ts *testscript.TestScript, _ bool, args []string) {
	server := newPeer()
	ts.Defer(server.Close)
	ts.Setenv(args[0], strings.TrimPrefix(server.URL, "http://"))
}
