// Command wstest tests a WebSocket echo server, or a client that echoes, against RFC 6455 and 7692.
//
//	wstest ws://127.0.0.1:9001
//	wstest -insecure -run '^utf8/|^closing/' wss://localhost:8443/echo
//	wstest -client './echo-client'
//
// It exits with 0 if no case fails, with 1 if one does, and with 2 if it can't begin.
package main

import (
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"regexp"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/websocket/wstest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// settings are what the flags say.
type settings struct {
	pattern, subprotocols       string
	client                      []string // the words of a command
	json, quiet, list, insecure bool
	maxMessage                  int64
	timeout                     time.Duration
	parallel                    int
	header                      http.Header
	url                         string
}

// run does what the arguments ask for and returns the exit code.
func run(ctx context.Context, args []string, out, errs io.Writer) int {
	s, err := parse(args, errs)
	if err == flag.ErrHelp {
		return 0
	}
	if err != nil {
		fmt.Fprintln(errs, "wstest:", err)
		return 2
	}
	pattern, err := regexp.Compile(s.pattern)
	if err != nil {
		fmt.Fprintln(errs, "wstest: -run:", err)
		return 2
	}
	match := func(c wstest.Case) bool { return pattern.MatchString(c.ID) }
	if s.list {
		for _, c := range wstest.Cases() {
			if match(c) {
				fmt.Fprintf(out, "%s\t%s (RFC %s)\n", c.ID, c.Name, c.RFC)
			}
		}
		return 0
	}
	var report reporter = &table{out: out, quiet: s.quiet}
	if s.json {
		report = &lines{out: out}
	}
	options := wstest.Options{Match: match, Parallel: s.parallel, Report: report.add}
	if len(s.client) > 0 {
		wstest.RunClient(ctx, wstest.ClientTarget{Echo: command(s.client), MaxMessageBytes: s.maxMessage, Timeout: s.timeout}, options)
	} else {
		wstest.Run(ctx, s.target(), options)
	}
	return report.end()
}

// parse reads the arguments.
func parse(args []string, errs io.Writer) (*settings, error) {
	s := &settings{header: http.Header{}}
	f := flag.NewFlagSet("wstest", flag.ContinueOnError)
	f.SetOutput(errs)
	f.StringVar(&s.pattern, "run", "", "run only the cases whose ID matches this `pattern`")
	f.Func("client", "test a client: this `command`, with the URL behind it, must echo until its connection is over", func(line string) error {
		s.client = strings.Fields(line)
		if len(s.client) == 0 {
			return errors.New("it has no words")
		}
		return nil
	})
	f.BoolVar(&s.json, "json", false, "print one JSON object for each case")
	f.BoolVar(&s.quiet, "q", false, "print only the cases that fail, and the sums")
	f.BoolVar(&s.list, "list", false, "print the cases and run none")
	f.BoolVar(&s.insecure, "insecure", false, "accept any certificate")
	f.Int64Var(&s.maxMessage, "max-message", 0, "the largest message that the endpoint accepts, in `bytes`; 0 if it is not known")
	f.StringVar(&s.subprotocols, "subprotocols", "", "subprotocols that the server speaks, as a comma-separated `list`")
	f.DurationVar(&s.timeout, "timeout", wstest.DefaultTimeout, "how long a case may take; large ones take six times as long")
	f.IntVar(&s.parallel, "parallel", 4, "how many cases run at once")
	f.Func("header", "send this `Name: value` with each handshake (may be repeated)", func(line string) error {
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			return errors.New("it has no colon")
		}
		s.header.Add(strings.TrimSpace(name), strings.TrimSpace(value))
		return nil
	})
	f.Usage = func() {
		fmt.Fprintf(errs, "usage: wstest [flags] ws://host:port/path\n       wstest [flags] -client command\n\n")
		f.PrintDefaults()
	}
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	switch urls := f.Args(); {
	case s.list || len(s.client) > 0:
		if len(urls) > 0 {
			return nil, fmt.Errorf("the URL %q is not wanted with -list or -client", urls[0])
		}
	case len(urls) != 1:
		return nil, fmt.Errorf("one URL is wanted and %d are given; see wstest -help", len(urls))
	case !strings.HasPrefix(urls[0], "ws://") && !strings.HasPrefix(urls[0], "wss://"):
		return nil, fmt.Errorf("the URL %q must begin with ws:// or wss://", urls[0])
	default:
		s.url = urls[0]
	}
	return s, nil
}

func (s *settings) target() wstest.Target {
	t := wstest.Target{URL: s.url, Header: s.header, MaxMessageBytes: s.maxMessage, Timeout: s.timeout}
	if s.insecure {
		t.TLS = &tls.Config{InsecureSkipVerify: true}
	}
	if s.subprotocols != "" {
		t.Subprotocols = strings.Split(s.subprotocols, ",")
	}
	return t
}

// command returns a client that is a program.
func command(words []string) func(ctx context.Context, url string) error {
	return func(ctx context.Context, url string) error {
		c := exec.CommandContext(ctx, words[0], append(words[1:len(words):len(words)], url)...)
		c.WaitDelay = time.Second
		return c.Run()
	}
}
