package main

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"regexp"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// patience is how long a script waits for something that should happen at once. It only ends a
// test that has failed already.
const patience = 30 * time.Second

// process is a holdfast that runs beside a script.
type process struct {
	cmd      *exec.Cmd
	stdin    io.WriteCloser
	out, err transcript
	exited   chan struct{}
}

// startProcess runs `holdfast args…` in the script's directory and environment.
func startProcess(ts *testscript.TestScript, args []string) *process {
	p := &process{cmd: exec.Command(lookPath(ts, "holdfast"), args...), exited: make(chan struct{})}
	p.cmd.Dir = ts.MkAbs(".")
	p.cmd.Env = environment(ts)
	if args[0] != "serve" { // scripts run at the same time, and development mode has ports for MQTT
		p.cmd.Env = append(p.cmd.Env, "HOLDFAST_LISTEN_MQTT=127.0.0.1:0", "HOLDFAST_LISTEN_MQTTS=127.0.0.1:0")
	}
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.err
	var err error
	p.stdin, err = p.cmd.StdinPipe()
	ts.Check(err)
	ts.Check(p.cmd.Start())
	go func() {
		defer close(p.exited)
		_ = p.cmd.Wait() // the exit code is read from ProcessState
	}()
	ts.Defer(func() {
		_ = p.cmd.Process.Kill() // usually it has ended long ago
		<-p.exited
	})
	return p
}

// exitCode waits for the process to end by itself.
func (p *process) exitCode() (int, error) {
	select {
	case <-p.exited:
		return p.cmd.ProcessState.ExitCode(), nil
	case <-time.After(patience):
		return 0, errors.New("it does not end")
	}
}

// transcript keeps what a process has printed, and lets somebody wait for more.
type transcript struct {
	mu   sync.Mutex // guards both
	text []byte
	more chan struct{} // closed by the next Write; nil while nobody waits
}

func (t *transcript) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	if t.more != nil {
		close(t.more)
		t.more = nil
	}
	return len(p), nil
}

func (t *transcript) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.text)
}

// await returns the groups of the first match of pattern, as soon as there is one.
func (t *transcript) await(pattern *regexp.Regexp, exited <-chan struct{}) ([]string, error) {
	late := time.After(patience)
	for ended := false; ; {
		t.mu.Lock()
		match := pattern.FindSubmatch(t.text)
		if t.more == nil {
			t.more = make(chan struct{})
		}
		more := t.more
		t.mu.Unlock()
		switch {
		case match != nil:
			var groups []string
			for _, g := range match[1:] {
				groups = append(groups, string(g))
			}
			return groups, nil
		case ended:
			return nil, errors.New("the process ended without printing it")
		}
		select {
		case <-more:
		case <-exited:
			ended = true // all it printed is here: look once more
		case <-late:
			return nil, os.ErrDeadlineExceeded
		}
	}
}
