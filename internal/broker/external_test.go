package broker

import (
	"errors"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// external starts a NATS server on loopback that is not ours, and returns its URL.
func external(t *testing.T, o server.Options) (url string, stop func()) {
	t.Helper()
	o.Host, o.Port, o.NoSigs, o.NoLog = "127.0.0.1", server.RANDOM_PORT, true, true
	o.StoreDir = t.TempDir()
	s, err := server.NewServer(&o)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	if !s.ReadyForConnections(patience) {
		t.Fatal("the server does not start")
	}
	stop = func() {
		s.Shutdown()
		s.WaitForShutdown()
	}
	t.Cleanup(stop)
	return s.ClientURL(), stop
}

const roomy = 2 << 20 // max_payload of a server that takes our messages

func TestAnExternalServerKeepsTheLogsToo(t *testing.T) {
	url, _ := external(t, server.Options{JetStream: true, MaxPayload: roomy})
	b := open(t, Config{URL: url})
	l := openLog(t, b, "chat/#", Retention{Count: 2})
	got := make(chan Live, 10)
	defer l.Follow(func(batch []Live) {
		for _, m := range batch {
			got <- m
		}
	})()
	for _, payload := range []string{"1", "2", "3"} {
		put(t, l, "chat/a", payload)
		if m := <-got; string(m.Payload) != payload || m.Previous != m.Offset-1 {
			t.Errorf("the live feed brought %+v", m)
		}
	}
	wantRead(t, l, "chat/a", 0, false, "2", "3")
	wantRead(t, l, "chat/a", 1, true, "2", "3")

	other := openLog(t, open(t, Config{URL: url}), "chat/#", Retention{Count: 2}) // another node
	if other.Epoch() != l.Epoch() {
		t.Error("two nodes see two epochs of one log")
	}
	put(t, other, "chat/a", "4")
	wantRead(t, l, "chat/a", 3, false, "4")
}

func TestAnExternalServerThatWillNotDoIsRefusedWithTheReason(t *testing.T) {
	plain, _ := external(t, server.Options{MaxPayload: roomy})
	small, _ := external(t, server.Options{JetStream: true, MaxPayload: 1000})
	gone, stop := external(t, server.Options{})
	stop()
	for url, reason := range map[string]string{
		plain: "has no JetStream",
		small: "raise max_payload",
		gone:  "check broker.url",
		strings.Replace(gone, "//", "//alice:secret@", 1): "check broker.url",
	} {
		_, err := Open(t.Context(), Config{URL: url})
		if err == nil || !strings.Contains(err.Error(), reason) || strings.Contains(err.Error(), "secret") {
			t.Errorf("Open says %v, want something with %q", err, reason)
		}
	}
}

func TestAnExternalServerThatIsSilentIsGivenUpWithinSeconds(t *testing.T) {
	url, _ := external(t, server.Options{JetStream: true, MaxPayload: roomy})
	b := open(t, Config{URL: url})
	conn, err := b.Connect(t.Context(), "test") // as nodes do that tell each other something
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, o := range []nats.Options{b.live.Opts, b.writer.conn.Opts, conn.Opts} {
		if silent := time.Duration(o.MaxPingsOut+1) * o.PingInterval; silent > 15*time.Second || o.FlusherTimeout > 15*time.Second {
			t.Errorf("a server that says nothing is given up after %s, and one that takes nothing after %s", silent, o.FlusherTimeout)
		}
	}
}

func TestVersionsAreComparedByTheirNumbers(t *testing.T) {
	for version, want := range map[string]bool{
		"2.12.0": true, "2.12.0-RC.1": true, "2.15.2": true, "3.0.0": true, "2.100.0": true,
		"2.11.9": false, "1.99.0": false, "": false, "new": false, "2.x.0": false,
	} {
		if got := atLeast(version, oldestServer); got != want {
			t.Errorf("atLeast(%q) = %v", version, got)
		}
	}
}

func TestWhenTheServerGoesAwayCallsFailAndWhenItIsBackTheyWork(t *testing.T) {
	dir := t.TempDir()
	start := func(port int) *server.Server {
		s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: port, NoSigs: true, NoLog: true,
			JetStream: true, StoreDir: dir, MaxPayload: roomy})
		if err != nil {
			t.Fatal(err)
		}
		s.Start()
		if !s.ReadyForConnections(patience) {
			t.Fatal("the server does not start")
		}
		return s
	}
	end := func(s *server.Server) {
		s.Shutdown()
		s.WaitForShutdown()
	}
	s := start(server.RANDOM_PORT)
	port := s.Addr().(interface{ AddrPort() netip.AddrPort }).AddrPort().Port()
	b := open(t, Config{URL: s.ClientURL(), Log: slog.New(slog.DiscardHandler)})
	l := openLog(t, b, "#", Retention{})
	live := make(chan string, 1000)
	defer l.Follow(func(batch []Live) {
		for _, m := range batch {
			live <- string(m.Payload)
		}
	})()
	put(t, l, "a", "before")
	end(s)
	eventually(t, "an append fails", func() bool {
		_, err := store(l, text("a", "lost"))
		if err != nil && !errors.Is(err, ErrUnavailable) {
			t.Errorf("Append says %v", err)
		}
		return err != nil
	})
	if _, err := l.Read(t.Context(), "a", 0, 1); !errors.Is(err, ErrUnavailable) {
		t.Errorf("Read says %v", err)
	}
	s = start(int(port))
	defer end(s)
	eventually(t, "an append works", func() bool {
		_, err := store(l, text("a", "after"))
		return err == nil
	})
	eventually(t, "the live feed goes on", func() bool {
		if _, err := store(l, text("a", "on")); err != nil && !errors.Is(err, ErrUnavailable) {
			t.Errorf("Append says %v", err)
		}
		for len(live) > 0 {
			if <-live == "on" {
				return true
			}
		}
		return false
	})
	eventually(t, "the channel reads from its beginning", func() bool {
		page, err := l.Read(t.Context(), "a", 0, 1)
		return err == nil && slices.Equal(payloads(page), []string{"before"})
	})
}
