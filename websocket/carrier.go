package websocket

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"

	"github.com/holdfast-dev/holdfast/websocket/internal/deflate"
	"github.com/holdfast-dev/holdfast/websocket/internal/handshake"
	"github.com/holdfast-dev/holdfast/websocket/internal/wire"
)

// Carrier carries WebSockets as streams of HTTP/2 or HTTP/3 connections that they share. The
// packages websocket/h2 and websocket/h3 have one each.
type Carrier interface {
	// Connect opens a stream with the extended CONNECT r (RFC 8441 section 4), adding the :protocol
	// "websocket" the way its HTTP client takes it, and returns the answer. If the answer's status is
	// 2xx, stream is the stream, which Close resets unless one side has ended it, and the answer's body
	// is not to be read. Otherwise stream is nil and the body is the reason. ctx bounds Connect, not
	// the stream.
	Connect(ctx context.Context, r *http.Request) (answer *http.Response, stream net.Conn, err error)
}

// dialStream opens a WebSocket through o.Carrier.
func dialStream(ctx context.Context, u *url.URL, o *DialOptions) (*Conn, error) {
	if o.TLS != nil || o.NetDial != nil {
		return nil, errors.New("websocket: DialOptions.TLS and NetDial have no effect on a Carrier, whose connections are shared; set them on the Carrier")
	}
	var offer []string
	if o.Compression != nil {
		offer = append(offer, deflate.Offer(o.Compression.config()))
	}
	r, err := handshake.NewConnect(u, o.Subprotocols, o.Header, offer...)
	if err != nil {
		return nil, fmt.Errorf("websocket: %w", err)
	}
	resp, nc, err := o.Carrier.Connect(ctx, r)
	if err != nil {
		return nil, fmt.Errorf("websocket: dial %s: %w", u.Redacted(), err)
	}
	if nc == nil {
		defer resp.Body.Close()
		return nil, &HandshakeError{StatusCode: resp.StatusCode, Reason: refusalReason(resp), Header: resp.Header}
	}
	subprotocol, params, compressed, err := checkAnswer(resp, o, handshake.CheckConnected)
	if err != nil {
		nc.Close()
		return nil, &HandshakeError{StatusCode: resp.StatusCode, Reason: err.Error(), Header: resp.Header}
	}
	c := newConn(nc, wire.Client, o.Limits, subprotocol, nil)
	if compressed {
		c.agreeOnCompression(o.Compression, params)
	}
	return c, nil
}
