//go:build linux

package main

import (
	"flag"
	"fmt"
	"io"

	"github.com/holdfast-dev/holdfast/bench/internal/peer"
	"github.com/holdfast-dev/holdfast/bench/internal/process"
)

// server is the subcommand that is one peer's server. It ends with its standard input.
func server(args []string, stdin io.Reader, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("bench server", flag.ContinueOnError)
	flags.SetOutput(stderr)
	name := flags.String("peer", peer.Own, "whose server")
	kind := flags.String("kind", string(peer.Echo), "what it does: echo or broadcast")
	secure := flags.Bool("tls", false, "serve wss instead of ws, with a certificate made up for it")
	cpu := flags.Int("cpu", -1, "the CPU to run on; -1 for any")
	if err := flags.Parse(args); err != nil {
		return err
	}
	p, err := peer.Find(*name)
	if err != nil {
		return err
	}
	k := peer.Kind(*kind)
	if k != peer.Echo && k != peer.Broadcast {
		return fmt.Errorf("there is no kind %q; there are echo and broadcast", *kind)
	}
	if err := process.Pin(*cpu); err != nil {
		return err
	}
	return process.Serve(p, k, *secure, stdin, stdout)
}
