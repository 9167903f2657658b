package mqtt

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/holdfast-dev/holdfast/internal/edge/door/doortest"
	"github.com/holdfast-dev/holdfast/internal/hub"
	"github.com/holdfast-dev/holdfast/internal/policy"
	"github.com/holdfast-dev/holdfast/internal/session"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const testLimit = 64 << 10 // bytes a message

// edge is a running handler and the ways to it.
type edge struct {
	t *testing.T
	*Handler
	addr string // of TCP
	url  string // ws://…
	stop func() // as the server does when it stops
}

// start serves a handler until the end of the test.
func start(t *testing.T) *edge { return startOn(t, testChannels(t), policy.Limits{}, Config{}) }

// startOn is start on channels that are there, with limits for clients and the rest of a configuration.
func startOn(t *testing.T, channels *session.Channels, limits policy.Limits, config Config) *edge {
	t.Helper()
	config.Door = doortest.New(t, "mqtt", channels.Rules(), limits)
	config.MaxMessageBytes = testLimit
	config.Log = slog.New(slog.DiscardHandler)
	config.Presence = hub.NewPresence(time.Minute, nil)
	h, err := New(patience(t), channels, config)
	if err != nil {
		t.Fatal(err)
	}
	if config.Cluster == nil {
		h.Begin(patience(t))
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(h)
	e := &edge{t: t, Handler: h, addr: l.Addr().String(), url: strings.Replace(web.URL, "http", "ws", 1) + Path}
	var serving sync.WaitGroup
	serving.Go(func() {
		if err := h.Serve(l, nil, remoteOf); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Serve returned %v", err)
		}
	})
	var once sync.Once
	e.stop = func() {
		once.Do(func() {
			if err := l.Close(); err != nil {
				t.Error(err)
			}
			serving.Wait()
			h.door.Clients.Close(patience(t), "test over")
			h.Close()
			web.Close()
			config.Presence.Close()
		})
	}
	t.Cleanup(e.stop)
	return e
}

func remoteOf(nc net.Conn) netip.Addr { return nc.RemoteAddr().(*net.TCPAddr).AddrPort().Addr() }

// testChannels are channels of all kinds: those below kept/ have a history of many messages, those below few/ of two.
func testChannels(t *testing.T) *session.Channels {
	t.Helper()
	kept, few, last, small, present, shut := doortest.OpenRule(), doortest.OpenRule(), doortest.OpenRule(), doortest.OpenRule(), doortest.OpenRule(), doortest.OpenRule()
	kept.Channels, kept.History.Count, kept.Slow = "kept/#", 10_000, policy.SlowCatchUp
	few.Channels, few.History.Count, few.Slow = "few/#", 2, policy.SlowCatchUp
	last.Channels, last.RetainLast, last.Slow = "last/#", true, policy.SlowCatchUp
	small.Channels, small.MaxMessageBytes = "small/#", 10
	present.Channels, present.Presence = "present/#", true
	shut.Channels, shut.Access.Subscribe = "test/nosubscribe", policy.Nobody
	return doortest.Channels(t, testLimit, kept, few, last, small, present, shut, doortest.OpenRule())
}

// patience is the longest that anything may take; it is not a timing that is tested.
func patience(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// until waits for a condition.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !is(); {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
		select {
		case <-time.After(time.Millisecond):
		case <-t.Context().Done():
		}
	}
}
