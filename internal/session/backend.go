package session

import (
	"context"
	"errors"
	"time"

	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/hooks"
	"github.com/holdfast-dev/holdfast/protocol"
)

// Backend is the application's own server, which is asked what its users may do and told what they have done, as far as
// the configuration says so: a [*hooks.Hooks]. Its methods may be called from any goroutine. Those with a context wait for
// its answer; Asks is called for every message, and has to be cheap.
type Backend interface {
	Listener
	Asks(kind hooks.Kind, channels channel.Pattern) bool
	Headers() []string // of a request that Connect wants to see
	Connect(context.Context, *hooks.ConnectRequest) (*hooks.ConnectReply, error)
	Subscribe(context.Context, *hooks.SubscribeRequest) error
	Publish(context.Context, *hooks.PublishRequest) (*protocol.Payload, error)
	RPC(context.Context, *hooks.RPCRequest) (protocol.Payload, error)
}

// Listener is told what has happened. Its methods may be called from any goroutine, and do not wait; Tells is called for
// every message, and has to be cheap.
type Listener interface {
	Tells(kind hooks.Kind, name channel.Name) bool
	Tell(hooks.Event)
}

// noBackend is neither asked nor told anything.
var noBackend Backend = (*hooks.Hooks)(nil)

// maxAsk is how long a question may take. It leaves a command time to be answered within the 30 s of docs/protocol.md.
const maxAsk = 25 * time.Second

// ask asks the backend, at most for maxAsk, and not longer than clients are waited for.
func (cs *Clients) ask(ctx context.Context, question func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, maxAsk)
	defer cancel()
	defer context.AfterFunc(cs.asking, cancel)()
	err := question(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		return &hooks.Unavailable{Err: err}
	}
	return err
}

// about returns the client as the backend is told of it.
func (c *Client) about() hooks.Client {
	who := c.who.Load()
	about := hooks.Client{User: who.User, Info: who.Info, Session: who.session, Edge: c.edge, Server: who.Server}
	if !c.request {
		about.Connection = c.ID()
	}
	if c.from.IsValid() {
		about.Remote = c.from.String()
	}
	return about
}

// asks tells whether the backend wants to be asked. About what it does itself, or the server (a nil client), it is not.
func (c *Client) asks(kind hooks.Kind, channels channel.Pattern) bool {
	return c != nil && c.clients.Backend.Asks(kind, channels) && !c.Who().Server
}

// Asks tells whether Ask would ask the backend, and so may wait. It costs little.
func (c *Client) Asks(channels channel.Pattern) bool { return c.asks(hooks.Subscribe, channels) }

// Ask asks the backend, if it wants to be, whether the client may see into channels: subscribe to them, read their history,
// know who is there. It comes after Allow, and can only take away. The error is a *hooks.Refusal, a *hooks.Unavailable, or
// that of ctx.
func (c *Client) Ask(ctx context.Context, channels channel.Pattern) error {
	if !c.Asks(channels) {
		return nil
	}
	return c.clients.ask(ctx, func(ctx context.Context) error {
		return c.clients.Backend.Subscribe(ctx, &hooks.SubscribeRequest{Client: c.about(), Channels: channels})
	})
}

// ErrNoMethods says that nobody answers calls.
var ErrNoMethods = errors.New("the server has no backend for calls")

// Call has the backend answer a call. The error is ErrNoMethods, a *hooks.Refusal, a *hooks.Unavailable, or that of ctx.
func (c *Client) Call(ctx context.Context, method string, data protocol.Payload) (answer protocol.Payload, err error) {
	if !c.asks(hooks.RPC, "") {
		return answer, ErrNoMethods
	}
	err = c.clients.ask(ctx, func(ctx context.Context) error {
		answer, err = c.clients.Backend.RPC(ctx, &hooks.RPCRequest{Client: c.about(), Method: method, Payload: data})
		return err
	})
	if errors.Is(err, hooks.ErrNotAsked) {
		err = ErrNoMethods
	}
	return answer, err
}
