package broker

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/websocket"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(crashDirEnv); dir != "" { // this process is there to be killed
		writeUntilKilled(dir, os.Getenv(crashRoundEnv))
		return
	}
	if dir := os.Getenv(fullDirEnv); dir != "" { // this process is there to fill its disk
		writeUntilFull(dir)
		return
	}
	goleak.VerifyTestMain(m)
}

// fullDirEnv is set in the process of TestADiskWithoutRoomGivesErrorsAndLosesNothing that fills it.
const fullDirEnv = "HOLDFAST_FULL_DIR"

const patience = 20 * time.Second

// open starts an embedded broker that ends with the test.
func open(t testing.TB, c Config) *Broker {
	t.Helper()
	if c.Dir == "" && c.URL == "" {
		c.Dir = t.TempDir()
	}
	if c.SyncInterval == 0 {
		// Of nats-server 2.15.2 the race detector says that a stream's first sync may run while the timer for
		// it is being set. It comes at a random time within the interval, so it shall be a long one.
		c.SyncInterval = time.Hour
	}
	if c.Log == nil {
		c.Log = slog.New(slog.NewTextHandler(testWriter{t}, &slog.HandlerOptions{Level: slog.LevelWarn}))
	}
	b, err := Open(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { shut(t, b) })
	return b
}

func shut(t testing.TB, b *Broker) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := b.Close(ctx); err != nil {
		t.Error(err)
	}
}

type testWriter struct{ t testing.TB }

func (w testWriter) Write(p []byte) (int, error) {
	fmt.Fprint(os.Stderr, string(p))
	return len(p), nil
}

func openLog(t testing.TB, b *Broker, name string, r Retention) *Log {
	t.Helper()
	l, err := b.Log(context.Background(), name, r)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func text(name channel.Name, payload string) *Message {
	return &Message{Channel: name, Type: websocket.Text, Payload: []byte(payload)}
}

// store appends a message and waits for its answer.
func store(l *Log, m *Message) (Ack, error) {
	type answer struct {
		Ack
		error
	}
	got := make(chan answer, 1)
	l.Append(context.Background(), m, func(a Ack, err error) { got <- answer{a, err} })
	a := <-got
	return a.Ack, a.error
}

// put stores a text and returns its offset.
func put(t testing.TB, l *Log, name channel.Name, payload string) uint64 {
	t.Helper()
	ack, err := store(l, text(name, payload))
	if err != nil {
		t.Fatal(err)
	}
	return ack.Offset
}

func read(t testing.TB, l *Log, pattern channel.Pattern, after uint64, most int) *Page {
	t.Helper()
	page, err := l.Read(context.Background(), pattern, after, most)
	if err != nil {
		t.Fatal(err)
	}
	return page
}

func payloads(page *Page) (all []string) {
	for _, m := range page.Messages {
		all = append(all, string(m.Payload))
	}
	return all
}
