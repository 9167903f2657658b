package server

import (
	"bufio"
	"net/http"
	"strings"
	"testing"

	"github.com/holdfast-dev/holdfast/websocket"
)

// eventLines returns the data of the events of a channel, as they come.
func (n *node) eventLines(path string) <-chan string {
	n.t.Helper()
	r, err := http.NewRequestWithContext(patience(n.t), "GET", "http://"+n.HTTPAddr().String()+path, nil)
	if err != nil {
		n.t.Fatal(err)
	}
	r.Header.Set("Accept", "text/event-stream")
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil || resp.StatusCode != http.StatusOK {
		n.t.Fatal(resp, err)
	}
	n.t.Cleanup(func() {
		if err := resp.Body.Close(); err != nil {
			n.t.Error(err)
		}
	})
	lines := make(chan string, 100)
	go func() { // ends with the body
		defer close(lines)
		for scanner := bufio.NewScanner(resp.Body); scanner.Scan(); {
			if data, ok := strings.CutPrefix(scanner.Text(), "data: "); ok && strings.Contains(data, "from") {
				lines <- data
			}
		}
	}()
	return lines
}

func TestAChannelWithoutHistoryIsTheSameOnAllNodes(t *testing.T) {
	nats := sharedNATS(t)
	a, b := start(t, sharing(nats, "a")), start(t, sharing(nats, "b"))
	until(t, func() bool { return len(a.cluster.Nodes()) == 2 && len(b.cluster.Nodes()) == 2 })
	dial := func(n *node, path string) *websocket.Conn { return n.dial("ws://" + n.HTTPAddr().String() + path) }
	say := func(c *websocket.Conn, message string) {
		t.Helper()
		if err := c.Write(patience(t), websocket.Text, []byte(message)); err != nil {
			t.Fatal(err)
		}
	}
	hear := func(c *websocket.Conn, want ...string) {
		t.Helper()
		for _, part := range want {
			if _, got, err := c.Read(patience(t)); err != nil || !strings.Contains(string(got), part) {
				t.Fatalf("got %s, %v; want %s", got, err, part)
			}
		}
	}
	here, there := dial(a, "/socket"), dial(b, "/socket")
	for _, c := range []*websocket.Conn{here, there} {
		say(c, `{"id":1,"subscribe":{"channel":"c","echo":false}}`)
		hear(c, `{"id":1,"ok"`, `"live"`)
	}
	bare := dial(b, "/channels/c")
	events := b.eventLines("/channels/c")
	until(t, func() bool { return b.store.channels.Subscribers("c") == 3 })

	say(here, `{"id":2,"publish":{"channel":"c","data":"from a","id":"i","key":"k"}}`)
	say(here, `{"id":3,"publish":{"channel":"c","data":"from a again"}}`)
	hear(here, `{"id":2,"ok"`, `{"id":3,"ok"`) // and not what it has said itself
	hear(bare, "from a", "from a again")
	say(there, `{"id":2,"publish":{"channel":"c","data":"from b"}}`)
	hear(here, `"from b"`)
	hear(bare, "from b")
	if _, got, err := there.Read(patience(t)); err != nil || !strings.Contains(string(got), `"data":"from a","id":"i","key":"k"`) {
		t.Errorf("got %s, %v", got, err)
	}
	for _, want := range []string{"from a", "from a again", "from b"} {
		if got := <-events; !strings.Contains(got, want) {
			t.Fatalf("the event stream has %q; want %s", got, want)
		}
	}
}
