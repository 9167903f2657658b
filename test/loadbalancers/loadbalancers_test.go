package loadbalancers

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/holdfast-dev/holdfast/client"
	"github.com/holdfast-dev/holdfast/websocket"
)

// connect makes a client that may use these transports.
func (b *balancer) connect(t *testing.T, transports ...client.Transport) *client.Client {
	t.Helper()
	c, err := client.Dial(patient(t), "wss://"+b.addr+"/socket", &client.Options{Transports: transports, WebSocket: websocket.DialOptions{TLS: b.tls}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(patient(t)); err != nil {
			t.Error(err)
		}
	})
	return c
}

// transport returns how a client's messages travel.
func transport(c *client.Client) (now client.Transport) {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	for change := range c.States(ctx) {
		return change.Transport
	}
	return now
}

// talk has a client publish to a channel that it follows, and checks that everything comes once and in order.
func talk(t *testing.T, c *client.Client, channel string, messages int) {
	t.Helper()
	s, err := c.Channel(channel).Subscribe(patient(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for i := range messages {
		if _, err := c.Channel(channel).PublishAsync(patient(t), client.Text(fmt.Sprint(i)), nil); err != nil {
			t.Fatal(err)
		}
	}
	next := 0
	for m, err := range s.Messages(patient(t)) {
		if err != nil || m.Text() != fmt.Sprint(next) {
			t.Fatalf("got %q, %v; want %d", m.Text(), err, next)
		}
		if next++; next == messages {
			return
		}
	}
}

func TestMessagesPassByEveryTransport(t *testing.T) {
	t.Parallel()
	for name, b := range map[string]*balancer{
		"nginx":   nginx(t, node(t), nginxAsShown),
		"haproxy": haproxy(t, "", node(t), node(t)), // by turns, save who has the cookie
	} {
		for _, want := range client.AllTransports() {
			c := b.connect(t, want)
			talk(t, c, fmt.Sprintf("chat/%v", want), 50)
			if got := transport(c); got != want {
				t.Errorf("%s: %v was asked for, and messages go by %v", name, want, got)
			}
		}
		if c := b.connect(t); transport(c) != client.TransportWebSocket {
			t.Errorf("%s: of all, a client takes %v", name, transport(c))
		}
	}
}

// Without the lines about upgrades nginx talks HTTP/1.0 to the node.
func TestBehindAnNginxThatKnowsNoWebSocketsAStreamIsTaken(t *testing.T) {
	t.Parallel()
	c := nginx(t, node(t), "").connect(t)
	talk(t, c, "chat/a", 50)
	if got := transport(c); got != client.TransportStream {
		t.Errorf("messages go by %v", got)
	}
}

// The node asks nginx not to hold answers back. Where it is told not to listen, it does.
func TestBehindAnNginxThatHoldsAnswersBackPollsAreTaken(t *testing.T) {
	t.Parallel()
	c := nginx(t, node(t), "proxy_ignore_headers X-Accel-Buffering; proxy_buffers 8 64k;").connect(t)
	talk(t, c, "chat/a", 50)
	if got := transport(c); got != client.TransportPolls {
		t.Errorf("messages go by %v", got)
	}
}

func TestConnectionsThatAreCutWhenTheyAreIdleLoseNothing(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]func(t *testing.T) *balancer{
		"nginx": func(t *testing.T) *balancer { return nginx(t, node(t), nginxAsShown+"\nproxy_read_timeout 2s;") },
		"haproxy": func(t *testing.T) *balancer {
			return haproxy(t, "  timeout client 2s\n  timeout server 2s\n  timeout tunnel 2s\n", node(t))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := start(t)
			socket, stream, polls := b.connect(t, client.TransportWebSocket), b.connect(t, client.TransportStream), b.connect(t, client.TransportPolls)
			drops := countDrops(t, polls)
			for _, c := range []*client.Client{socket, stream} {
				awaitReturn(t, c)
				talk(t, c, "chat/cut", 50)
			}
			talk(t, polls, "chat/polled", 50)
			if n := drops(); n > 0 {
				t.Errorf("%d drops, though polls can wait for less long", n)
			}
		})
	}
}

// awaitReturn waits until a client has lost its connection and has another one.
func awaitReturn(t *testing.T, c *client.Client) {
	t.Helper()
	dropped := false
	for change := range c.States(patient(t)) {
		dropped = dropped || change.State == client.Waiting
		if dropped && change.State == client.Ready {
			return
		}
	}
	t.Fatal("it was not cut")
}

// countDrops counts how often a client loses its connection, until the count is asked for.
func countDrops(t *testing.T, c *client.Client) (drops func() int) {
	ctx, stop := context.WithCancel(t.Context())
	total := make(chan int, 1)
	go func() {
		n := 0
		for change := range c.States(ctx) {
			if change.State == client.Waiting {
				n++
			}
		}
		total <- n
	}()
	return func() int {
		stop()
		return <-total
	}
}

// A browser's fetch: HTTP/2 in front, HTTP/1.1 behind.
func TestEventsAndHistoryPassOverHTTP2(t *testing.T) {
	t.Parallel()
	for name, b := range map[string]*balancer{"nginx": nginx(t, node(t), nginxAsShown), "haproxy": haproxy(t, "", node(t))} {
		h2 := &http.Client{Transport: &http.Transport{TLSClientConfig: b.tls.Clone(), ForceAttemptHTTP2: true}}
		t.Cleanup(h2.CloseIdleConnections)
		b.wantEvent(t, h2, "/socket", "event: open", func() {})
		c := b.connect(t, client.TransportWebSocket)
		b.wantEvent(t, h2, "/channels/chat/events", "data: hello", func() {
			if _, err := c.Channel("chat/events").Publish(patient(t), client.Text("hello"), nil); err != nil {
				t.Fatal(err)
			}
		})
		resp, err := h2.Get("https://" + b.addr + "/channels/chat/events?last=1")
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || !strings.Contains(string(body), "hello") {
			t.Errorf("%s: the history is %q, %v", name, body, err)
		}
	}
}

// wantEvent opens a stream, and reads until a line comes.
func (b *balancer) wantEvent(t *testing.T, h2 *http.Client, path, want string, opened func()) {
	t.Helper()
	ctx, leave := context.WithCancel(patient(t))
	defer leave()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+b.addr+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", "text/event-stream")
	resp, err := h2.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.ProtoMajor != 2 || resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("%s is answered by %s with %s, %q", path, resp.Proto, resp.Status, resp.Header.Get("Content-Type"))
	}
	opened()
	for lines := bufio.NewScanner(resp.Body); lines.Text() != want; {
		if !lines.Scan() {
			t.Fatalf("%s: %q did not come: %v", path, want, lines.Err())
		}
	}
}
