//go:build linux

package process

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// Program is a server under test that knows nothing of this benchmark. Its methods are for one
// goroutine.
type Program struct {
	usage
	cancel context.CancelFunc
	exited chan struct{} // closed when it is gone
	output tail
}

// startTimeout bounds the wait until a program listens.
const startTimeout = 20 * time.Second

// Run runs command, with GOMAXPROCS set to procs, on one CPU or, if that is negative, on any. It
// returns when the program accepts connections at addr. The program is killed when ctx ends and when
// this process dies.
func Run(ctx context.Context, procs, cpu int, addr netip.AddrPort, command ...string) (*Program, error) {
	ctx, cancel := context.WithCancel(ctx)
	p := &Program{cancel: cancel, exited: make(chan struct{})}
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Env = append(os.Environ(), "GOMAXPROCS="+strconv.Itoa(procs))
	cmd.Stdout, cmd.Stderr = &p.output, &p.output
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := pinned(cpu, cmd.Start); err != nil {
		cancel()
		return nil, err
	}
	p.usage = usage{cmd.Process.Pid}
	go func() {
		defer close(p.exited)
		cmd.Wait() // says how it ended, which its output does better
	}()
	if err := p.await(ctx, addr); err != nil {
		p.Stop()
		return nil, fmt.Errorf("%s: %w\n%s", command[0], err, p.output.text())
	}
	return p, nil
}

// Stop kills the program and returns when it is gone.
func (p *Program) Stop() {
	p.cancel()
	<-p.exited
}

// await waits until the program listens.
func (p *Program) await(ctx context.Context, addr netip.AddrPort) error {
	ctx, cancel := context.WithTimeoutCause(ctx, startTimeout, fmt.Errorf("it does not listen at %s after %s", addr, startTimeout))
	defer cancel()
	var dialer net.Dialer
	for {
		conn, err := dialer.DialContext(ctx, "tcp4", addr.String())
		if err == nil {
			return conn.Close()
		}
		select {
		case <-time.After(5 * time.Millisecond):
		case <-p.exited:
			return fmt.Errorf("it has ended before it listened at %s", addr)
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// tail keeps the end of what is written to it. Its methods may be called from any goroutine.
type tail struct {
	mu   sync.Mutex
	last []byte // guarded by mu
}

const tailBytes = 4 << 10

// Write implements io.Writer; it never fails.
func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last = append(t.last, b...)
	t.last = append(t.last[:0], t.last[max(0, len(t.last)-tailBytes):]...)
	return len(b), nil
}

func (t *tail) text() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(bytes.TrimSpace(t.last))
}
