//go:build linux

package process

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Process is a server under test that this binary is itself. Its methods are for one goroutine.
type Process struct {
	usage
	Addr netip.AddrPort

	cmd    *exec.Cmd
	cancel context.CancelFunc
	in     io.Writer
	out    *bufio.Scanner
	stderr bytes.Buffer
}

// answerTimeout bounds the wait for an answer: collecting the garbage of 10,000 connections is the
// longest.
const answerTimeout = 30 * time.Second

// Start runs command, which is to call Serve, with GOMAXPROCS set to procs. The process is killed
// when ctx ends and when this one dies.
func Start(ctx context.Context, procs int, command ...string) (*Process, error) {
	ctx, cancel := context.WithCancel(ctx)
	p := &Process{cancel: cancel}
	p.cmd = exec.CommandContext(ctx, command[0], command[1:]...)
	p.cmd.Env = append(os.Environ(), "GOMAXPROCS="+strconv.Itoa(procs))
	p.cmd.Stderr = &p.stderr
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	stdin, err := p.cmd.StdinPipe()
	if err != nil {
		cancel()
		return nil, err
	}
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		cancel()
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		cancel()
		return nil, err
	}
	p.usage = usage{p.cmd.Process.Pid}
	p.in, p.out = stdin, bufio.NewScanner(stdout)
	addr, err := p.answer()
	if err == nil {
		p.Addr, err = netip.ParseAddrPort(addr)
	}
	if err != nil {
		p.Stop()
		return nil, err
	}
	return p, nil
}

// Stop kills the process and returns when it is gone.
func (p *Process) Stop() {
	p.cancel()
	p.cmd.Wait() // says only that it was killed
}

// Members returns how many connections a broadcast of the server reaches.
func (p *Process) Members() (int, error) {
	n, err := p.ask(requestMembers)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(n)
}

// Collect makes the server give memory that it does not use back to the operating system.
func (p *Process) Collect() error {
	_, err := p.ask(requestCollect)
	return err
}

// Profile makes the server profile its CPU into file, until StopProfile.
func (p *Process) Profile(file string) error {
	_, err := p.ask(requestProfile + " " + file)
	return err
}

// StopProfile completes the profile.
func (p *Process) StopProfile() error {
	_, err := p.ask(requestProfile)
	return err
}

func (p *Process) ask(request string) (string, error) {
	if _, err := fmt.Fprintln(p.in, request); err != nil {
		return "", p.explain(err)
	}
	return p.answer()
}

// answer reads an answer and returns the value behind its "ok".
func (p *Process) answer() (string, error) {
	late := time.AfterFunc(answerTimeout, p.cancel)
	defer late.Stop()
	if !p.out.Scan() {
		return "", p.explain(errors.Join(errors.New("it does not answer"), p.out.Err()))
	}
	value, ok := strings.CutPrefix(p.out.Text(), "ok")
	if !ok {
		return "", p.explain(errors.New(p.out.Text()))
	}
	return strings.TrimSpace(value), nil
}

// explain adds what the server has said on its standard error. It kills the server, as what it
// writes can't be read before it is gone.
func (p *Process) explain(err error) error {
	p.Stop()
	return fmt.Errorf("the server process failed: %w\n%s", err, bytes.TrimSpace(p.stderr.Bytes()))
}
