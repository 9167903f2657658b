//go:build linux

package process

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"
)

// asProgram, as the first argument, makes this test binary a program that listens at the second.
const asProgram = "be-a-program"

func listenAt(addr string) {
	ln, err := net.Listen("tcp4", addr)
	if err != nil {
		println(err.Error())
		os.Exit(1)
	}
	for {
		if _, err := ln.Accept(); err != nil {
			return
		}
	}
}

// freeAddr returns an address that nobody listens at.
func freeAddr(t *testing.T) netip.AddrPort {
	t.Helper()
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return netip.MustParseAddrPort(ln.Addr().String())
}

func TestAProgramListensOnItsOneCPU(t *testing.T) {
	addr := freeAddr(t)
	p, err := Run(t.Context(), 1, 0, addr, os.Args[0], asProgram, addr.String())
	if err != nil {
		t.Fatal(err)
	}
	defer p.Stop()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.pid))
	if err != nil || !strings.Contains(string(status), "Cpus_allowed_list:\t0\n") {
		t.Errorf("%v\n%s", err, status)
	}
	own, err := os.ReadFile("/proc/thread-self/status")
	if err != nil || strings.Contains(string(own), "Cpus_allowed_list:\t0\n") {
		t.Errorf("starting it has moved this process: %v\n%s", err, own)
	}
	if rss, err := p.RSS(); err != nil || rss < 1<<20 {
		t.Errorf("%d bytes resident, %v", rss, err)
	}
}

func TestAProgramIsGoneAfterItsContext(t *testing.T) {
	addr := freeAddr(t)
	ctx, cancel := context.WithCancel(t.Context())
	p, err := Run(ctx, 1, -1, addr, os.Args[0], asProgram, addr.String())
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	<-p.exited
	if err := syscall.Kill(p.pid, 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("the process still runs: %v", err)
	}
}

func TestAProgramThatDoesNotListenSaysWhy(t *testing.T) {
	_, err := Run(t.Context(), 1, -1, freeAddr(t), "/bin/sh", "-c", "echo the reason; exit 1")
	if err == nil || !strings.Contains(err.Error(), "it has ended") || !strings.Contains(err.Error(), "the reason") {
		t.Errorf("got %v", err)
	}
}

func TestTheEndOfALongOutputIsKept(t *testing.T) {
	var kept tail
	for i := range 10_000 {
		fmt.Fprintf(&kept, "line %d\n", i)
	}
	if text := kept.text(); len(text) > tailBytes || !strings.HasSuffix(text, "line 9999") {
		t.Errorf("kept %d bytes: %.80q", len(text), text)
	}
}
