// Package sdk tests the TypeScript SDK against the real server, in Node, while connections break.
package sdk

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/holdfast-dev/holdfast/client"
	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/policy"
	"github.com/holdfast-dev/holdfast/internal/server"
	"github.com/holdfast-dev/holdfast/test/proxies"
)

// patience is the longest that anything may take; it is not a timing that is tested.
const patience = 30 * time.Second

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// build compiles the SDK to JavaScript and returns its directory.
func build(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"node", filepath.Join("..", "..", "web", "node_modules", ".bin", "tsc")} {
		if _, err := exec.LookPath(name); err != nil {
			t.Fatalf("%v: this test runs the SDK in Node.js; make tools installs it (Debian: apt-get install nodejs npm), and make web what the SDK is built with", err)
		}
	}
	dir := t.TempDir()
	web := filepath.Join("..", "..", "web")
	tsc := exec.Command(filepath.Join(web, "node_modules", ".bin", "tsc"), "-p", filepath.Join(web, "client", "tsconfig.build.json"), "--outDir", dir)
	if out, err := tsc.CombinedOutput(); err != nil {
		t.Fatalf("building the SDK: %v\n%s", err, out)
	}
	// So that Node takes the files for modules.
	if err := os.WriteFile(filepath.Join(dir, "package.json"), []byte(`{"type":"module"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// serve runs a server until the end of the test, and returns its address. Channels below chat/ keep their messages.
func serve(t *testing.T) string {
	t.Helper()
	kept := policy.Default()
	kept.Channels, kept.Slow, kept.Access = "chat/#", policy.SlowCatchUp, policy.Open
	kept.History = policy.History{Count: 10_000, Age: time.Hour}
	rules, err := policy.NewRules(kept)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	if err := l.Close(); err != nil { // the server listens there next
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))
	dir := t.TempDir()
	s, err := server.Listen(t.Context(), server.Config{
		HTTP:            addr,
		MaxMessageBytes: 1 << 20,
		Rules:           rules,
		SessionKey:      filepath.Join(dir, "session.key"),
		Broker:          broker.Config{Dir: filepath.Join(dir, "log"), Log: log},
		Log:             log,
	})
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve() }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := s.Shutdown(ctx, "the test is over"); err != nil {
			t.Error(err)
		}
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return addr
}

// report is what talk.mjs prints.
type report struct {
	Came   struct{ Channel, Pattern, Socket []string }
	Told   []string
	Stored []struct {
		Text   string
		Offset uint64
		Epoch  string
	}
}

func TestWhatTheTypeScriptSDKSendsAndReceivesIsThereOnceAndInOrderHoweverItsConnectionsBreak(t *testing.T) {
	dir := build(t)
	for _, how := range []struct {
		opens, encoding string // what is opened at least once
		cuts            int
		habits          proxies.Habits
	}{
		{"websocket", "json", 20, proxies.Habits{}},
		{"websocket", "msgpack", 20, proxies.Habits{}},
		{"stream", "json", 20, proxies.Habits{Upgrades: proxies.Strip}},
		{"stream", "msgpack", 20, proxies.Habits{Upgrades: proxies.Refuse, FailEvery: 10}},
		{"polls", "json", 10, proxies.Habits{Upgrades: proxies.Strip, Buffers: true, FailEvery: 10}},
	} {
		t.Run(how.opens+" "+how.encoding, func(t *testing.T) {
			t.Parallel() // a stream that is held back is waited for
			const messages = 40
			addr := serve(t)
			seed := rand.Uint64()
			t.Logf("the connections break as the seed %d says", seed)
			proxy := proxies.Start(t, "http://"+addr, how.habits)
			through := breaking(t, proxy.Addr(), seed, how.cuts)
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			talk := exec.CommandContext(ctx, "node", "--experimental-websocket", "--no-warnings", // in Node 20 it is not there without
				filepath.Join("testdata", "talk.mjs"), dir, "ws://"+through.listener.Addr().String(), how.encoding, strconv.Itoa(messages))
			talk.Stderr = os.Stderr
			stdin, err := talk.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			var others sync.WaitGroup
			others.Go(func() {
				if err := answer(ctx, addr, messages); err != nil {
					t.Error(err)
				}
				stdin.Close() // it may have ended
			})
			out, err := talk.Output()
			others.Wait()
			if err != nil {
				t.Fatalf("talk.mjs: %v\n%s", err, out)
			}
			var got report
			if err := json.Unmarshal(out, &got); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			check(t, addr, &got)
			if opened := proxy.Opened(); !slices.Contains(opened, how.opens) {
				t.Errorf("what was opened is %q", opened)
			}
		})
	}
}

// answer says something in both channels for each message of talk.mjs, so many times, directly.
func answer(ctx context.Context, addr string, times int) error {
	c, err := client.Dial(ctx, "ws://"+addr+"/socket", nil)
	if err != nil {
		return err
	}
	defer c.Close(ctx)
	heard, err := c.Channel("chat/a").Subscribe(ctx, nil)
	if err != nil {
		return err
	}
	said := 0
	for m, err := range heard.Messages(ctx) {
		if err != nil {
			return err
		}
		if strings.HasPrefix(m.Text(), "other") {
			continue
		}
		for _, name := range []string{"chat/a", "chat/b"} {
			if _, err := c.Channel(name).Publish(ctx, client.Text(fmt.Sprint("other ", said)), nil); err != nil {
				return err
			}
		}
		if said++; said == times {
			break
		}
	}
	_, err = c.Channel("chat/b").Publish(ctx, client.Text("end"), nil)
	return err
}
