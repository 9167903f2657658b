package signalr

import (
	"context"

	"github.com/holdfast-dev/holdfast/websocket"
)

// link carries a connection's messages to its client: one of SignalR's transports. Its methods may be called from any goroutine.
type link interface {
	// send offers messages. It does not block; an empty queue takes any number of bytes.
	send(p *parcel) websocket.Result
	// flush waits until all that was offered has left. The error is that of ctx, or tells that the client is gone.
	flush(ctx context.Context) error
	// expel sends the last messages, which may be nil, behind what waits, begins to close the transport and does not wait. code and
	// reason are for transports that have some.
	expel(last *parcel, code websocket.CloseCode, reason string)
	// close sends what waits and then closes the transport; when it returns that has been done, or ctx has ended.
	close(ctx context.Context, code websocket.CloseCode, reason string)
}
