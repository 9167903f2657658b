package server

import (
	"strings"
	"testing"

	"github.com/holdfast-dev/holdfast/websocket"
)

func TestTheProtocolIsServedOnSocketOverEveryVersionOfHTTPAndMeetsChannels(t *testing.T) {
	n := start(t)
	bare := n.dial("wss://localhost:" + n.httpsPort() + "/channels/chat/lobby")
	for version, carrier := range n.carriers() {
		c := n.dialOver(carrier, "/socket")
		say := func(message string) {
			t.Helper()
			if err := c.Write(patience(t), websocket.Text, []byte(message)); err != nil {
				t.Fatal(err)
			}
		}
		want := func(c *websocket.Conn, prefix string) {
			t.Helper()
			if _, got, err := c.Read(patience(t)); err != nil || !strings.HasPrefix(string(got), prefix) {
				t.Fatalf("%s: got %s, %v; want %s", version, got, err, prefix)
			}
		}
		say(`{"id":1,"subscribe":{"channel":"chat/lobby"}}`)
		want(c, `{"id":1,"ok":{"sub":1}}`)
		want(c, `{"live":{"sub":1}}`)
		say(`{"publish":{"channel":"chat/lobby","data":"over ` + version + `"}}`)
		want(c, `{"message":{"sub":1,"data":"over `+version+`","time":`)
		want(c, `{"ok":{}}`)
		want(bare, "over "+version)
		say(`{"unsubscribe":{"sub":1}}`)
		want(c, `{"ok":{}}`)
	}
}

func TestShutdownAsksTheClientsOfSocketToMove(t *testing.T) {
	n := start(t)
	c := n.dial("wss://localhost:" + n.httpsPort() + "/socket")
	done := make(chan error, 1)
	go func() { done <- n.Shutdown(patience(t), "the server stops") }()
	if _, got, err := c.Read(patience(t)); err != nil || !strings.HasPrefix(string(got), `{"move":`) {
		t.Errorf("got %s, %v", got, err)
	}
	if _, _, err := c.Read(patience(t)); websocket.CloseCodeOf(err) != websocket.CloseGoingAway {
		t.Errorf("ended with %v", err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}
