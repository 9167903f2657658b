package signalr

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/internal/edge/signalr/hubproto"
)

func TestWhatIsNegotiatedWithOneNodeIsGoodOnAnother(t *testing.T) {
	key := []byte("the key that all nodes have in common")
	one, two, stranger := start(t, Config{Key: key}), start(t, Config{Key: key}), start(t, Config{})
	token := one.negotiated("")
	two.connect("?id="+token, hubproto.InJSON)
	if status, _ := stranger.ask(http.MethodGet, "?id="+token, ""); status != http.StatusNotFound {
		t.Errorf("a server with another key answers with %d", status)
	}
}

func TestATicketIsNotGoodForAnythingElse(t *testing.T) {
	e := start(t, Config{Hubs: []*Hub{newHub(t, "/signalr", nil, nil, nil), newHub(t, "/other", nil, nil, nil)}})
	at, other := e.hubs["/signalr"], e.hubs["/other"]
	ticket, token := e.issue(at, true)
	if got, ok := e.redeem(at, token); !ok || got != ticket || !got.reconnects {
		t.Errorf("it is read as %+v, %t; it was %+v", got, ok, ticket)
	}
	if _, ok := e.redeem(other, token); ok {
		t.Error("it is good for another hub")
	}
	for i := range token {
		changed := token[:i] + "_" + token[i+1:]
		if _, ok := e.redeem(at, changed); ok && changed != token {
			t.Fatalf("it may be changed at %d", i)
		}
	}
	if _, ok := e.redeem(at, strings.Repeat("A", maxTokenBytes)); ok {
		t.Error("anything is good")
	}
}

func TestAConnectionThatIsOverDoesNotBeginAnew(t *testing.T) {
	e := start(t, Config{ConnectTimeout: time.Minute})
	query := "?id=" + e.negotiated("")
	if status, _ := e.ask(http.MethodGet, query, ""); status != http.StatusOK {
		t.Fatal(status)
	}
	if status, _ := e.ask(http.MethodDelete, query, ""); status != http.StatusAccepted {
		t.Fatal(status)
	}
	if status, _ := e.ask(http.MethodGet, query, ""); status != http.StatusNotFound {
		t.Errorf("it is answered with %d", status)
	}
}
