package server

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/holdfast-dev/holdfast/internal/session"
	"github.com/holdfast-dev/holdfast/protocol"
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

func TestANodeThatIsAloneClosesClientsOfSocketAtOnce(t *testing.T) {
	n := start(t)
	c := n.dial("wss://localhost:" + n.httpsPort() + "/socket")
	done := make(chan error, 1)
	go func() { done <- n.Shutdown(patience(t), "the server stops") }()
	if _, _, err := c.Read(patience(t)); websocket.CloseCodeOf(err) != websocket.CloseGoingAway {
		t.Errorf("ended with %v", err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestTheProtocolIsServedWithoutAWebSocketOverEveryVersionOfHTTP(t *testing.T) {
	n := start(t)
	for version, over := range n.transports() {
		opening := n.askOver(patience(t), over, "/socket", "application/json")
		events := n.askOver(patience(t), over, "/socket", "text/event-stream")
		if opening.Proto != version || events.Proto != version {
			t.Fatalf("%s: answered over %s and %s", version, opening.Proto, events.Proto)
		}
		lines := bufio.NewScanner(events.Body)
		data := func() string {
			for lines.Scan() {
				if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
					return data
				}
			}
			t.Fatalf("%s: the stream has ended: %v", version, lines.Err())
			return ""
		}
		named := func(text string) string {
			var said struct{ Connection string }
			if err := json.Unmarshal([]byte(text), &said); err != nil || said.Connection == "" {
				t.Fatalf("%s: it is greeted with %q", version, text)
			}
			return said.Connection
		}
		ask := func(method, query, id, body string) string {
			r, err := http.NewRequestWithContext(patience(t), method, "https://localhost:"+n.httpsPort()+"/socket"+query, strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Holdfast-Connection", id)
			r.Header.Set("Holdfast-Sequence", "1")
			resp, err := over.RoundTrip(r)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			text, err := io.ReadAll(resp.Body)
			if err != nil || resp.StatusCode/100 != 2 {
				t.Fatalf("%s: %s %s is answered with %s %s, %v", version, method, query, resp.Status, text, err)
			}
			return string(text)
		}
		text, err := io.ReadAll(opening.Body)
		if err != nil {
			t.Fatal(err)
		}
		polled, streamed := named(string(text)), named(data())
		ask("POST", "", streamed, `{"subscribe":{"channel":"a","sub":1}}`)
		if got := data() + data(); got != `{"ok":{"sub":1}}{"live":{"sub":1}}` {
			t.Errorf("%s: got %s", version, got)
		}
		ask("POST", "", polled, `{"publish":{"channel":"a","data":"over `+version+`"}}`)
		if got := ask("GET", "?after=0", polled, ""); got != `{"next":1,"messages":[{"ok":{}}]}` {
			t.Errorf("%s: got %s", version, got)
		}
		if got := data(); !strings.HasPrefix(got, `{"message":{"sub":1,"data":"over `+version+`","time":`) {
			t.Errorf("%s: got %s", version, got)
		}
		ask("DELETE", "", polled, "")
		n.clients.End(func(*session.Client) bool { return true }, protocol.CloseDisconnected, "enough")
		if got := data(); got != `{"code":4403,"reason":"enough"}` {
			t.Errorf("%s: got %s", version, got)
		}
		if lines.Scan(); lines.Scan() || lines.Err() != nil { // the empty line behind it
			t.Errorf("%s: %q, %v", version, lines.Text(), lines.Err())
		}
	}
}
