package chaos

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/pprof"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/policy"
	"github.com/holdfast-dev/holdfast/internal/server"
)

const (
	serverAddrEnv = "HOLDFAST_CHAOS_ADDR"    // of the server process
	serverDirEnv  = "HOLDFAST_CHAOS_DATA"    // likewise
	profileEnv    = "HOLDFAST_CHAOS_PROFILE" // file for a CPU profile of the server; none by default
)

// rules: below chat/ as in development mode, but for more messages than any run publishes; others keep nothing.
func rules() (*policy.Rules, error) {
	kept, others := policy.Default(), policy.Default()
	kept.Channels, kept.Slow, kept.Presence, kept.Access = "chat/#", policy.SlowCatchUp, true, policy.Open
	kept.History = policy.History{Count: 10_000, Age: 24 * time.Hour}
	others.Access = policy.Open
	return policy.NewRules(kept, others)
}

// beServer serves until it is told to end.
func beServer() (err error) {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	if name := os.Getenv(profileEnv); name != "" {
		file, err := os.Create(name)
		if err != nil {
			return err
		}
		defer file.Close()
		if err := pprof.StartCPUProfile(file); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	rules, err := rules()
	if err != nil {
		return err
	}
	dir := os.Getenv(serverDirEnv)
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	srv, err := server.Listen(ctx, server.Config{
		HTTP:            os.Getenv(serverAddrEnv),
		MaxMessageBytes: 1 << 20,
		Rules:           rules,
		SessionKey:      filepath.Join(dir, "session.key"),
		Broker:          broker.Config{Dir: filepath.Join(dir, "log"), Log: log},
		Log:             log,
	})
	if err != nil {
		return err
	}
	served := make(chan error, 1)
	go func() { served <- srv.Serve() }()
	fmt.Println("serving")
	select {
	case err := <-served:
		return err
	case <-untilOrphaned():
	case <-ctx.Done():
	}
	bounded, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return errors.Join(srv.Shutdown(bounded, "the server is shutting down"), <-served)
}

// node is a server in a process of its own, which can be ended and started again where it was.
type node struct {
	addr, dir string
	process   *child
}

// startNode serves until the end of the test.
func startNode(tb testing.TB) *node {
	n := &node{addr: freeAddr(tb), dir: tb.TempDir()}
	n.start(tb)
	return n
}

func (n *node) start(tb testing.TB) {
	tb.Helper()
	n.process = startChild(tb, "server", serverAddrEnv+"="+n.addr, serverDirEnv+"="+n.dir)
	said, err := bufio.NewReader(n.process.stdout).ReadString('\n')
	if err != nil || said != "serving\n" {
		tb.Fatalf("the server does not serve: %q, %v\n%s", said, err, n.process.errors.String())
	}
}

// kill ends the server with no chance to say goodbye.
func (n *node) kill(tb testing.TB) { n.process.end(tb, os.Kill) }

// stop ends the server as a service manager would.
func (n *node) stop(tb testing.TB) {
	tb.Helper()
	n.process.end(tb, syscall.SIGTERM)
	if state := n.process.cmd.ProcessState; !state.Success() {
		tb.Errorf("the server has ended with %v:\n%s", state, n.process.errors.String())
	}
}

// freeAddr returns an address that nobody listens on, and that no connection gets while the server is away: the
// port is below those that the system gives to connections.
func freeAddr(tb testing.TB) string {
	tb.Helper()
	for range 100 {
		addr := fmt.Sprint("127.0.0.1:", 15_000+rand.IntN(15_000))
		l, err := net.Listen("tcp", addr)
		if err != nil {
			continue
		}
		if err := l.Close(); err != nil {
			tb.Fatal(err)
		}
		return addr
	}
	tb.Fatal("no port is free")
	return ""
}

// usage is what a process has used so far.
type usage struct {
	CPU            time.Duration
	RSS, RSSAtMost int64 // bytes
}

// usage asks Linux.
func (c *child) usage() (u usage, err error) {
	dir := fmt.Sprint("/proc/", c.cmd.Process.Pid)
	stat, err := os.ReadFile(filepath.Join(dir, "stat"))
	if err != nil {
		return u, err
	}
	var user, system int64 // in ticks of 10 ms; fields 14 and 15, the second one being the name in parentheses
	_, fields, _ := strings.Cut(string(stat), ") ")
	var skip string
	if _, err := fmt.Sscan(fields, &skip, &skip, &skip, &skip, &skip, &skip, &skip, &skip, &skip, &skip, &skip, &user, &system); err != nil {
		return u, err
	}
	u.CPU = time.Duration(user+system) * 10 * time.Millisecond
	status, err := os.ReadFile(filepath.Join(dir, "status"))
	for line := range strings.Lines(string(status)) {
		name, value, _ := strings.Cut(line, ":")
		var kib int64
		if name == "VmRSS" || name == "VmHWM" {
			if _, err := fmt.Sscan(value, &kib); err != nil {
				return u, err
			}
		}
		switch name {
		case "VmRSS":
			u.RSS = kib << 10
		case "VmHWM":
			u.RSSAtMost = kib << 10
		}
	}
	return u, err
}
