// Package carriertest checks that WebSockets over HTTP/2 and HTTP/3 behave like any other: each carrier's package runs the same cases.
package carriertest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/websocket"
)

// Serve starts a server and returns a URL for it and a carrier that trusts it. Both end with the test.
type Serve func(t *testing.T, h http.Handler) (url string, c websocket.Carrier)

// Run runs all cases.
func Run(t *testing.T, serve Serve) {
	t.Run("Messages of all kinds and sizes go both ways", serve.messagesOfAllKindsAndSizesGoBothWays)
	t.Run("The client closes with a code", serve.theClientClosesWithACode)
	t.Run("The server closes with a code", serve.theServerClosesWithACode)
	t.Run("A client that drops its WebSocket is seen to be gone", serve.aClientThatDropsItsWebSocketIsSeenToBeGone)
	t.Run("A server that drops a WebSocket is seen to be gone", serve.aServerThatDropsAWebSocketIsSeenToBeGone)
	t.Run("A message that is too large is answered with the close code", serve.aMessageThatIsTooLargeIsAnsweredWithTheCloseCode)
	t.Run("A read that is cancelled leaves the WebSocket usable", serve.aReadThatIsCancelledLeavesTheWebSocketUsable)
	t.Run("A servers read that is cancelled leaves the WebSocket usable", serve.aServersReadThatIsCancelledLeavesTheWebSocketUsable)
	t.Run("Reads that are cancelled at any byte lose nothing", serve.readsThatAreCancelledAtAnyByteLoseNothing)
	t.Run("A subprotocol and compression are agreed on", serve.aSubprotocolAndCompressionAreAgreedOn)
	t.Run("A refusal tells status and reason", serve.aRefusalTellsStatusAndReason)
	t.Run("A dial that is cancelled leaves nothing", serve.aDialThatIsCancelledLeavesNothing)
}

