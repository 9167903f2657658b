// Command echo is a WebSocket server that sends every message back.
//
//	go run ./websocket/examples/echo -addr localhost:9001
//	go run ./websocket/examples/echo -addr localhost:9001 -tls -serve
//
// With -tls it speaks HTTP/2 (RFC 8441) on the same port, and HTTP/3 (RFC 9220) on the UDP port of the same number.
//
// It answers on every path and takes pages of every origin, as there is nothing to protect. The
// first line it prints is its URL; with port 0 that tells which port was free.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/holdfast-dev/holdfast/websocket"
	_ "github.com/holdfast-dev/holdfast/websocket/enableh2"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "echo:", err)
		stop()
		os.Exit(1)
	}
}

// run serves until ctx ends.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("echo", flag.ContinueOnError)
	flags.SetOutput(stderr)
	addr := flags.String("addr", "localhost:9001", "address to listen on; port 0 picks a free one")
	secure := flags.Bool("tls", false, "serve wss, with a certificate made up for this run unless -cert and -key name one")
	certFile := flags.String("cert", "", "PEM file of the certificate chain for wss")
	keyFile := flags.String("key", "", "PEM file of the certificate's key")
	maxMessage := flags.Int64("max-message", 0, "largest message accepted, in bytes; 0 for the default of the library, 1 MiB")
	events := flags.Bool("serve", false, "read in the style of events, with Serve, instead of Read")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q; the address goes behind -addr", flags.Arg(0))
	}

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	e := &echo{ctx: ctx, limits: websocket.Limits{MaxMessageBytes: *maxMessage}, answer: (*echo).read}
	if *events {
		e.answer = (*echo).serve
	}
	server := &http.Server{Handler: e, ReadHeaderTimeout: 10 * time.Second, ErrorLog: log.New(stderr, "echo: ", 0)}
	ln, err := net.Listen("tcp", *addr)
	if err != nil {
		return err
	}
	defer ln.Close()
	scheme, serve := "ws", func() error { return server.Serve(ln) }
	over3 := noHTTP3
	if *secure || *certFile != "" || *keyFile != "" {
		server.TLSConfig, err = tlsConfig(*certFile, *keyFile, ln.Addr())
		if err != nil {
			return err
		}
		if over3, err = serveHTTP3(ln.Addr().(*net.TCPAddr), server.TLSConfig, e); err != nil {
			return err
		}
		scheme, serve = "wss", func() error { return server.ServeTLS(websocket.Listener(ln), "", "") }
	}
	fmt.Fprintf(stdout, "%s://%s/\n", scheme, ln.Addr())

	served := make(chan error, 1)
	go func() { served <- serve() }()
	select {
	case err = <-served:
	case <-ctx.Done():
	}
	cancel()
	e.wait() // says goodbye, which needs the servers: they carry what runs over HTTP/2 and HTTP/3
	over3.close()
	server.Close()
	if err == nil {
		err = <-served
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// echo answers handshakes and then messages.
type echo struct {
	ctx    context.Context // ends when the server is to stop
	limits websocket.Limits
	answer func(*echo, *websocket.Conn) error // read or serve

	open     sync.WaitGroup // connections
	mu       sync.Mutex     // guards stopping
	stopping bool           // no connection is added to open any more
}

func (e *echo) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !e.enter() {
		http.Error(w, goodbye, http.StatusServiceUnavailable)
		return
	}
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{
		Limits:      e.limits,
		Origins:     []string{"*"},
		Compression: &websocket.Compression{},
	})
	if err != nil { // the request has been answered with the reason
		e.open.Done()
		return
	}
	conn.Run(func() {
		defer e.open.Done()
		e.answer(e, conn)
	})
}

// enter counts a connection, unless the server stops.
func (e *echo) enter() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.stopping {
		e.open.Add(1)
	}
	return !e.stopping
}

// wait lets no more connections in, and returns when none is open any more.
func (e *echo) wait() {
	e.mu.Lock()
	e.stopping = true
	e.mu.Unlock()
	e.open.Wait()
}

// read echoes in the plain style.
func (e *echo) read(conn *websocket.Conn) error {
	for {
		typ, message, err := conn.Read(e.ctx)
		if err == nil {
			err = conn.Write(e.ctx, typ, message)
		}
		if e.ctx.Err() != nil {
			return conn.Close(context.Background(), websocket.CloseGoingAway, goodbye)
		}
		if err != nil {
			return err // a *websocket.CloseError: the connection is over
		}
	}
}

// goodbye is the close reason that clients see when the server stops.
const goodbye = "the echo server stops"

// serve echoes in the style of events: payload is read in place, and the answers to messages that
// came together leave together.
func (e *echo) serve(conn *websocket.Conn) error {
	stop := context.AfterFunc(e.ctx, func() { conn.Expel(websocket.CloseGoingAway, goodbye) })
	defer stop()
	return conn.Serve(func(typ websocket.MessageType, payload []byte) {
		conn.Write(e.ctx, typ, payload) // an error ends Serve too
	})
}
