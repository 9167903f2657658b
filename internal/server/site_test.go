package server

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/holdfast-dev/holdfast/websocket"
)

// everything is a site that has something at every address.
func everything(cfg *Config) {
	cfg.Site = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "the site at ", r.URL.Path) })
}

func TestASiteIsServedWhereTheServerHasNothingOfItsOwn(t *testing.T) {
	n := start(t, everything)
	for _, path := range []string{"/", "/about", "/assets/app.js", "/channelsurfing", "/v1.html", "/.well-known/security.txt", "/a/channels/b"} {
		if status, body := n.get("https://localhost:"+n.httpsPort()+path, "localhost"); status != http.StatusOK || body != "the site at "+path {
			t.Errorf("%s: %d %q", path, status, body)
		}
	}
}

func TestASiteNeverStandsInFrontOfWhatIsTheServersOwn(t *testing.T) {
	n := start(t, everything)
	for _, path := range []string{
		"/channels", "/channels/", "/channels/chat/lobby", "/socket", "/socket/x", "/events", "/events/a", "/v1", "/v1/publish",
		"/console", "/console/app.js", "/mqtt", "/signalr/negotiate", "/%63hannels/a",
	} {
		if _, body := n.get("https://localhost:"+n.httpsPort()+path, "localhost"); strings.Contains(body, "the site") {
			t.Errorf("%s: %q", path, body)
		}
	}
	c := n.dial("wss://localhost:" + n.httpsPort() + "/channels/chat/lobby")
	if err := c.Write(patience(t), websocket.Text, []byte("hello")); err != nil {
		t.Error(err)
	}
}

func TestASiteIsServedToOurOwnHostNamesAlone(t *testing.T) {
	n := start(t, everything)
	if status, body := n.get("https://localhost:"+n.httpsPort()+"/", "evil.example"); status != http.StatusMisdirectedRequest || strings.Contains(body, "the site") {
		t.Errorf("answered %d %q", status, body)
	}
}
