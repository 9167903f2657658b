package main

import (
	"context"
	"crypto/tls"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"github.com/holdfast-dev/holdfast/websocket"
)

type connectOptions struct {
	linkFlags
	origin string
}

func newConnect(std streams) *cobra.Command {
	var o connectOptions
	cmd := &cobra.Command{
		Use:   "connect URL [flags]",
		Short: "Talk to any WebSocket server",
		Long: `Talk to any WebSocket server. On a terminal a line is sent as a text message, /help
lists the commands, and Ctrl-D or Ctrl-C closes. In pipes each line of stdin is a
text message, received text goes to stdout, and the end of stdin closes.`,
		Example: `  holdfast connect wss://localhost:8443/channels/chat/lobby
  holdfast connect --header 'Authorization: Bearer abc' --subprotocol chat.v1 wss://example.com/socket
  echo hello | holdfast connect ws://localhost:8080/channels/chat/lobby`,
		Args:                  arguments(1, 1, "one URL"),
		DisableFlagsInUseLine: true,
		RunE: func(_ *cobra.Command, args []string) error {
			target, err := parseURL(args[0])
			if err != nil {
				return err
			}
			if err := o.check(); err != nil {
				return err
			}
			ctx, release := untilStopped(context.Background())
			defer release()
			return connect(ctx, target, &o, std)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringArrayVar(&o.subprotocols, "subprotocol", nil, "offer the subprotocol `NAME` (repeatable, the preferred one first)")
	flags.StringVar(&o.origin, "origin", "", "connect as a page of `ORIGIN` would, such as https://app.example")
	o.add(flags)
	o.addLimit(flags)
	return cmd
}

// check refuses what would not pass as a header, and adds the origin to the headers.
func (o *connectOptions) check() error {
	for _, name := range o.subprotocols {
		if name == "" || strings.ContainsFunc(name, notInToken) {
			return fail(exitUsage, "--subprotocol: %q is no subprotocol; its name is letters, digits and marks such as . - _ without spaces", name)
		}
	}
	if o.origin != "" {
		o.headers = append(o.headers, "Origin: "+o.origin)
	}
	return nil
}

// connect runs a session with the server at target until one side closes.
func connect(ctx context.Context, target *url.URL, o *connectOptions, std streams) error {
	conn, state, err := o.dial(ctx, target)
	if err != nil {
		return err
	}
	defer conn.CloseNow()
	s := session{conn: conn, target: target, ended: make(chan struct{})}
	if std.inTerminal && std.outTerminal && !std.dumb {
		screen, restore, err := openScreen(std)
		if err != nil {
			return fail(exitFailed, "cannot use the terminal: %w", err)
		}
		defer restore()
		s.face, s.interactive = screen, true
	} else {
		s.face = &pipe{in: std.in, err: std.err, out: messagePrinter{w: std.out, terminal: std.outTerminal}}
	}
	s.face.status("connected to " + target.String() + describeConnection(conn, state))
	if s.interactive {
		s.face.status("a line is a text message; /help lists the commands")
	}
	return s.run(ctx)
}

// describeConnection tells what was agreed on in the handshakes.
func describeConnection(conn *websocket.Conn, state *tls.ConnectionState) string {
	var facts []string
	if state != nil {
		facts = append(facts, tls.VersionName(state.Version))
		if len(state.PeerCertificates) > 0 {
			leaf := state.PeerCertificates[0]
			subject := leaf.Subject.String()
			if subject == "" {
				subject = strings.Join(leaf.DNSNames, ", ")
			}
			facts = append(facts, "certificate "+subject)
		}
	}
	if conn.Subprotocol() != "" {
		facts = append(facts, "subprotocol "+conn.Subprotocol())
	}
	if len(facts) == 0 {
		return ""
	}
	return " (" + strings.Join(facts, "; ") + ")"
}
