package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/holdfast-dev/holdfast/websocket"
)

const (
	// confirmTimeout is how long the server may take to answer the ping after the last message, besides
	// the time that the largest message needs on a slow link.
	confirmTimeout = 30 * time.Second
	slowestByte    = 10 * time.Microsecond // 100 kB/s
)

type pubOptions struct {
	linkFlags
	server  string
	binary  bool
	verbose bool
}

func (o *pubOptions) kind() websocket.MessageType {
	if o.binary {
		return websocket.Binary
	}
	return websocket.Text
}

func newPub(std streams) *cobra.Command {
	var o pubOptions
	o.maxMessage = maxSize // what is received is thrown away, and must not be the end of it
	cmd := &cobra.Command{
		Use:   "pub URL|CHANNEL MESSAGE|- [flags]",
		Short: "Publish a message, or each line of stdin",
		Long: `Publish a text message; for "-" each line of stdin, in order. With --binary the
message, or all of stdin, is one binary message. Exit code 0 means that the server
has taken everything; of a channel by name, that it is stored if the channel has
history, whatever became of the connection meanwhile.`,
		Example: `  holdfast pub chat/lobby 'hello'
  tail -f app.log | holdfast pub logs/app -
  holdfast pub --binary chat/lobby - < cat.png`,
		Args:                  arguments(2, 2, "a URL or channel and a message"),
		DisableFlagsInUseLine: true,
		RunE: func(_ *cobra.Command, args []string) error {
			target, channel, err := parseTarget(args[0], o.server)
			if err != nil {
				return err
			}
			if !o.binary && !utf8.ValidString(args[1]) {
				return fail(exitUsage, "the message is not valid UTF-8, as text must be; send it with --binary")
			}
			ctx, release := untilStopped(context.Background())
			defer release()
			if channel != "" {
				return store(ctx, target, channel, &o, args[1], std)
			}
			query := target.Query()
			query.Set("echo", "false") // what is published here need not come back
			target.RawQuery = query.Encode()
			return pub(ctx, target, &o, args[1], std)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.BoolVar(&o.binary, "binary", false, "publish one binary message")
	flags.BoolVarP(&o.verbose, "verbose", "v", false, "tell on stderr how many messages were published")
	flags.StringVar(&o.server, "server", defaultServer, "the server of a bare channel name, as a `URL`")
	o.add(flags)
	return cmd
}

// pub publishes message, or stdin if it is "-", and returns nil once the server has taken it all.
func pub(ctx context.Context, target *url.URL, o *pubOptions, message string, std streams) error {
	conn, _, err := o.dial(ctx, target)
	if err != nil {
		return err
	}
	defer conn.CloseNow()
	p := publisher{conn: conn, ended: make(chan struct{})}
	go p.discard()
	switch {
	case message != "-":
		err = p.send(ctx, o.kind(), []byte(message))
	case o.binary:
		err = p.sendEach(ctx, o.kind(), readWhole(std.in, maxSize, p.ended))
	default:
		err = p.sendEach(ctx, o.kind(), readLines(std.in, maxSize, p.ended))
	}
	if err := p.settle(target); err != nil {
		return err
	}
	if o.verbose {
		fmt.Fprintf(std.err, "published %s\n", count(p.sent, "message"))
	}
	if ctx.Err() != nil {
		return fail(exitFailed, "interrupted after %s", count(p.sent, "message"))
	}
	return err
}

// publisher sends messages and learns whether they were taken.
type publisher struct {
	conn    *websocket.Conn
	sent    int
	largest int           // of the messages sent, in bytes
	ended   chan struct{} // closed when end is set
	end     error         // how the connection ended
}

// discard reads until the connection is over. What others publish meanwhile is not for us, but
// somebody must read for the server's close frame to be seen.
func (p *publisher) discard() {
	defer close(p.ended)
	p.end = p.conn.Serve(func(websocket.MessageType, []byte) {})
}

func (p *publisher) send(ctx context.Context, typ websocket.MessageType, payload []byte) error {
	if err := p.conn.Write(ctx, typ, payload); err != nil {
		return err
	}
	p.sent++
	p.largest = max(p.largest, len(payload))
	return nil
}

// sendEach publishes what input brings, until it or the connection or ctx ends.
func (p *publisher) sendEach(ctx context.Context, typ websocket.MessageType, input <-chan line) error {
	for {
		select {
		case l := <-input:
			switch {
			case errors.Is(l.err, io.EOF):
				return nil
			case l.err != nil:
				return fail(exitFailed, "cannot read stdin: %w", l.err)
			case typ == websocket.Text && !utf8.Valid(l.text):
				return fail(exitFailed, "line %d of stdin is not valid UTF-8, as text must be; send it with --binary", p.sent+1)
			}
			if err := p.send(ctx, typ, l.text); err != nil {
				return err
			}
		case <-p.ended:
			return nil // settle tells why
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// settle learns whether the server has taken every message, and closes the connection. The proof is
// the answer to a ping: the server reads the ping after the messages. (The answer to a close frame
// would prove nothing: it can't be told from a close frame that the server sent at the same moment
// because it refused a message.)
func (p *publisher) settle(target *url.URL) error {
	ctx, cancel := context.WithTimeout(context.Background(), confirmTimeout+time.Duration(p.largest)*slowestByte)
	defer cancel()
	_, unconfirmed := p.conn.Ping(ctx)
	_ = p.conn.Close(context.Background(), websocket.CloseNormal, "") // bounded; how it goes changes nothing
	<-p.ended
	if unconfirmed == nil {
		return nil
	}
	if websocket.CloseCodeOf(unconfirmed) == 0 {
		return fail(exitEnded, "the server did not confirm the messages: a ping after them had no answer")
	}
	if err := explainEnd(target, unconfirmed); err != nil {
		return err
	}
	end, _ := errors.AsType[*websocket.CloseError](unconfirmed)
	return fail(exitEnded, "the server closed the connection before it confirmed the messages: %s", closeText(end))
}
