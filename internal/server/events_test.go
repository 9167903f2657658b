package server

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quic-go/quic-go/http3"

	"github.com/holdfast-dev/holdfast/internal/policy"
)

// transports returns an HTTP client for each version.
func (n *node) transports() map[string]http.RoundTripper {
	one, two := &http.Transport{TLSClientConfig: n.clientTLS()}, &http.Transport{TLSClientConfig: n.clientTLS(), ForceAttemptHTTP2: true}
	three := &http3.Transport{TLSClientConfig: n.clientTLS()}
	n.t.Cleanup(func() {
		one.CloseIdleConnections()
		two.CloseIdleConnections()
		if err := three.Close(); err != nil {
			n.t.Error(err)
		}
	})
	return map[string]http.RoundTripper{"HTTP/1.1": one, "HTTP/2.0": two, "HTTP/3.0": three}
}

// askOver sends a request over a transport.
func (n *node) askOver(ctx context.Context, over http.RoundTripper, path, accept string) *http.Response {
	n.t.Helper()
	r, err := http.NewRequestWithContext(ctx, "GET", "https://localhost:"+n.httpsPort()+path, nil)
	if err != nil {
		n.t.Fatal(err)
	}
	r.Header.Set("Accept", accept)
	resp, err := over.RoundTrip(r)
	if err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(func() { resp.Body.Close() })
	return resp
}

// kept gives channels below kept/ a history.
func kept(t *testing.T) func(*Config) {
	t.Helper()
	rule := policy.Default()
	rule.Channels, rule.Access, rule.Slow, rule.History.Count = "kept/#", policy.Open, policy.SlowCatchUp, 100
	open := policy.Default()
	open.Channels, open.Access = "#", policy.Open
	rules, err := policy.NewRules(rule, open)
	if err != nil {
		t.Fatal(err)
	}
	return func(c *Config) { c.Rules, c.Broker.Dir = rules, t.TempDir(); c.Broker.SyncInterval = time.Hour }
}

func TestEventStreamsAreServedOverEveryVersionOfHTTPAndEndWithTheServer(t *testing.T) {
	n := start(t, kept(t))
	streams := map[string]*bufio.Scanner{}
	for version, over := range n.transports() {
		for _, path := range []string{"/channels/kept/c", "/events?channel=kept/c"} {
			resp := n.askOver(patience(t), over, path, "text/event-stream")
			if resp.Proto != version || resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "text/event-stream" {
				t.Fatalf("%s answered over %s: %s, %v", version, resp.Proto, resp.Status, resp.Header)
			}
			streams[version+path] = bufio.NewScanner(resp.Body)
		}
	}
	resp, err := http.Post("http://"+n.HTTPAddr().String()+"/channels/kept/c", "text/plain", strings.NewReader("hello"))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	for name, lines := range streams {
		for lines.Scan() && !strings.HasPrefix(lines.Text(), "data: ") || !strings.Contains(lines.Text(), "hello") {
			if lines.Err() != nil {
				t.Fatalf("%s: %v", name, lines.Err())
			}
		}
	}
	var ends sync.WaitGroup
	for name, lines := range streams {
		ends.Go(func() {
			var rest strings.Builder
			for lines.Scan() {
				rest.WriteString(lines.Text() + "\n")
			}
			if want := `data: {"code":1001,"reason":"server shutting down"}`; lines.Err() != nil || !strings.Contains(rest.String(), want) {
				t.Errorf("%s ended with %q, %v; want %s", name, rest.String(), lines.Err(), want)
			}
		})
	}
	if err := n.Shutdown(patience(t), "server shutting down"); err != nil {
		t.Error(err)
	}
	ends.Wait()
}

func TestPollsWaitOverEveryVersionOfHTTP(t *testing.T) {
	n := start(t, kept(t))
	var polls sync.WaitGroup
	for version, over := range n.transports() {
		resp := n.askOver(patience(t), over, "/channels/kept/c?wait=60s", "*/*")
		at := resp.Header.Get("Holdfast-Position")
		if _, err := io.ReadAll(resp.Body); err != nil || at == "" {
			t.Fatalf("%s: %s, %v", version, resp.Status, err)
		}
		polls.Go(func() {
			resp := n.askOver(patience(t), over, "/channels/kept/c?wait=60s&since="+at, "*/*")
			if body, err := io.ReadAll(resp.Body); resp.Proto != version || err != nil || !strings.Contains(string(body), `"data": "hello"`) {
				t.Errorf("%s: %s %s, %v", version, resp.Status, body, err)
			}
		})
	}
	resp, err := http.Post("http://"+n.HTTPAddr().String()+"/channels/kept/c", "text/plain", strings.NewReader("hello"))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	polls.Wait()

	// Who gives up does not stay.
	for version, over := range n.transports() {
		ctx, cancel := context.WithCancel(patience(t))
		gone := make(chan struct{})
		go func() {
			defer close(gone)
			r, err := http.NewRequestWithContext(ctx, "GET", "https://localhost:"+n.httpsPort()+"/channels/kept/other?wait=60s&since=0", nil)
			if err != nil {
				t.Error(err)
				return
			}
			if resp, err := over.RoundTrip(r); err == nil {
				if ctx.Err() == nil { // what the server writes when it learns of the end may still be read
					t.Errorf("%s answered %s", version, resp.Status)
				}
				resp.Body.Close()
			}
		}()
		until(t, func() bool { return n.store.channels.Subscribers("kept/other") == 1 })
		cancel()
		<-gone
		until(t, func() bool { return n.store.channels.Subscribers("kept/other") == 0 })
	}
}

// until waits for a condition.
func until(t *testing.T, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !condition(); <-time.After(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it has not come about")
		}
	}
}
