package nodes

import (
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
)

// Build builds the command for a test, which takes a moment, and returns where it is.
func Build(t testing.TB) string {
	t.Helper()
	_, here, _, ok := runtime.Caller(0)
	if !ok {
		t.Fatal("where the sources are is not known")
	}
	binary := filepath.Join(t.TempDir(), "holdfast")
	if runtime.GOOS == "windows" {
		binary += ".exe"
	}
	build := exec.Command("go", "build", "-o", binary, "./cmd/holdfast")
	build.Dir, build.Stderr = filepath.Join(filepath.Dir(here), "..", ".."), os.Stderr
	if err := build.Run(); err != nil {
		t.Fatal(err)
	}
	return binary
}

// freeAddr returns an address of loopback on which nobody listens, with none of the ports that the system gives out.
func freeAddr(t testing.TB) string {
	t.Helper()
	const first, count, tries = 10_000, 10_000, 100
	for range tries {
		l, err := net.Listen("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(first+rand.IntN(count))))
		if err != nil {
			continue
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		return l.Addr().String()
	}
	t.Fatal("no port is free")
	return ""
}
