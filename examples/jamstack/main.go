// Command jamstack runs a static site with live comments and notifications on this machine: Holdfast in
// development mode, which serves the site, and the functions that its hooks call, in Go or in Node.
//
//	go run ./examples/jamstack
//	go run ./examples/jamstack -functions node
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
)

// options are the flags.
type options struct {
	language  string // of the functions
	functions string // where they listen
	https     string
	http      string
	data      string // directory of all that is kept or made
	caDir     string
	holdfast  string // the command; "" to build it
}

func main() {
	var o options
	flag.StringVar(&o.language, "functions", "go", "run the functions in `LANGUAGE`: go or node")
	flag.StringVar(&o.functions, "functions-address", "127.0.0.1:8788", "let the functions listen on `ADDR`")
	flag.StringVar(&o.https, "https", "localhost:8443", "let Holdfast serve https on `ADDR`")
	flag.StringVar(&o.http, "http", "localhost:8080", "let Holdfast serve http on `ADDR`")
	flag.StringVar(&o.data, "data", "", "keep data in `DIR` (default in your cache directory)")
	flag.StringVar(&o.caDir, "ca-dir", "", "keep the certificate authority in `DIR`, as holdfast dev does")
	flag.StringVar(&o.holdfast, "holdfast", "", "run the holdfast command `FILE` (default is to build it)")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "jamstack:", err)
		os.Exit(1)
	}
}

// run serves until ctx ends or a part has failed.
func run(ctx context.Context, o options, out io.Writer) error {
	here, err := sourceDir(ctx)
	if err != nil {
		return err
	}
	if o.data == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return err
		}
		o.data = filepath.Join(cache, "holdfast-jamstack")
	}
	s, err := prepare(ctx, o, here)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	server, err := startHoldfast(ctx, s, out)
	if err != nil {
		return err
	}
	stopped := make(chan error, 2)
	go func() { stopped <- server.wait() }()
	go func() { stopped <- runFunctions(ctx, s, server.url, out) }()
	err = <-stopped
	stop() // one does not go on without the other
	if second := <-stopped; err == nil {
		err = second
	}
	return err
}
