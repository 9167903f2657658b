package socket

import (
	"context"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"testing"

	sdk "github.com/holdfast-dev/holdfast/client"
	"github.com/holdfast-dev/holdfast/internal/hooks"
	"github.com/holdfast-dev/holdfast/protocol"
	"github.com/holdfast-dev/holdfast/websocket"
)

// breaker is a transport that the test can break.
type breaker struct {
	mu   sync.Mutex // guards what follows
	last net.Conn
}

func (b *breaker) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, addr)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.last = conn
	return conn, err
}

func (b *breaker) breakOff() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.last.Close() // the connection may be over already
}

func TestTheGoClientLosesNothingWhenItsConnectionsBreak(t *testing.T) {
	e := start(t)
	for _, encoding := range []protocol.Encoding{protocol.JSON, protocol.MessagePack} {
		t.Run(encoding.String(), func(t *testing.T) {
			const n, every = 120, 40
			ctx := patience(t)
			dial := func(b *breaker) *sdk.Client {
				c, err := sdk.Dial(ctx, e.url, &sdk.Options{Encoding: encoding, WebSocket: websocket.DialOptions{NetDial: b.dial}})
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() {
					if err := c.Close(ctx); err != nil {
						t.Error(err)
					}
				})
				return c
			}
			var publishing, subscribing breaker
			name := "kept/sdk/" + encoding.String()
			publisher, subscriber := dial(&publishing), dial(&subscribing)
			sub, err := subscriber.Channel(name).Subscribe(ctx, nil)
			if err != nil {
				t.Fatal(err)
			}
			for i := range n {
				if i%every == every/2 {
					publishing.breakOff()
				}
				if i%every == every/4 {
					subscribing.breakOff()
				}
				if _, err := publisher.Channel(name).PublishAsync(ctx, sdk.Text(fmt.Sprint(i)), nil); err != nil {
					t.Fatal(err)
				}
			}
			next := 0
			for m, err := range sub.Messages(ctx) {
				if err != nil || m.Text() != fmt.Sprint(next) {
					t.Fatalf("got %q, %v; want %d", m.Text(), err, next)
				}
				if next++; next == n {
					break
				}
			}
		})
	}
}

func TestTheGoClientCallsTheBackendAndIsNotDisturbedByWhatItIsSubscribedTo(t *testing.T) {
	var asked atomic.Int32
	b := vouches(&asked, "staff/a")
	b.OnRPC = func(_ context.Context, r *hooks.RPCRequest) (protocol.Payload, error) {
		return protocol.Text(r.User + " calls " + r.Method), nil
	}
	e := startAsking(t, b)
	ctx := patience(t)
	c, err := sdk.Dial(ctx, e.url, &sdk.Options{Token: func(context.Context) (string, error) { return "ada", nil }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	own, err := c.Channel("staff/b").Subscribe(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"staff/a", "staff/b"} {
		if _, err := c.Channel(name).Publish(ctx, sdk.Text("to "+name), nil); err != nil {
			t.Fatal(err)
		}
	}
	for m, err := range own.Messages(ctx) {
		if err != nil || m.Text() != "to staff/b" {
			t.Errorf("got %q, %v", m.Text(), err)
		}
		break
	}
	if answer, err := c.RPC(ctx, "who", sdk.Text("")); err != nil || string(answer.Data) != "ada calls who" {
		t.Errorf("answered %q, %v", answer.Data, err)
	}
}
