//go:build linux

package storm

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// process is a program that ends with this one.
type process struct {
	cmd    *exec.Cmd
	clock  *clock // nil if it has none of its own
	exited chan struct{}
}

// startProcess starts a program, whose output goes to the end of a file, if it is to be so with a clock of its own.
func startProcess(log string, clocked bool, environ []string, name string, args ...string) (*process, error) {
	out, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	p := &process{cmd: exec.Command(name, args...), exited: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = out, out
	p.cmd.Env = append(os.Environ(), environ...)
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	started := make(chan error)
	go func() {
		defer close(p.exited)
		// The signal comes when the thread ends that started the program, so this one lasts as long.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		var err error
		if clocked {
			p.clock, err = startWithClock(p.cmd)
		} else {
			err = p.cmd.Start()
		}
		started <- err
		if err == nil {
			_ = p.cmd.Wait() // how it has ended is read from ProcessState
		}
		out.Close()
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return p, nil
}

// signal sends a signal, if the program still runs.
func (p *process) signal(s os.Signal) error {
	if err := p.cmd.Process.Signal(s); err != nil && err != os.ErrProcessDone {
		return err
	}
	return nil
}

// end sends a signal and waits until the program has gone. After a while it is killed, which is an error.
func (p *process) end(s os.Signal, within time.Duration) error {
	if err := p.signal(s); err != nil {
		return err
	}
	select {
	case <-p.exited:
		return nil
	case <-time.After(within):
	}
	if err := p.signal(os.Kill); err != nil {
		return err
	}
	<-p.exited
	return fmt.Errorf("it has not ended %v after %v", within, s)
}

// runs tells whether the program still runs.
func (p *process) runs() bool {
	select {
	case <-p.exited:
		return false
	default:
		return true
	}
}
