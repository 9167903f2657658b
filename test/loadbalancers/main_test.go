package loadbalancers

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
)

var binary string // the command, as it was built for the tests

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "holdfast")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	binary = filepath.Join(dir, "holdfast")
	freePort.Store(rand.Int32N(portCount)) // far from those of other tests
	build := exec.Command("go", "build", "-o", binary, "../../cmd/holdfast")
	build.Stderr = os.Stderr
	code := 1
	os.Setenv("HOLDFAST_BROKER_SYNC_INTERVAL", "2m") // for the nodes; no power is cut here
	if err := build.Run(); err == nil {
		code = m.Run()
	}
	if code == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	if err := os.RemoveAll(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(code)
}

// patience is the longest that anything may take; it is not a timing that is tested.
const patience = 20 * time.Second

func patient(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), patience)
	t.Cleanup(cancel)
	return ctx
}

// freePort is the last port that freeAddr has given, counted from firstPort. They are none of those that the system gives out,
// which the connections of the tests take meanwhile.
var freePort atomic.Int32

const (
	firstPort = 20_000
	portCount = 12_000
)

// freeAddr returns an address of loopback on which nothing listens, and which it has not returned before.
func freeAddr(t *testing.T) string {
	t.Helper()
	for range 100 {
		port := firstPort + freePort.Add(1)%portCount
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			continue // somebody else's
		}
		defer l.Close()
		return l.Addr().String()
	}
	t.Fatal("no port is free")
	return ""
}

// write makes a file in a directory of the test.
func write(t *testing.T, dir, name, format string, args ...any) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, fmt.Appendf(nil, format, args...), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
