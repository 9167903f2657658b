//go:build linux

package process

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/holdfast-dev/holdfast/bench/internal/dialect"
	"github.com/holdfast-dev/holdfast/bench/internal/load"
	"github.com/holdfast-dev/holdfast/bench/internal/peer"
)

// asServer, as the first argument, makes this test binary a server.
const asServer = "be-a-server"

func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == asProgram {
		listenAt(os.Args[2])
		return
	}
	if len(os.Args) == 3 && os.Args[1] == asServer {
		p, err := peer.Find(peer.Own)
		if err == nil {
			err = Serve(p, peer.Kind(os.Args[2]), false, os.Stdin, os.Stdout)
		}
		if err != nil {
			println(err.Error())
			os.Exit(1)
		}
		return
	}
	goleak.VerifyTestMain(m)
}

func start(t *testing.T, kind string) *Process {
	t.Helper()
	p, err := Start(t.Context(), 1, os.Args[0], asServer, kind)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	return p
}

func target(p *Process, conns int) load.Target {
	return load.Target{Addr: p.Addr, Dialect: dialect.WebSocket{Prefix: "/"}, Conns: conns, Size: 64, Depth: 4}
}

func TestAServerProcessIsMeasuredFromOutside(t *testing.T) {
	p := start(t, "echo")
	if err := p.Collect(); err != nil {
		t.Fatal(err)
	}
	rss, err := p.RSS()
	if err != nil || rss < 1<<20 || rss > 1<<30 {
		t.Errorf("%d bytes resident, %v", rss, err)
	}
	before, err := p.CPU()
	if err != nil {
		t.Fatal(err)
	}
	result, err := load.Echo(t.Context(), target(p, 5), load.Window{Length: 20 * time.Millisecond, ServerCPU: p.CPU})
	if err != nil {
		t.Fatal(err)
	}
	after, err := p.CPU()
	if err != nil {
		t.Fatal(err)
	}
	if result.Messages == 0 || result.ServerCPU <= 0 || result.ServerCPU > after-before {
		t.Errorf("%d messages in %v of the server's CPU, of %v in all", result.Messages, result.ServerCPU, after-before)
	}
}

func TestABroadcastReachesEveryMemberOfTheProcess(t *testing.T) {
	p := start(t, "broadcast")
	window := load.Window{Length: 20 * time.Millisecond, ServerCPU: p.CPU}
	if _, err := load.Broadcast(t.Context(), target(p, 5), window, p.Members); err != nil {
		t.Error(err)
	}
}

func TestAServerWritesAProfile(t *testing.T) {
	p := start(t, "echo")
	file := filepath.Join(t.TempDir(), "cpu.pprof")
	if err := p.Profile(file); err != nil {
		t.Fatal(err)
	}
	if err := p.StopProfile(); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(file); err != nil || info.Size() == 0 {
		t.Errorf("the profile: %v, %v", info, err)
	}
}

func TestAServerThatRefusesSaysWhy(t *testing.T) {
	p := start(t, "echo")
	err := p.Profile(filepath.Join(t.TempDir(), "no such folder", "cpu.pprof"))
	if err == nil || !strings.Contains(err.Error(), "no such file or directory") {
		t.Errorf("got %v", err)
	}
}

func TestWhatAFailingServerPrintsIsInTheError(t *testing.T) {
	_, err := Start(t.Context(), 1, "/bin/sh", "-c", "echo the reason >&2; exit 1")
	if err == nil || !strings.Contains(err.Error(), "the reason") {
		t.Errorf("got %v", err)
	}
}

func TestAServerIsGoneAfterItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	p, err := Start(ctx, 1, os.Args[0], asServer, "echo")
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	p.cmd.Wait()
	if err := p.cmd.Process.Signal(syscall.Signal(0)); !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("the process still runs: %v", err)
	}
}

func TestAServerEndsWithItsInput(t *testing.T) {
	p, err := peer.Find(peer.Own)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := Serve(p, peer.Echo, true, strings.NewReader("members\nnonsense\n"), &out); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(out.String(), "\n")
	if len(lines) != 4 || !strings.HasPrefix(lines[0], "ok 127.0.0.1:") || lines[1] != "ok 0" || lines[2] != `error unknown request "nonsense"` {
		t.Errorf("the server said %q", lines)
	}
}
