package nodes

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// Node is one process.
type Node struct {
	Name  string
	Dir   string // with the configuration, the data and the log
	HTTP  string // HOST:PORT of ws, http and SSE; n.URL has the scheme
	Route string // HOST:PORT of the other nodes
	Log   string // file with what it has said, of all its runs

	binary, config string
	env            []string
	process        *exec.Cmd     // nil while there is none
	ended          chan struct{} // closed when the process has ended
}

// URL returns the base URL for clients.
func (n *Node) URL() string { return "ws://" + n.HTTP }

// PID is the number of the process; 0 while there is none.
func (n *Node) PID() int {
	if n.process == nil {
		return 0
	}
	return n.process.Process.Pid
}

// Start starts the process, with the data of the one before. It may not be ready yet.
func (n *Node) Start(t testing.TB) {
	t.Helper()
	log, err := os.OpenFile(n.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	process := exec.Command(n.binary, "serve", "--config", n.config)
	process.Env = append(append(os.Environ(), "HOLDFAST_BROKER_SYNC_INTERVAL=2m"), n.env...)
	process.Stdout, process.Stderr = log, log
	if err := errors.Join(process.Start(), log.Close()); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		var exit *exec.ExitError
		if err := process.Wait(); err != nil && !errors.As(err, &exit) {
			fmt.Fprintln(os.Stderr, "a node could not be waited for:", err)
		}
	}()
	n.process, n.ended = process, ended
}

// Kill ends the process at once, as kill -9 does, and waits for its end.
func (n *Node) Kill(t testing.TB) {
	t.Helper()
	n.end(t, syscall.SIGKILL)
}

// Stop asks the process to end, and waits until it has.
func (n *Node) Stop(t testing.TB) {
	t.Helper()
	n.end(t, syscall.SIGTERM)
}

func (n *Node) end(t testing.TB, signal os.Signal) {
	t.Helper()
	if n.process == nil {
		return
	}
	if err := n.process.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Fatal(err)
	}
	select {
	case <-n.ended:
	case <-time.After(patience):
		t.Errorf("node %s has not ended", n.Name)
	}
	n.process = nil
}

// Running tells whether the process is there.
func (n *Node) Running() bool {
	if n.process == nil {
		return false
	}
	select {
	case <-n.ended:
		return false
	default:
		return true
	}
}

// Ready tells whether the node says that it is.
func (n *Node) Ready(t testing.TB) bool {
	t.Helper()
	ctx, cancel := patient(t)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+n.HTTP+"/readyz", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := client.Do(request)
	if err != nil {
		return false
	}
	if err := answer.Body.Close(); err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode == http.StatusOK
}

// client keeps no connection, so that none is left when a test looks for what is.
var client = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}

// AwaitReady waits until the node says that it is ready.
func (n *Node) AwaitReady(t testing.TB) {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); !n.Ready(t); <-tick.C {
		if !n.Running() {
			t.Fatalf("node %s has ended", n.Name)
		}
		if time.Now().After(deadline) {
			t.Fatalf("node %s is not ready in time", n.Name)
		}
	}
}

// show writes what the node has said into the test's log.
func (n *Node) show(t testing.TB) {
	said, err := os.ReadFile(n.Log)
	if err != nil {
		t.Log(err)
		return
	}
	const most = 16 << 10
	t.Logf("%s in %s said, at the end:\n%s", n.Name, filepath.Base(n.Dir), said[max(len(said)-most, 0):])
}
