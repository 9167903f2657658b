package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"syscall"
	"time"

	"github.com/holdfast-dev/holdfast/client/webhook"
	functions "github.com/holdfast-dev/holdfast/examples/jamstack/functions/go"
)

const (
	startTimeout = 30 * time.Second
	stopTimeout  = 15 * time.Second // Holdfast itself takes at most ten
)

// holdfast is the running server.
type holdfast struct {
	url  string // by http
	cmd  *exec.Cmd
	read chan error // how reading what it prints has ended
}

// printedURL is in a line that holdfast dev prints when it serves.
var printedURL = regexp.MustCompile(`http://\S+:\d+`)

// startHoldfast starts the server, passes on what it prints, and returns when it serves. It ends with ctx.
func startHoldfast(ctx context.Context, s *setup, out io.Writer) (*holdfast, error) {
	args := []string{"dev", "--config", s.config, "--static", filepath.Join(s.here, "site"), "--https", s.https, "--http", s.http, "--mqtt", "", "--mqtts", "", "--data", s.data}
	if s.caDir != "" {
		args = append(args, "--ca-dir", s.caDir)
	}
	h := &holdfast{cmd: child(ctx, s.holdfast, args...), read: make(chan error, 1)}
	h.cmd.Env = append(os.Environ(), "HOLDFAST_AUTH_API_KEYS="+s.apiKeys)
	stdout, err := h.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := h.cmd.Start(); err != nil {
		return nil, err
	}
	serving := make(chan string, 1)
	go func() { h.read <- passOn(stdout, out, serving) }()
	select {
	case h.url = <-serving:
		return h, nil
	case err := <-h.read:
		return nil, errors.Join(errors.New("the server did not start"), err, h.cmd.Wait())
	case <-time.After(startTimeout):
		return nil, errors.Join(errors.New("the server does not say where it serves"), h.cmd.Process.Kill(), <-h.read, h.cmd.Wait())
	}
}

// passOn copies lines, and tells the first URL in them.
func passOn(from io.Reader, to io.Writer, url chan<- string) error {
	lines := bufio.NewScanner(from)
	for told := false; lines.Scan(); {
		if _, err := fmt.Fprintln(to, lines.Text()); err != nil {
			return err
		}
		if found := printedURL.FindString(lines.Text()); found != "" && !told {
			told = true
			url <- found
		}
	}
	return lines.Err()
}

// wait returns when the server has ended.
func (h *holdfast) wait() error { return errors.Join(<-h.read, asked(h.cmd.Wait())) }

// asked returns why a child has ended, nil if it was asked to and did.
func asked(err error) error {
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// child returns a command that is asked to stop when ctx ends, and killed if it does not.
func child(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stderr = os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = stopTimeout
	ownGroup(cmd)
	return cmd
}

// runFunctions runs the functions until ctx ends. They publish to the server at url.
func runFunctions(ctx context.Context, s *setup, url string, out io.Writer) error {
	if s.language == "node" {
		cmd := child(ctx, "node", filepath.Join(s.here, "functions", "node", "server.js"))
		cmd.Stdout = out
		cmd.Env = append(os.Environ(),
			"ADDRESS="+s.functions, "HOLDFAST_URL="+url, "HOLDFAST_API_KEY="+s.apiKey, "HOLDFAST_HOOK_SECRET="+s.secret)
		return asked(cmd.Run())
	}
	from, err := webhook.NewVerifier(s.secret)
	if err != nil {
		return err
	}
	return serveFunctions(ctx, s.functions, functions.API{URL: url, Key: s.apiKey}, from, out)
}

// serveFunctions runs those in Go, in this process.
func serveFunctions(ctx context.Context, address string, api functions.API, from *webhook.Verifier, out io.Writer) error {
	mux := http.NewServeMux()
	mux.Handle("POST /visitors", functions.Visitors(from))
	mux.Handle("POST /comments", functions.Comments(from))
	mux.Handle("POST /notifications", functions.Notifications(from, api))
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	server := http.Server{Handler: mux, ReadTimeout: time.Minute}
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()
	fmt.Fprintf(out, "The functions are at http://%s\n", listener.Addr())
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
