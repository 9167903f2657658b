package channels

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"testing"

	"github.com/holdfast-dev/holdfast/internal/auth"
	"github.com/holdfast-dev/holdfast/internal/session"
	"github.com/holdfast-dev/holdfast/websocket"
)

func TestCloseTellsEveryClientWhyAndLetsNobodyIn(t *testing.T) {
	e := start(t)
	clients := []*websocket.Conn{e.dial("a"), e.dial("a"), e.dial("b")}
	closed := make(chan struct{})
	go func() {
		e.stop(patience(t), "server shutting down")
		close(closed)
	}()
	for _, c := range clients {
		e.wantClose(c, websocket.CloseGoingAway, "server shutting down")
	}
	<-closed
	if n := e.channels.Subscribers("a") + e.channels.Subscribers("b"); n != 0 {
		t.Errorf("%d subscribers are left", n)
	}
	resp, body := e.do("GET", "a", http.Header{"Upgrade": {"websocket"}, "Connection": {"Upgrade"}}, nil)
	e.wantAnswer(resp, body, http.StatusServiceUnavailable, "shutting down")
}

func TestCloseDoesNotWaitForClientsThatDoNotAnswer(t *testing.T) {
	e := start(t)
	deaf := e.dial("a") // never reads, so never answers the close frame
	ctx, cancel := context.WithCancel(patience(t))
	cancel()
	e.stop(ctx, "server shutting down")
	if n := e.channels.Subscribers("a"); n != 0 {
		t.Errorf("%d subscribers are left", n)
	}
	_, _, err := deaf.Read(patience(t))
	if err == nil {
		t.Error("the connection is still open")
	}
}

func TestAMemberThatComesInDuringCloseIsSentAway(t *testing.T) {
	e := start(t)
	client, err := e.door.Clients.Admit("channels", netip.Addr{}, new(auth.Identity))
	if err != nil {
		t.Fatal(err)
	}
	m := &member{handler: e.Handler, client: client, name: "c"}
	if m.sub, err = e.channels.Subscribe("c", session.Start{}, "", m); err != nil {
		t.Fatal(err)
	}
	closed := make(chan struct{})
	go func() {
		e.stop(patience(t), "server shutting down")
		close(closed)
	}()
	for !errors.Is(err, session.ErrClosing) {
		var other *session.Client
		if other, err = e.door.Clients.Admit("channels", netip.Addr{}, new(auth.Identity)); err == nil {
			other.Leave()
		}
	}
	server, other := connectedUnserved(t)
	m.begin(server)
	go e.run(m, server)
	e.wantClose(other, websocket.CloseGoingAway, "server shutting down")
	<-closed
}
