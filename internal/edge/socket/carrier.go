package socket

import (
	"context"

	"github.com/holdfast-dev/holdfast/websocket"
)

// carrier takes the messages of a connection to its client: a *websocket.Conn, or what an exchange of requests of
// HTTP has. Its methods may be called from any goroutine.
type carrier interface {
	// Send and SendBatch offer messages, as those of websocket.Conn do. They do not block.
	Send(*websocket.Frame) websocket.Result
	SendBatch(*websocket.Batch) websocket.Result
	// Flush waits until all that was offered has left. The error is that of ctx, or tells that the client is gone.
	Flush(ctx context.Context) error
	// Expel begins to close the connection and does not wait. The reason has at most 123 bytes.
	Expel(code websocket.CloseCode, reason string) error
	// Close closes the connection and waits until it is over, which it is when ctx ends at the latest.
	Close(ctx context.Context, code websocket.CloseCode, reason string) error
}

var _ carrier = (*websocket.Conn)(nil)
