package client

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/holdfast-dev/holdfast/protocol"
	"github.com/holdfast-dev/holdfast/websocket"
)

var (
	// ErrClosed is returned once the client or the subscription has been closed here.
	ErrClosed = errors.New("holdfast: closed")
	// ErrUncertain tells that the connection was lost, or the wait for the answer given up, when the
	// server may have done what it was asked, or not.
	ErrUncertain = errors.New("holdfast: it is not known whether the server has done it")

	errNoAnswer = errors.New("holdfast: the server did not answer within 10s")
)

// errSubprotocol tells that what answers at an endpoint does not speak the protocol.
type errSubprotocol struct{ endpoint, want, got string }

func (e *errSubprotocol) Error() string {
	return fmt.Sprintf("holdfast: %s does not speak %s (it chose %q); check that the URL is that of /socket", e.endpoint, e.want, e.got)
}

// longestAsked is how long the client waits at most where it is asked to, however long that is: an answer may be a
// proxy's.
const longestAsked = 2 * time.Minute

// askedFor returns how long the server has asked to wait before the next attempt.
func askedFor(err error) time.Duration {
	var asked time.Duration
	if refused, ok := errors.AsType[*protocol.Error](err); ok {
		asked = refused.After
	}
	if refused, ok := errors.AsType[*websocket.HandshakeError](err); ok {
		// One that is a date, which no Holdfast server sends, is taken as none.
		if seconds, err := strconv.ParseUint(refused.Header.Get("Retry-After"), 10, 16); err == nil {
			asked = time.Duration(seconds) * time.Second
		}
	}
	return min(asked, longestAsked)
}

// judge says what to do after an attempt or a connection that has ended with err.
func judge(err error) protocol.Reconnect {
	if refused, ok := errors.AsType[*protocol.Error](err); ok {
		switch {
		case refused.Code == protocol.CodeUnauthorized || refused.Code == protocol.CodeTokenExpired:
			return protocol.ReconnectNewToken
		case refused.Code == protocol.CodeShuttingDown:
			return protocol.ReconnectElsewhere
		case refused.Retry:
			return protocol.ReconnectBackoff
		}
		return protocol.ReconnectNever
	}
	if _, ok := errors.AsType[*errSubprotocol](err); ok {
		return protocol.ReconnectNever
	}
	end, ok := errors.AsType[*websocket.CloseError](err)
	switch {
	case !ok:
		return protocol.ReconnectBackoff
	case end.By == websocket.Local && end.Code == websocket.CloseMessageTooBig:
		return protocol.ReconnectNever // the same message would come again
	case end.By == websocket.Local:
		return protocol.ReconnectBackoff
	}
	return protocol.CloseCode(end.Code).Reconnect()
}
