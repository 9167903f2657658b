//go:build linux

package load

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"go.uber.org/goleak"

	"github.com/holdfast-dev/holdfast/bench/internal/dialect"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// pinging is a server that sends what a publisher publishes to every subscriber, with a ping before.
type pinging struct {
	addr  netip.AddrPort
	pongs atomic.Int64

	mu      sync.Mutex
	members map[string][]*websocket.Conn // by path; guarded by mu, as is writing to them
	open    []*websocket.Conn
	done    sync.WaitGroup
}

func startPinging(t *testing.T) *pinging {
	p := &pinging{members: map[string][]*websocket.Conn{}}
	s := httptest.NewServer(p)
	p.addr = netip.MustParseAddrPort(s.Listener.Addr().String())
	t.Cleanup(func() {
		p.mu.Lock()
		for _, c := range p.open {
			c.Close()
		}
		p.mu.Unlock()
		p.done.Wait()
		s.Close()
	})
	return p
}

func (p *pinging) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.done.Add(1)
	defer p.done.Done()
	var upgrader websocket.Upgrader
	// Subscribed before the answer is sent.
	p.mu.Lock()
	c, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		p.mu.Unlock()
		return
	}
	p.open = append(p.open, c)
	if r.URL.RawQuery == "" {
		p.members[r.URL.Path] = append(p.members[r.URL.Path], c)
	}
	p.mu.Unlock()
	c.SetPongHandler(func(string) error {
		p.pongs.Add(1)
		return nil
	})
	for {
		typ, message, err := c.ReadMessage()
		if err != nil {
			return
		}
		p.mu.Lock()
		for _, member := range p.members[r.URL.Path] {
			member.WriteControl(websocket.PingMessage, []byte("there?"), time.Now().Add(patience))
			member.WriteMessage(typ, message)
		}
		p.mu.Unlock()
	}
}

func (p *pinging) target() Target {
	return Target{Addr: p.addr, Dialect: dialect.WebSocket{Prefix: "/", Quiet: "?quiet"}, Channel: "c", Conns: 5, Size: 128, Depth: 4}
}

func window() Window {
	return Window{Length: 50 * time.Millisecond, ServerCPU: func() (time.Duration, error) { return 0, nil }}
}

func TestPingsAreAnsweredBetweenMessages(t *testing.T) {
	p := startPinging(t)
	result, err := FanOut(t.Context(), p.target(), window(), 3)
	if err != nil || result.Messages == 0 {
		t.Fatalf("%v, %v", result, err)
	}
	if p.pongs.Load() == 0 {
		t.Error("no pong has come")
	}
}

func TestSilentSubscribersAreHeldUntilTheyHaveBeenLookedAt(t *testing.T) {
	p := startPinging(t)
	looked := 0
	err := Subscribed(t.Context(), p.target(), time.Millisecond, func() error {
		p.mu.Lock()
		defer p.mu.Unlock()
		looked = len(p.members["/c"])
		return nil
	})
	if err != nil || looked != 5 {
		t.Errorf("%d subscribers, %v", looked, err)
	}
}

func TestAMessageAmongSilentSubscribersIsAMistake(t *testing.T) {
	p := startPinging(t)
	publisher := p.target()
	publisher.Conns = 1
	ctx, cancel := context.WithCancel(t.Context())
	published := make(chan error, 1)
	err := Subscribed(ctx, p.target(), 0, func() error {
		go func() {
			_, err := FanOut(ctx, publisher, Window{Length: time.Minute, ServerCPU: window().ServerCPU}, 0)
			published <- err
		}()
		return Subscribed(ctx, p.target(), patience, func() error { return nil })
	})
	cancel()
	<-published
	if !errors.Is(err, errEarly) {
		t.Errorf("got %v", err)
	}
}

func TestAServerThatRefusesEndsTheLoad(t *testing.T) {
	s := httptest.NewServer(http.NotFoundHandler())
	defer s.Close()
	target := Target{Addr: netip.MustParseAddrPort(s.Listener.Addr().String()), Dialect: dialect.WebSocket{Prefix: "/"}, Conns: 3, Size: 128, Depth: 1}
	if _, err := FanOut(t.Context(), target, window(), 0); err == nil || !strings.Contains(err.Error(), "404 Not Found") {
		t.Errorf("got %v", err)
	}
}
