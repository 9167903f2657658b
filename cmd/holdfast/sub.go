package main

import (
	"context"
	"errors"
	"net/url"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/holdfast-dev/holdfast/protocol"
	"github.com/holdfast-dev/holdfast/websocket"
)

// defaultServer is where `holdfast dev` listens when nobody says otherwise.
const defaultServer = "https://localhost:8443"

type subOptions struct {
	linkFlags
	server  string
	json    bool
	count   int
	since   string
	last    int
	verbose bool
}

func newSub(std streams) *cobra.Command {
	var o subOptions
	cmd := &cobra.Command{
		Use:   "sub URL|CHANNEL [flags]",
		Short: "Print what is published on a channel",
		Long: `Print what is published on a channel, a line a message, until Ctrl-C.
When the connection breaks, a channel by name is gone on with where it was; a URL
is one connection, to any WebSocket server.
A binary message is shown by its size and its first bytes; --json has it all.`,
		Example: `  holdfast sub chat/lobby
  holdfast sub --last 10 chat/lobby
  holdfast sub -n 1 --json wss://localhost:8443/channels/chat/lobby`,
		Args:                  arguments(1, 1, "one URL or channel"),
		DisableFlagsInUseLine: true,
		RunE: func(_ *cobra.Command, args []string) error {
			target, channel, err := parseTarget(args[0], o.server)
			if err != nil {
				return err
			}
			if o.count < 0 {
				return fail(exitUsage, "-n: %d is no number of messages; leave it out to go on until Ctrl-C", o.count)
			}
			if err := o.check(); err != nil {
				return err
			}
			ctx, release := untilStopped(context.Background())
			defer release()
			if channel != "" {
				return follow(ctx, target, channel, &o, std)
			}
			o.begin(target)
			return sub(ctx, target, &o, std)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.IntVarP(&o.count, "count", "n", 0, "end after `COUNT` messages")
	flags.IntVar(&o.last, "last", 0, "begin with the last `COUNT` messages that the channel keeps")
	flags.StringVar(&o.since, "since", "", "begin behind `POSITION`, as in 1042:k3f9a2")
	flags.BoolVar(&o.json, "json", false, `print {"type":"text","data":"…"}, binary data in base64`)
	flags.BoolVarP(&o.verbose, "verbose", "v", false, "tell on stderr when the connection opens and ends")
	flags.StringVar(&o.server, "server", defaultServer, "the server of a bare channel name, as a `URL`")
	o.add(flags)
	o.addLimit(flags)
	return cmd
}

// check tells what is wrong with where to begin.
func (o *subOptions) check() error {
	switch {
	case o.last < 0:
		return fail(exitUsage, "--last: %d is no number of messages", o.last)
	case o.last > 0 && o.since != "":
		return fail(exitUsage, "--last and --since contradict each other; use one of them")
	case o.since != "":
		if _, err := protocol.ParsePosition(o.since); err != nil {
			return fail(exitUsage, "--since: %w", err)
		}
	}
	return nil
}

// begin adds to a channel's URL where to begin.
func (o *subOptions) begin(target *url.URL) {
	q := target.Query()
	if o.last > 0 {
		q.Set("last", strconv.Itoa(o.last))
	}
	if o.since != "" {
		q.Set("since", o.since)
	}
	target.RawQuery = q.Encode()
}

// sub prints the messages that target sends until ctx ends, enough have come, or the server closes.
func sub(ctx context.Context, target *url.URL, o *subOptions, std streams) error {
	tell := std.teller(o.verbose)
	conn, _, err := o.dial(ctx, target)
	if err != nil {
		return err
	}
	defer conn.CloseNow()
	tell("subscribed to %s", target)
	out := messagePrinter{w: std.out, terminal: std.outTerminal, json: o.json}
	for received := 0; o.count == 0 || received < o.count; received++ {
		typ, payload, err := conn.Read(ctx)
		if err != nil && ctx.Err() != nil {
			break // asked to stop
		}
		if err != nil {
			if end, ok := errors.AsType[*websocket.CloseError](err); ok && explainEnd(target, end) == nil {
				tell("%s", describeEnd(end))
			}
			return explainEnd(target, err)
		}
		if err := out.print(typ, payload); err != nil {
			return fail(exitFailed, "cannot write to stdout: %w", err)
		}
	}
	// What was asked for is done, so how the server takes the goodbye changes nothing. Close is bounded.
	if err := conn.Close(context.Background(), websocket.CloseNormal, ""); err != nil {
		tell("closed here; the server did not answer the close frame")
	}
	return nil
}
