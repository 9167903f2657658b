package hooks

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/client/webhook"
	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/websocket"
)

// syncNever is longer than any test: of nats-server 2.15.2 the race detector says that a stream's first sync may run
// while the timer for it is being set.
const syncNever = time.Hour

// openBroker starts an embedded broker that ends with the test.
func openBroker(t testing.TB, dir string) *broker.Broker {
	t.Helper()
	b, err := broker.Open(t.Context(), broker.Config{Dir: dir, SyncInterval: syncNever})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { shut(t, b) })
	return b
}

func shut(t testing.TB, b *broker.Broker) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := b.Close(ctx); err != nil {
		t.Error(err)
	}
}

func openLog(t testing.TB, b *broker.Broker, name string, r broker.Retention) *broker.Log {
	t.Helper()
	l, err := b.Log(t.Context(), name, r)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// publish stores a text in a channel with history.
func publish(t testing.TB, l *broker.Log, name channel.Name, payload string) {
	t.Helper()
	done := make(chan error, 1)
	l.Append(t.Context(), &broker.Message{Channel: name, Type: websocket.Text, Payload: []byte(payload)}, func(_ broker.Ack, err error) { done <- err })
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

// started returns hooks that tell, and end with the test.
func started(t testing.TB, c Config, s Store) *Hooks {
	t.Helper()
	h := withConfig(t, c)
	if err := h.Start(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	return h
}

// got is an event as a backend gets it.
type got struct {
	ID, Type, Subject, Sequence, PartitionKey string
	Data                                      struct {
		Channel, Data, User string
		Binary              bool
	}
}

// archive is a backend that keeps what it is told, in order, each event once.
type archive struct {
	mu        sync.Mutex
	byChannel map[string][]string // payloads, or types of events
	seen      map[string]bool     // ids
	repeats   int
	total     int
	wants     int           // of total
	done      chan struct{} // closed when there are as many

	refuse func(got) int // a status, or 0 to accept; called with mu held
}

func newArchive(wants int) *archive {
	return &archive{byChannel: make(map[string][]string), seen: make(map[string]bool), wants: wants, done: make(chan struct{})}
}

func (a *archive) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	verifier, err := webhook.NewVerifier(secretText)
	if err != nil {
		panic(err)
	}
	body, err := verifier.Read(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusUnauthorized)
		return
	}
	var events []got
	if r.Header.Get("Content-Type") == contentBatch {
		err = json.Unmarshal(body, &events)
	} else {
		events = make([]got, 1)
		err = json.Unmarshal(body, &events[0])
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.WriteHeader(a.take(events))
}

// take keeps all events of a request, or none.
func (a *archive) take(events []got) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, e := range events {
		if a.refuse != nil {
			if status := a.refuse(e); status != 0 {
				return status
			}
		}
	}
	for _, e := range events {
		if a.seen[e.ID] {
			a.repeats++
			continue
		}
		a.seen[e.ID] = true
		what := e.Data.Data
		if e.Type != types[Message] {
			what = e.Type
		}
		a.byChannel[e.Subject] = append(a.byChannel[e.Subject], what)
		if a.total++; a.total == a.wants {
			close(a.done)
		}
	}
	return http.StatusNoContent
}

func (a *archive) await(t testing.TB) {
	t.Helper()
	select {
	case <-a.done:
	case <-time.After(patience):
		a.mu.Lock()
		defer a.mu.Unlock()
		t.Fatalf("it was told of %d events, want %d", a.total, a.wants)
	}
}

// wantRow checks that a channel's events were told once each, in order: "0", "1" and so on.
func (a *archive) wantRow(t testing.TB, name string, n int) {
	t.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	row := a.byChannel[name]
	for i := range max(n, len(row)) {
		if i >= len(row) || row[i] != fmt.Sprint(i) {
			t.Errorf("of %s it was told %q, want 0 to %d", name, row, n-1)
			return
		}
	}
}

func TestMessagesOfChannelsWithHistoryAreToldFromTheirLog(t *testing.T) {
	b := openBroker(t, t.TempDir())
	log := openLog(t, b, "chat/#", broker.Retention{})
	publish(t, log, "chat/a", "from before the hook was there")
	a := newArchive(300)
	hook := serve(t, a.ServeHTTP, Message)
	hook.Channels = []channel.Pattern{"chat/+"}
	started(t, Config{Hooks: []Hook{hook}}, Store{Broker: b, Histories: []*broker.Log{log}})
	for i := range 100 {
		for _, name := range []channel.Name{"chat/a", "chat/b", "chat/c", "chat/c/not"} {
			publish(t, log, name, fmt.Sprint(i))
		}
	}
	a.await(t)
	for _, name := range []string{"chat/a", "chat/b", "chat/c"} {
		a.wantRow(t, name, 100)
	}
}

func TestEventsAreToldInTheFormOfCloudEvents(t *testing.T) {
	bodies := make(chan []byte, 10)
	hook := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		bodies <- body
	}, Disconnect, Occupied, Vacated, Join, Leave, Message)
	b := openBroker(t, t.TempDir())
	log := openLog(t, b, "chat/#", broker.Retention{})
	h := started(t, Config{Hooks: []Hook{hook}}, Store{Broker: b, Histories: []*broker.Log{log}})
	user := Client{User: ada.User, Info: ada.Info} // present by any number of connections
	for _, test := range []struct {
		name  string
		event Event
	}{
		{"disconnect", Event{Kind: Disconnect, Client: ada, Code: 1001, Reason: "going away", Duration: 93500 * time.Millisecond}},
		{"occupied", Event{Kind: Occupied, Channel: "chat/lobby"}},
		{"vacated", Event{Kind: Vacated, Channel: "chat/lobby"}},
		{"join", Event{Kind: Join, Channel: "chat/lobby", Client: user}},
		{"leave", Event{Kind: Leave, Channel: "chat/lobby", Client: user}},
		{"message-ephemeral", Event{Kind: Message, Channel: "cursors/7", Message: &broker.Message{
			Channel: "cursors/7", Type: websocket.Text, Payload: []byte(`{"x":1}`), ID: "9f2c-1", Key: "k1", Source: "subscription"}}},
	} {
		h.Tell(test.event)
		wantGolden(t, test.name, receive(t, bodies))
	}
	publish(t, log, "chat/lobby", "hello")
	body := strings.ReplaceAll(string(receive(t, bodies)), log.Epoch(), "k3f9a2xq")
	wantGolden(t, "message", []byte(body))
}

func receive(t testing.TB, bodies <-chan []byte) []byte {
	t.Helper()
	select {
	case body := <-bodies:
		return body
	case <-time.After(patience):
		t.Fatal("nothing was told")
		return nil
	}
}
