package hooks

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/client/webhook"
	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/websocket"
)

// What a process of this test that is there to be killed is told.
const (
	backendEnv = "HOLDFAST_HOOKS_BACKEND" // it is a backend at this address, and writes what it is told to the file
	fileEnv    = "HOLDFAST_HOOKS_FILE"
	serverEnv  = "HOLDFAST_HOOKS_SERVER" // it publishes, and tells the hook at this URL; what it keeps is in the directory
	dirEnv     = "HOLDFAST_HOOKS_DIR"
)

const (
	crashChannels = 50
	crashEach     = 40 // messages in each channel
	crashEvents   = crashChannels * crashEach
)

// rounds is how often a process is killed: HOLDFAST_CRASH_ROUNDS, as in make chaos, or a few.
func rounds(few int) int {
	if n, err := strconv.Atoi(os.Getenv("HOLDFAST_CRASH_ROUNDS")); err == nil && n > 0 {
		return n
	}
	return few
}

// child starts this test anew to be killed.
func child(t *testing.T, env ...string) *exec.Cmd {
	t.Helper()
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), env...)
	c.Stderr = os.Stderr
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	return c
}

// kill ends a process without letting it do anything more.
func kill(t *testing.T, c *exec.Cmd) {
	t.Helper()
	if err := c.Process.Kill(); err != nil {
		t.Error(err)
	}
	if _, err := c.Process.Wait(); err != nil {
		t.Error(err)
	}
}

// serveUntilKilled is a backend that writes down each event before it accepts it.
func serveUntilKilled(address, file string) {
	verifier, err := webhook.NewVerifier(secretText)
	if err != nil {
		panic(err)
	}
	f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		panic(err)
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		panic(err)
	}
	panic(http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := verifier.Read(r)
		if err != nil {
			panic(err)
		}
		if _, err := fmt.Fprintf(f, "\n%s\n", body); err != nil { // on a line of its own, even if the last one broke off
			panic(err)
		}
	})))
}

// told reads what a backend has written down. It checks that each message was told by one id, in order, and
// returns how many were, and how many were told again.
func told(t *testing.T, file string) (events, repeats int) {
	t.Helper()
	f, err := os.Open(file)
	if os.IsNotExist(err) {
		return 0, 0
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	ids := make(map[string]string) // of messages
	next := make(map[string]int)   // number, by channel
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var e got
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			continue // the process was killed while it wrote
		}
		message := e.Subject + " " + e.Data.Data
		if id, again := ids[message]; again {
			repeats++
			if id != e.ID {
				t.Fatalf("%s was told as %s and as %s", message, id, e.ID)
			}
			continue
		}
		if e.Data.Data != fmt.Sprint(next[e.Subject]) {
			t.Fatalf("%s was told, and %d would be next", message, next[e.Subject])
		}
		ids[message] = e.ID
		next[e.Subject]++
		events++
	}
	return events, repeats
}

func TestABackendThatIsKilledAgainAndAgainIsToldEverythingInOrder(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String() // free for whoever comes next
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	dir, file := t.TempDir(), filepath.Join(t.TempDir(), "told")
	hook := Hook{Name: "app", URL: "http://" + address, AllowPrivate: true, Kinds: []Kind{Message}, Secrets: []webhook.Secret{secret(t)}, Timeout: time.Second}
	start := func() (*broker.Broker, *broker.Log, *Hooks) {
		b := openBroker(t, dir)
		log := openLog(t, b, "#", broker.Retention{})
		return b, log, started(t, Config{Hooks: []Hook{hook}, timing: hasty}, Store{Broker: b, Histories: []*broker.Log{log}})
	}
	b, log, h := start()
	kills := rounds(6)
	for round := range kills {
		backend := child(t, backendEnv+"="+address, fileEnv+"="+file)
		before, _ := told(t, file)
		for i := round * crashEvents / kills; i < (round+1)*crashEvents/kills; i++ {
			publish(t, log, channel.Name(fmt.Sprintf("c/%d", i%crashChannels)), fmt.Sprint(i/crashChannels))
		}
		eventually(t, "it is told nothing", func() bool {
			now, _ := told(t, file)
			return now > before
		})
		kill(t, backend)
		if round == kills/2 { // Holdfast is started anew, too
			h.Close(t.Context())
			shut(t, b)
			b, log, h = start()
		}
	}
	backend := child(t, backendEnv+"="+address, fileEnv+"="+file)
	defer kill(t, backend)
	eventually(t, "something was lost", func() bool {
		events, _ := told(t, file)
		return events == crashEvents
	})
	_, repeats := told(t, file)
	t.Logf("%d kills: %d events, %d of them told again", kills, crashEvents, repeats)
}

// publishUntilKilled goes on in each channel where it was, and tells a hook.
func publishUntilKilled(url, dir string) {
	ctx := context.Background()
	s, err := webhook.ParseSecret(secretText)
	if err != nil {
		panic(err)
	}
	b, err := broker.Open(ctx, broker.Config{Dir: dir, SyncInterval: syncNever})
	if err != nil {
		panic(err)
	}
	log, err := b.Log(ctx, "#", broker.Retention{})
	if err != nil {
		panic(err)
	}
	h, err := New(Config{Hooks: []Hook{{Name: "app", URL: url, AllowPrivate: true, Kinds: []Kind{Message}, Secrets: []webhook.Secret{s}}}, timing: hasty})
	if err != nil {
		panic(err)
	}
	if err := h.Start(ctx, Store{Broker: b, Histories: []*broker.Log{log}}); err != nil {
		panic(err)
	}
	for c := range crashChannels {
		name := channel.Name(fmt.Sprintf("c/%d", c))
		page, err := log.Last(ctx, name.Pattern(), 1)
		if err != nil {
			panic(err)
		}
		next := 0
		for _, m := range page.Messages {
			if next, err = strconv.Atoi(string(m.Payload)); err != nil {
				panic(err)
			}
			next++
		}
		for ; next < crashEach; next++ {
			done := make(chan error, 1)
			log.Append(ctx, &broker.Message{Channel: name, Type: websocket.Text, Payload: []byte(fmt.Sprint(next))}, func(_ broker.Ack, err error) { done <- err })
			if err := <-done; err != nil {
				panic(err)
			}
		}
	}
	select {}
}

func TestAfterHoldfastIsKilledItGoesOnAndLosesNothing(t *testing.T) {
	a := newArchive(crashEvents)
	hook := serve(t, a.ServeHTTP)
	dir := t.TempDir()
	for round := range rounds(2) {
		server := child(t, serverEnv+"="+hook.URL, dirEnv+"="+dir)
		eventually(t, "it tells nothing", func() bool {
			a.mu.Lock()
			defer a.mu.Unlock()
			return a.total > min(crashEvents*3/4, round*crashEvents/8)
		})
		kill(t, server)
	}
	server := child(t, serverEnv+"="+hook.URL, dirEnv+"="+dir)
	defer kill(t, server)
	a.await(t)
	for c := range crashChannels {
		a.wantRow(t, fmt.Sprintf("c/%d", c), crashEach)
	}
	t.Logf("%d events, %d of them told again", a.total, a.repeats)
}
