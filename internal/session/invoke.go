package session

import (
	"context"
	"errors"
	"time"
)

// Invokable is a Connection of whose client methods can be invoked.
type Invokable interface {
	// Invoke invokes a method with arguments, a JSON array, and returns the result as JSON. The client may answer with whatever it
	// likes.
	Invoke(ctx context.Context, method string, arguments []byte) (result []byte, err error)
}

// ErrNotInvokable says that a client has no methods, as its protocol has none.
var ErrNotInvokable = errors.New("the client has no methods that can be invoked: its protocol has none")

// ErrNoAnswer says that a client has not answered in time.
var ErrNoAnswer = errors.New("the client has not answered in time; it may have got the invocation")

// ErrGone says that a client has gone before it has answered.
var ErrGone = errors.New("the client has gone; it may have got the invocation")

// ClientError is what a client has answered instead of a result.
type ClientError struct{ Message string }

func (e *ClientError) Error() string { return "the client has answered with an error: " + e.Message }

// Invoke invokes a method of the client, and waits for its answer. The error is ErrNotInvokable, ErrNoAnswer, ErrGone, a *ClientError, a
// *protocol.Error, or that of ctx.
func (c *Client) Invoke(ctx context.Context, method string, arguments []byte, timeout time.Duration) (result []byte, err error) {
	conn, ok := c.connection().(Invokable)
	if !ok {
		return nil, ErrNotInvokable
	}
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, ErrNoAnswer)
	defer cancel()
	return conn.Invoke(ctx, method, arguments)
}
