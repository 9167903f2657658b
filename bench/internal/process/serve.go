//go:build linux

// Package process runs a peer's server as a process of its own and measures it from outside.
package process

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"strconv"
	"strings"

	"github.com/holdfast-dev/holdfast/bench/internal/peer"
)

// The requests that a server takes on its standard input, one a line. Each is answered with a line:
// "ok", "ok" and a value, or "error" and a sentence. The end of the input ends the server.
const (
	requestMembers = "members" // how many connections a broadcast reaches
	requestCollect = "collect" // give unused memory back to the operating system
	requestProfile = "profile" // profile the CPU into the named file, or stop if none is named
)

// Serve runs a server on a free loopback port until in ends. Its first line on out is "ok" and the
// address.
func Serve(p peer.Peer, kind peer.Kind, secure bool, in io.Reader, out io.Writer) error {
	ln, err := p.Listen(secure)
	if err != nil {
		return err
	}
	defer ln.Close()
	server := p.New(kind)
	stopped := make(chan error, 1)
	go func() { stopped <- server.Serve(ln) }()
	if _, err := fmt.Fprintln(out, "ok", ln.Addr()); err != nil {
		return err
	}
	requests := bufio.NewScanner(in)
	for requests.Scan() {
		if _, err := fmt.Fprintln(out, answer(server, requests.Text())); err != nil {
			return err
		}
	}
	ln.Close()
	if err := <-stopped; !errors.Is(err, net.ErrClosed) {
		return err
	}
	return requests.Err()
}

func answer(server peer.Server, request string) string {
	verb, argument, _ := strings.Cut(request, " ")
	switch verb {
	case requestMembers:
		return "ok " + strconv.Itoa(server.Members())
	case requestCollect:
		collect()
		return "ok"
	case requestProfile:
		if err := profile(argument); err != nil {
			return "error " + err.Error()
		}
		return "ok"
	}
	return "error unknown request " + strconv.Quote(request)
}

// collect runs the garbage collector until what pools hold and stacks have grown by is free, which
// takes it a few rounds, and gives free memory back.
func collect() {
	for range 4 {
		runtime.GC()
	}
	debug.FreeOSMemory()
}

func profile(file string) error {
	if file == "" {
		pprof.StopCPUProfile()
		return nil
	}
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	return pprof.StartCPUProfile(f) // the file stays open as long as the process, which is not long
}
