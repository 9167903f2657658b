package client

import (
	"context"
	"time"

	"github.com/holdfast-dev/holdfast/protocol"
	"github.com/holdfast-dev/holdfast/websocket"
)

// Transport is a way in which messages travel.
type Transport byte

// The transports, in the order in which they are tried. The last two are for networks that let no WebSocket through.
const (
	TransportWebSocket Transport = iota
	TransportStream              // server-sent events one way, POSTs the other
	TransportPolls               // long polling one way, POSTs the other: for proxies that hold back an answer until it ends
)

// AllTransports returns the transports in the order in which they are tried.
func AllTransports() []Transport {
	return []Transport{TransportWebSocket, TransportStream, TransportPolls}
}

// String returns the name in lower case.
func (t Transport) String() string {
	return [...]string{"websocket", "stream", "polls"}[t]
}

// carrier is a connection on which messages travel. Its methods may be called from any goroutine, Write and Close from
// one, and Serve once.
type carrier interface {
	// Write sends a message, and waits while the server takes none.
	Write(ctx context.Context, typ websocket.MessageType, message []byte) error
	// Serve hands over what comes until the connection is over, and returns how it has ended: a *websocket.CloseError.
	Serve(handle func(typ websocket.MessageType, payload []byte)) error
	// Close ends the connection in order, CloseNow at once.
	Close(ctx context.Context, code websocket.CloseCode, reason string) error
	CloseNow()
	// Watch ends the connection when the server is silent for longer than it would be, with websocket.ErrSilent. say is
	// called when the server has to hear something of the client; it must not block.
	Watch(ping, pong time.Duration, say func())
}

// dial opens a connection to an endpoint. reached tells whether something was there to talk to.
func (c *Client) dial(ctx context.Context, endpoint string, t Transport) (conn carrier, encoding protocol.Encoding, reached bool, err error) {
	switch t {
	case TransportStream:
		conn, err = dialStream(ctx, endpoint, &c.options.WebSocket)
	case TransportPolls:
		conn, err = dialPolls(ctx, endpoint, &c.options.WebSocket)
	default:
		conn, reached, err = dialSocket(ctx, endpoint, &c.options.WebSocket)
		return conn, c.options.Encoding, reached, err
	}
	return conn, protocol.JSON, true, err
}
