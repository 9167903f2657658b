//go:build linux

// Command bench compares Holdfast's WebSocket engine with the others in Go, and Holdfast itself with
// other servers: each under the same load, in one run. It needs Linux, for epoll, CPU clocks and
// pinning.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

const usage = `Usage:
  bench run [flags]       measure every WebSocket engine under every load and report
  bench servers [flags]   measure whole servers under every load and report
  bench server [flags]    one engine's server, as run starts it

"bench run -h", and so on, tells about the flags.
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := command(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "bench:", err)
		stop()
		os.Exit(1)
	}
}

// command runs one subcommand. Results go to stdout, progress to stderr.
func command(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) error {
	if len(args) == 0 {
		fmt.Fprint(stderr, usage)
		return errors.New("say which subcommand: run, servers or server")
	}
	switch args[0] {
	case "run":
		return run(ctx, args[1:], stdout, stderr)
	case "servers":
		return servers(ctx, args[1:], stdout, stderr)
	case "server":
		return server(args[1:], stdin, stdout, stderr)
	case "help", "-h", "-help", "--help":
		fmt.Fprint(stdout, usage)
		return nil
	}
	return fmt.Errorf("there is no subcommand %q; there are run, servers and server", args[0])
}
