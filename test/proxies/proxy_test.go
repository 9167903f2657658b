package proxies_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/holdfast-dev/holdfast/test/proxies"
	"github.com/holdfast-dev/holdfast/websocket"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// behind starts a server, and a proxy in front of it. The server echoes on WebSockets, streams one event and stays, and
// counts other requests.
func behind(t *testing.T, habits proxies.Habits) (p *proxies.Proxy, served func() int) {
	count := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case websocket.IsHandshake(r):
			websocket.Handler(nil, func(c *websocket.Conn) {
				c.Serve(func(typ websocket.MessageType, m []byte) { c.Send(websocket.NewFrame(typ, m)) })
			}).ServeHTTP(w, r)
		case r.Header.Get("Accept") == "text/event-stream":
			w.Header().Set("Content-Type", "text/event-stream")
			fmt.Fprint(w, "data: one\n\n")
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		default:
			count++
			fmt.Fprint(w, "plain")
		}
	}))
	t.Cleanup(s.Close)
	return proxies.Start(t, s.URL, habits), func() int { return count }
}

// get asks the proxy.
func get(t *testing.T, p *proxies.Proxy, ctx context.Context, accept string) (*http.Response, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, "GET", "http://"+p.Addr(), nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", accept)
	client := http.Client{Transport: &http.Transport{}}
	t.Cleanup(client.CloseIdleConnections)
	return client.Do(r)
}

func patience(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func TestAGoodProxyLetsEverythingThrough(t *testing.T) {
	p, _ := behind(t, proxies.Habits{})
	c, err := websocket.Dial(patience(t), "ws://"+p.Addr(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	if err := c.Write(patience(t), websocket.Text, []byte("x")); err != nil {
		t.Fatal(err)
	}
	if _, m, err := c.Read(patience(t)); err != nil || string(m) != "x" {
		t.Errorf("%q, %v", m, err)
	}
	ctx, leave := context.WithCancel(patience(t))
	defer leave()
	resp, err := get(t, p, ctx, "text/event-stream")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if line, err := bufio.NewReader(resp.Body).ReadString('\n'); err != nil || line != "data: one\n" {
		t.Errorf("%q, %v", line, err)
	}
	if got := p.Opened(); !slices.Equal(got, []string{"websocket", "stream"}) {
		t.Errorf("opened %q", got)
	}
}

func TestAProxyMayKnowNoWebSockets(t *testing.T) {
	for upgrades, want := range map[proxies.Upgrades]int{proxies.Strip: http.StatusOK, proxies.Refuse: http.StatusBadRequest} {
		p, _ := behind(t, proxies.Habits{Upgrades: upgrades})
		_, err := websocket.Dial(patience(t), "ws://"+p.Addr(), nil)
		if refused, ok := err.(*websocket.HandshakeError); !ok || refused.StatusCode != want {
			t.Errorf("%v: %v", upgrades, err)
		}
	}
}

func TestAProxyMayHoldAnswersBackUntilTheyEnd(t *testing.T) {
	p, _ := behind(t, proxies.Habits{Buffers: true})
	ctx, leave := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer leave()
	if resp, err := get(t, p, ctx, "text/event-stream"); err == nil {
		resp.Body.Close()
		t.Error("the head of an answer came that has not ended")
	}
	resp, err := get(t, p, patience(t), "*/*")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, err := io.ReadAll(resp.Body); err != nil || string(body) != "plain" {
		t.Errorf("%q, %v", body, err)
	}
}

func TestAProxyMayCutWhatIsIdle(t *testing.T) {
	p, _ := behind(t, proxies.Habits{Idle: 50 * time.Millisecond})
	resp, err := get(t, p, patience(t), "text/event-stream")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if _, err := io.ReadAll(resp.Body); err == nil {
		t.Error("the stream ended in order")
	}
}

func TestAProxyMayFailNowAndThen(t *testing.T) {
	p, served := behind(t, proxies.Habits{FailEvery: 3})
	var got []int
	for range 6 {
		resp, err := get(t, p, patience(t), "*/*")
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, resp.StatusCode)
		if err := resp.Body.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if want := []int{200, 200, 502, 200, 200, 502}; !slices.Equal(got, want) || served() != 5 {
		t.Errorf("answered %d, %d served", got, served())
	}
}

func TestAProxyCanBeChangedAndCut(t *testing.T) {
	p, _ := behind(t, proxies.Habits{Upgrades: proxies.Refuse})
	p.Be(proxies.Habits{})
	c, err := websocket.Dial(patience(t), "ws://"+p.Addr(), nil)
	if err != nil {
		t.Fatal(err)
	}
	p.Cut()
	if _, _, err := c.Read(patience(t)); websocket.CloseCodeOf(err) != websocket.CloseAbnormal {
		t.Errorf("ended with %v", err)
	}
}