// patience is the longest that anything may take; it is not a timing that is tested.
func Patience(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func Dial(t *testing.T, url string, carrier websocket.Carrier) *websocket.Conn {
	t.Helper()
	c, err := websocket.Dial(Patience(t), url, &websocket.DialOptions{Carrier: carrier, Limits: websocket.Limits{MaxMessageBytes: 16 << 20}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.CloseNow)
	return c
}

// echo serves connections in the style of events. It gives their ends to ended, if that is not nil.
func Echo(o *websocket.AcceptOptions, ended chan<- error) http.Handler {
	return websocket.Handler(o, func(c *websocket.Conn) {
		err := c.Serve(func(typ websocket.MessageType, p []byte) { c.Write(context.Background(), typ, p) })
		if ended != nil {
			ended <- err
		}
	})
}

func Exchange(t *testing.T, c *websocket.Conn, typ websocket.MessageType, message string) {
	t.Helper()
	if err := c.Write(Patience(t), typ, []byte(message)); err != nil {
		t.Fatal(err)
	}
	gotType, got, err := c.Read(Patience(t))
	if err != nil || gotType != typ || string(got) != message {
		t.Fatalf("got %v %.40q of %d bytes, error %v; want %v %.40q of %d bytes", gotType, got, len(got), err, typ, message, len(message))
	}
}

func WantEnd(t *testing.T, err error, code websocket.CloseCode, reason string, clean bool) {
	t.Helper()
	ce, ok := errors.AsType[*websocket.CloseError](err)
	if !ok || ce.Code != code || ce.Reason != reason || ce.Clean != clean {
		t.Fatalf("ended with %v, want code %v, reason %q, clean %v", err, code, reason, clean)
	}
}

func (serve Serve) messagesOfAllKindsAndSizesGoBothWays(t *testing.T) {
	url, carrier := serve(t, Echo(&websocket.AcceptOptions{Limits: websocket.Limits{MaxMessageBytes: 16 << 20}}, nil))
	c := Dial(t, url, carrier)
	Exchange(t, c, websocket.Text, "hello")
	Exchange(t, c, websocket.Text, "")
	Exchange(t, c, websocket.Binary, "\x00\xff")
	for _, n := range []int{125, 126, 4 << 10, 64<<10 - 1, 64 << 10, 5 << 20} {
		Exchange(t, c, websocket.Binary, strings.Repeat("0123456789abcdef", n/16+1)[:n])
	}
	go c.Read(context.Background()) // for the pong, until the end of the test
	if rtt, err := c.Ping(Patience(t)); err != nil || rtt <= 0 {
		t.Errorf("ping took %v, error %v", rtt, err)
	}
}

func (serve Serve) theClientClosesWithACode(t *testing.T) {
	ended := make(chan error, 1)
	url, carrier := serve(t, Echo(nil, ended))
	c := Dial(t, url, carrier)
	if err := c.Close(Patience(t), 4001, "done here"); err != nil {
		t.Error(err)
	}
	WantEnd(t, <-ended, 4001, "done here", true)
}

func (serve Serve) theServerClosesWithACode(t *testing.T) {
	closed := make(chan error, 1)
	url, carrier := serve(t, websocket.Handler(nil, func(c *websocket.Conn) {
		closed <- c.Close(context.Background(), websocket.CloseGoingAway, "restarting")
	}))
	c := Dial(t, url, carrier)
	_, _, err := c.Read(Patience(t))
	WantEnd(t, err, websocket.CloseGoingAway, "restarting", true)
	if err := <-closed; err != nil {
		t.Error(err)
	}
}

func (serve Serve) aClientThatDropsItsWebSocketIsSeenToBeGone(t *testing.T) {
	ended := make(chan error, 1)
	url, carrier := serve(t, Echo(nil, ended))
	c := Dial(t, url, carrier)
	Exchange(t, c, websocket.Text, "hello")
	c.CloseNow()
	WantEnd(t, <-ended, websocket.CloseAbnormal, "", false)
}

func (serve Serve) aServerThatDropsAWebSocketIsSeenToBeGone(t *testing.T) {
	url, carrier := serve(t, websocket.Handler(nil, func(c *websocket.Conn) {
		c.Read(context.Background()) // a reset overtakes what was sent, which is the handshake too
		c.CloseNow()
	}))
	c := Dial(t, url, carrier)
	if err := c.Write(Patience(t), websocket.Text, []byte("go")); err != nil {
		t.Fatal(err)
	}
	_, _, err := c.Read(Patience(t))
	WantEnd(t, err, websocket.CloseAbnormal, "", false)
}

func (serve Serve) aMessageThatIsTooLargeIsAnsweredWithTheCloseCode(t *testing.T) {
	ended := make(chan error, 1)
	url, carrier := serve(t, Echo(&websocket.AcceptOptions{Limits: websocket.Limits{MaxMessageBytes: 10}}, ended))
	c := Dial(t, url, carrier)
	if err := c.Write(Patience(t), websocket.Text, []byte("eleven byte")); err != nil {
		t.Fatal(err)
	}
	_, _, err := c.Read(Patience(t))
	if websocket.CloseCodeOf(err) != websocket.CloseMessageTooBig {
		t.Errorf("ended with %v", err)
	}
	if err := <-ended; websocket.CloseCodeOf(err) != websocket.CloseMessageTooBig {
		t.Errorf("the server ended with %v", err)
	}
}

func (serve Serve) aReadThatIsCancelledLeavesTheWebSocketUsable(t *testing.T) {
	url, carrier := serve(t, Echo(nil, nil))
	c := Dial(t, url, carrier)
	for range 3 {
		ctx, cancel := context.WithCancel(Patience(t))
		got := make(chan error, 1)
		go func() {
			_, _, err := c.Read(ctx)
			got <- err
		}()
		cancel()
		if err := <-got; !errors.Is(err, context.Canceled) {
			t.Fatalf("Read returned %v", err)
		}
		Exchange(t, c, websocket.Text, strings.Repeat("usable ", 2000))
	}
}

func (serve Serve) aServersReadThatIsCancelledLeavesTheWebSocketUsable(t *testing.T) {
	url, carrier := serve(t, websocket.Handler(nil, func(c *websocket.Conn) {
		ctx, cancel := context.WithCancel(context.Background())
		go cancel()
		if _, _, err := c.Read(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("Read returned %v", err)
		}
		c.Write(context.Background(), websocket.Text, []byte("cancelled"))
		for {
			typ, p, err := c.Read(context.Background())
			if err != nil {
				return
			}
			c.Write(context.Background(), typ, p)
		}
	}))
	c := Dial(t, url, carrier)
	if _, p, err := c.Read(Patience(t)); string(p) != "cancelled" { // what comes sooner, Read may take
		t.Fatalf("got %q, error %v", p, err)
	}
	Exchange(t, c, websocket.Text, "usable")
	if err := c.Close(Patience(t), websocket.CloseNormal, ""); err != nil {
		t.Error(err)
	}
}

func (serve Serve) readsThatAreCancelledAtAnyByteLoseNothing(t *testing.T) {
	const messages = 2000
	read := make(chan error, 1)
	url, carrier := serve(t, websocket.Handler(nil, func(c *websocket.Conn) {
		read <- func() error {
			for i := 0; i < messages; {
				ctx, cancel := context.WithTimeout(context.Background(), time.Duration(1+i%50)*time.Microsecond)
				_, p, err := c.Read(ctx)
				cancel()
				switch {
				case errors.Is(err, context.DeadlineExceeded):
				case err != nil:
					return err
				default:
					if got := len(p); got != i {
						return fmt.Errorf("message %d has %d bytes", i, got)
					}
					i++
				}
			}
			return nil
		}()
	}))
	c := Dial(t, url, carrier)
	for i := range messages {
		if err := c.Write(Patience(t), websocket.Binary, make([]byte, i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := <-read; err != nil {
		t.Error(err)
	}
}

func (serve Serve) aSubprotocolAndCompressionAreAgreedOn(t *testing.T) {
	url, carrier := serve(t, Echo(&websocket.AcceptOptions{Subprotocols: []string{"b", "a"}, Compression: &websocket.Compression{}}, nil))
	c, err := websocket.Dial(Patience(t), url, &websocket.DialOptions{Carrier: carrier, Subprotocols: []string{"a", "b"}, Compression: &websocket.Compression{}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.CloseNow)
	if c.Subprotocol() != "b" {
		t.Errorf("subprotocol %q", c.Subprotocol())
	}
	Exchange(t, c, websocket.Text, strings.Repeat(`{"compressed":true}`, 100))
}

func (serve Serve) aRefusalTellsStatusAndReason(t *testing.T) {
	url, carrier := serve(t, Echo(nil, nil))
	_, err := websocket.Dial(Patience(t), url, &websocket.DialOptions{Carrier: carrier, Header: http.Header{"Origin": {"https://evil.example"}}})
	he, ok := errors.AsType[*websocket.HandshakeError](err)
	if !ok || he.StatusCode != http.StatusForbidden || !strings.Contains(he.Reason, `origin "https://evil.example" is not allowed`) {
		t.Errorf("error %v", err)
	}
	Exchange(t, Dial(t, url, carrier), websocket.Text, "the connection is still good")
}

func (serve Serve) aDialThatIsCancelledLeavesNothing(t *testing.T) {
	arrived := make(chan struct{})
	url, carrier := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-r.Context().Done()
	}))
	ctx, cancel := context.WithCancel(Patience(t))
	go func() {
		<-arrived
		cancel()
	}()
	if _, err := websocket.Dial(ctx, url, &websocket.DialOptions{Carrier: carrier}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}
