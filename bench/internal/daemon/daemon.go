//go:build linux

// Package daemon holds the servers that are compared as whole programs, each a process of its own
// with the configuration that its documentation gives it by default, but where a comment says so.
package daemon

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/holdfast-dev/holdfast/bench/internal/cert"
	"github.com/holdfast-dev/holdfast/bench/internal/dialect"
	"github.com/holdfast-dev/holdfast/bench/internal/process"
)

// Daemon is one of the servers that are compared.
type Daemon struct {
	Name    string
	Dialect dialect.Dialect
	// install builds, fetches or finds the program. What it builds goes into folder.
	install func(ctx context.Context, folder string) (installed, error)
	// command returns the command that serves as s says.
	command func(program string, s setup) ([]string, error)
}

// installed is a program that can be started.
type installed struct {
	path    string
	version string // "" for our own: it is the one in the same tree
}

// setup says how a server is to serve.
type setup struct {
	folder string // empty, the server's own
	addr   netip.AddrPort
	cert   *cert.Files // nil for no TLS
}

// Own is the name of the server that this benchmark belongs to.
const Own = "holdfast"

// OwnMQTT is its name where it is spoken to by MQTT.
const OwnMQTT = "holdfast-mqtt"

// ChannelPrefix is what the path of a channel's URL begins with in Holdfast.
const ChannelPrefix = "/channels/"

// All returns every server, our own first.
func All() []Daemon {
	return []Daemon{
		{Own, dialect.WebSocket{Prefix: ChannelPrefix, Quiet: "?echo=false"}, installHoldfast, holdfastCommand},
		{OwnMQTT, dialect.MQTT{}, installHoldfast, holdfastMQTTCommand},
		{"nats", dialect.NATS{}, installNATS, natsCommand},
		{"mosquitto", dialect.MQTT{}, installMosquitto, mosquittoCommand},
		{"socketio", dialect.SocketIO{}, installSocketIO, socketIOCommand},
	}
}

// Ready is a server that is installed.
type Ready struct {
	Daemon
	installed
}

// Install makes a server ready. What it builds goes into folder. The error says what to do.
func (d Daemon) Install(ctx context.Context, folder string) (*Ready, error) {
	i, err := d.install(ctx, folder)
	if err != nil {
		return nil, fmt.Errorf("%s is not there to be measured: %w", d.Name, err)
	}
	return &Ready{d, i}, nil
}

// Version returns the server's name and version, or "" for our own, which is the one in this tree.
func (r *Ready) Version() string { return r.version }

// Place is where a server runs.
type Place struct {
	CPU   int // -1 for any
	Procs int // GOMAXPROCS
}

// Running is a server that accepts connections at Addr.
type Running struct {
	*process.Program
	Addr   netip.AddrPort
	folder string
}

// Start starts the server, with or without TLS, on a free port of loopback.
func (r *Ready) Start(ctx context.Context, at Place, secure bool) (_ *Running, err error) {
	folder, err := os.MkdirTemp("", "holdfast-bench-"+r.Name+"-")
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			os.RemoveAll(folder) // the first error counts
		}
	}()
	s := setup{folder: folder}
	if s.addr, err = freeAddr(); err != nil {
		return nil, err
	}
	if secure {
		files, err := cert.Write(folder)
		if err != nil {
			return nil, err
		}
		s.cert = &files
	}
	command, err := r.command(r.path, s)
	if err != nil {
		return nil, err
	}
	program, err := process.Run(ctx, at.Procs, at.CPU, s.addr, command...)
	if err != nil {
		return nil, err
	}
	return &Running{Program: program, Addr: s.addr, folder: folder}, nil
}

// Stop kills the server and removes what it has written.
func (r *Running) Stop() error {
	r.Program.Stop()
	return os.RemoveAll(r.folder)
}

// freeAddr returns an address of loopback on which nobody listens. Not every server can be told to take any port and to say
// which. It is none of those that the system gives out, to the connections of the load above all.
func freeAddr() (netip.AddrPort, error) {
	const first, count, tries = 20_000, 10_000, 100
	var failure error
	for range tries {
		ln, err := net.Listen("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(first+rand.IntN(count))))
		if err != nil {
			failure = err
			continue
		}
		addr, err := netip.ParseAddrPort(ln.Addr().String())
		if err != nil {
			return netip.AddrPort{}, err
		}
		return addr, ln.Close()
	}
	return netip.AddrPort{}, failure
}

// output runs a command and returns what it prints. An error carries what it says.
func output(ctx context.Context, command ...string) (string, error) {
	out, err := exec.CommandContext(ctx, command[0], command[1:]...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s: %w\n%s", strings.Join(command, " "), err, out)
	}
	return strings.TrimSpace(string(out)), nil
}

// moduleFolder returns where the sources of a module that this one uses are.
func moduleFolder(ctx context.Context, module string) (string, error) {
	return output(ctx, "go", "list", "-m", "-f", "{{.Dir}}", module)
}

// writeConfig writes a configuration file for s and returns its name.
func writeConfig(s setup, text string) (string, error) {
	file := filepath.Join(s.folder, "config")
	return file, os.WriteFile(file, []byte(text), 0o600)
}
