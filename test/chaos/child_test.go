package chaos

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"
)

// child is this test binary in a process of its own. It ends when its standard input does, so that none is left
// when the test is killed.
type child struct {
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	stdout io.Reader
	errors tail
	exited chan struct{}
}

// startChild runs a role.
func startChild(tb testing.TB, role string, environ ...string) *child {
	tb.Helper()
	c := &child{cmd: exec.Command(os.Args[0]), exited: make(chan struct{})}
	// The race detector would have every process wait for a second before it ends.
	c.cmd.Env = append(os.Environ(), roleEnv+"="+role, "GORACE=atexit_sleep_ms=0 "+os.Getenv("GORACE"))
	c.cmd.Env = append(c.cmd.Env, environ...)
	c.cmd.Stderr = &c.errors
	stdin, err := c.cmd.StdinPipe()
	if err != nil {
		tb.Fatal(err)
	}
	stdout, stdoutWriter, err := os.Pipe() // not the command's own, which Wait closes before it is read
	if err != nil {
		tb.Fatal(err)
	}
	c.stdin, c.stdout, c.cmd.Stdout = stdin, stdout, stdoutWriter
	if err := c.cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	if err := stdoutWriter.Close(); err != nil {
		tb.Fatal(err)
	}
	go func() {
		defer close(c.exited)
		_ = c.cmd.Wait() // how it has ended is read from ProcessState
	}()
	tb.Cleanup(func() {
		c.end(tb, os.Kill)
		if err := stdout.Close(); err != nil {
			tb.Error(err)
		}
		if tb.Failed() {
			tb.Logf("the %s process said:\n%s", role, c.errors.String())
		}
	})
	return c
}

// end sends a signal and waits until the process has gone.
func (c *child) end(tb testing.TB, signal os.Signal) {
	tb.Helper()
	select {
	case <-c.exited:
		return
	default:
	}
	if err := c.cmd.Process.Signal(signal); err != nil && err != os.ErrProcessDone {
		tb.Error(err)
	}
	select {
	case <-c.exited:
	case <-time.After(patience):
		tb.Errorf("the process has not ended %v after %v", patience, signal)
		if err := c.cmd.Process.Kill(); err != nil {
			tb.Error(err)
		}
		<-c.exited
	}
}

// untilOrphaned is closed when the process that started this one has gone.
func untilOrphaned() <-chan struct{} {
	orphaned := make(chan struct{})
	go func() {
		defer close(orphaned)
		if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}()
	return orphaned
}

// tail keeps the end of what a process has printed.
type tail struct {
	mu  sync.Mutex // guards end
	end bytes.Buffer
}

const maxTailBytes = 64 << 10

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.end.Write(p)
	if over := t.end.Len() - maxTailBytes; over > 0 {
		t.end.Next(over)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.end.String()
}
