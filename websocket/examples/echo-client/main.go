// Command echo-client connects to a WebSocket server and sends every message back that it gets,
// until the connection is closed.
//
//	go run ./websocket/examples/echo-client ws://localhost:9001/
//	go run ./websocket/examples/echo-client -insecure wss://localhost:9001/
//
// It prints how the connection ended, and exits with 0 if both sides exchanged close frames, with 1
// otherwise. An interrupt closes the connection properly.
package main

import (
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/holdfast-dev/holdfast/websocket"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "echo-client:", err)
		stop()
		os.Exit(1)
	}
}

// run echoes until the connection is over or ctx ends.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("echo-client", flag.ContinueOnError)
	flags.SetOutput(stderr)
	maxMessage := flags.Int64("max-message", 0, "largest message accepted, in bytes; 0 for the default of the library, 1 MiB")
	insecure := flags.Bool("insecure", false, "accept any certificate: for servers that made up their own")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() != 1 {
		return errors.New("give one URL, such as ws://localhost:9001/ (flags go before it)")
	}
	conn, err := websocket.Dial(ctx, flags.Arg(0), &websocket.DialOptions{
		Limits:      websocket.Limits{MaxMessageBytes: *maxMessage},
		Compression: &websocket.Compression{},
		TLS:         &tls.Config{InsecureSkipVerify: *insecure},
	})
	if err != nil {
		return err
	}
	defer conn.CloseNow()

	err = echo(ctx, conn)
	if ctx.Err() != nil {
		return conn.Close(context.Background(), websocket.CloseGoingAway, "")
	}
	if end, ok := errors.AsType[*websocket.CloseError](err); ok && end.Clean {
		fmt.Fprintln(stdout, end)
		return nil
	}
	return err
}

// echo sends messages back until one can't be read or sent, and returns why.
func echo(ctx context.Context, conn *websocket.Conn) error {
	for {
		typ, message, err := conn.Read(ctx)
		if err != nil {
			return err
		}
		if err := conn.Write(ctx, typ, message); err != nil {
			return err
		}
	}
}
