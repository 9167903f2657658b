package websocket

import (
	"context"
	"errors"
	"net"
	"time"
	"unicode/utf8"

	"github.com/holdfast-dev/holdfast/websocket/internal/outbox"
	"github.com/holdfast-dev/holdfast/websocket/internal/wire"
)

const (
	// maxCloseReason is what a close frame has room for behind the code (RFC 6455 section 5.5).
	maxCloseReason = wire.MaxControlPayload - 2
	// maxDrain is how many bytes of a peer that goes on sending are read and thrown away, so that
	// it gets to see our close frame instead of a reset.
	maxDrain = 16 << 20
)

// Close ends the connection with the closing handshake of RFC 6455 section 7: what was written
// before is flushed, the close frame follows, the peer's answer is awaited, then the transport is
// closed. Messages that arrive meanwhile go to the goroutine in Read or Serve; if there is none, the
// next Reads return them, as many as fit into Limits.MaxMessageBytes together. Code 0 or CloseNoStatus sends a close frame without a code.
//
// Close takes at most Limits.CloseTimeout or until ctx ends; then the transport is dropped. It
// returns nil if the closing handshake was completed, whoever began it, and the *CloseError
// otherwise; ErrCloseCode, with nothing done, for a code or reason that may not be sent.
//
// Do not call Close from Serve's handler, which would wait for itself until the timeout: call
// Expel.
func (c *Conn) Close(ctx context.Context, code CloseCode, reason string) error {
	if err := c.sendClose(code, reason, false); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, c.limits.CloseTimeout, errCloseTimeout)
	defer cancel()
	select {
	case c.reading <- struct{}{}:
		c.awaitClose(ctx)
		c.letGo()
	case <-c.Done():
	case <-ctx.Done():
		c.drop(context.Cause(ctx))
	}
	if end := c.closedError(nil); !end.Clean {
		return end
	}
	return nil
}

// awaitClose sees to the closing handshake where nobody else reads. The caller holds the reading
// token.
func (c *Conn) awaitClose(ctx context.Context) {
	stop := context.AfterFunc(ctx, func() { c.drop(context.Cause(ctx)) })
	defer stop()
	for !c.over() {
		m, _, err := c.receive()
		if err != nil {
			c.finish(err)
			return
		}
		c.late.add(m, c.limits.MaxMessageBytes)
	}
}

// Expel begins to close the connection and returns at once, whatever state it is in: frames that
// wait to be sent are thrown away and the close frame takes their place. The goroutine in Read or
// Serve sees the rest through; after Limits.CloseTimeout the transport is dropped. It is for
// peers that can't be waited for, such as one whose queue is full. Errors are those of Close.
func (c *Conn) Expel(code CloseCode, reason string) error {
	return c.sendClose(code, reason, true)
}

// CloseNow drops the transport without a closing handshake. The peer sees CloseAbnormal.
func (c *Conn) CloseNow() {
	c.beginEnd(&CloseError{Code: CloseAbnormal, By: Local})
	c.drop(net.ErrClosed)
}

// sendClose sends our close frame unless the connection is ending already.
func (c *Conn) sendClose(code CloseCode, reason string, discard bool) error {
	if code == 0 {
		code = CloseNoStatus
	}
	if code != CloseNoStatus && !wire.CanSend(uint16(code)) ||
		code == CloseNoStatus && reason != "" || len(reason) > maxCloseReason || !utf8.ValidString(reason) {
		return ErrCloseCode
	}
	if c.beginEnd(&CloseError{Code: code, Reason: reason, By: Local}) {
		c.out.Finish(c.closeFrame(code, reason), discard)
	}
	return nil
}

// closeFrame encodes a close frame.
func (c *Conn) closeFrame(code CloseCode, reason string) *outbox.Buffer {
	var payload [wire.MaxControlPayload]byte
	return encode(c.role, wire.Close, wire.AppendClose(payload[:0], uint16(code), reason))
}

// errSeenOff ends receive after a close frame, sent or received, has said everything.
var errSeenOff = errors.New("websocket: closed")

// peerClosed deals with the peer's close frame: it is answered unless it is an answer itself, and
// the transport is seen off. The caller holds the reading token.
func (c *Conn) peerClosed(payload []byte) error {
	code, reason, broken := wire.ParseClose(payload)
	if broken != nil {
		return c.violated(broken)
	}
	if c.beginEnd(&CloseError{Code: CloseCode(code), Reason: reason, By: Remote}) {
		// RFC 6455 section 5.5.1: the answer echoes the code; the reason comes back too, since a browser
		// shows the one it receives. What is queued goes first: a peer reads until our close frame.
		c.out.Finish(c.closeFrame(CloseCode(code), reason), false)
	}
	if err := c.out.Flush(); err != nil {
		return err
	}
	c.mu.Lock()
	c.verdict.Clean = true
	c.mu.Unlock()
	c.seeOff(c.role == wire.Server)
	return errSeenOff
}

// violated fails the connection because the peer broke a rule (RFC 6455 section 7.1.7).
func (c *Conn) violated(e *wire.Error) error {
	if c.beginEnd(&CloseError{Code: CloseCode(e.Code), Reason: e.Reason, By: Local}) {
		c.out.Finish(c.closeFrame(CloseCode(e.Code), e.Reason), true)
	}
	if err := c.out.Flush(); err != nil {
		return err
	}
	if e.Code == uint16(CloseMessageTooBig) {
		c.awaitAnswer()
	}
	c.seeOff(true)
	return errSeenOff
}

// awaitAnswer reads past a message that was too large, and whatever else the peer sends before it
// sees our close frame, until its answer comes. An honest peer that sent too much then gets a clean
// close, with the reason. Bounded like seeOff, and by a fifth of the closing timeout, for a peer that
// does not mean to answer.
func (c *Conn) awaitAnswer() {
	c.in.parser.SkipMessages()
	if c.nc.SetReadDeadline(time.Now().Add(c.limits.CloseTimeout/5)) != nil {
		return // the transport is gone
	}
	defer c.nc.SetReadDeadline(time.Time{})
	for skipped := 0; skipped < maxDrain; {
		ev, ok, err := c.in.next()
		switch {
		case err != nil:
			return
		case ok && ev.Kind == wire.KindClose:
			c.mu.Lock()
			c.verdict.Clean = true
			c.mu.Unlock()
			return
		case ok:
			skipped += len(ev.Payload)
		case c.transport.fill(&c.in) != nil:
			return
		}
	}
}

// seeOff waits until the peer has closed the transport, reading and throwing away what it still
// sends: closing a socket with unread bytes would reset it, and the reset would overtake our close
// frame. A server, and whoever fails the connection, closes its own half first (RFC 6455 section
// 7.1.1). Bounded by the closing timer and by maxDrain.
func (c *Conn) seeOff(closeFirst bool) {
	if closeFirst {
		half, ok := c.nc.(interface{ CloseWrite() error })
		if !ok || half.CloseWrite() != nil {
			return // nothing to wait for: the transport can't be closed by halves, or is gone
		}
	}
	c.in.clear()
	for skipped := 0; skipped < maxDrain; {
		n, err := c.transport.skip(&c.in)
		if err != nil {
			return // the end that was waited for, or one that came sooner
		}
		skipped += n
	}
}
