package main

import (
	"errors"
	"net/url"
	"strconv"

	"github.com/holdfast-dev/holdfast/websocket"
)

// explainEnd judges how a connection that was not closed here on purpose has ended: nil if the peer
// closed it in peace (1000, 1001 or a close frame without a code), else a failure with exitEnded.
func explainEnd(u *url.URL, err error) error {
	end, ok := errors.AsType[*websocket.CloseError](err)
	switch {
	case !ok:
		return fail(exitEnded, "the connection to %s failed: %w", u, err)
	case end.By == websocket.Remote && peaceful(end.Code):
		return nil
	case end.By == websocket.Remote && end.Code == websocket.CloseMessageTooBig:
		return fail(exitEnded, "the server refused a message over its limit (%s); send smaller ones, or raise the limit (--max-message of holdfast dev)", closeText(end))
	case end.By == websocket.Remote:
		return fail(exitEnded, "the server closed the connection: %s", closeText(end))
	case end.By == websocket.Local && end.Code == websocket.CloseMessageTooBig:
		return fail(exitEnded, "a message was over the limit here, so the connection was closed: %s; raise the limit with --max-message", closeText(end))
	case end.By == websocket.Local:
		return fail(exitEnded, "the server broke the protocol, so the connection was closed: %s", closeText(end))
	case end.Err != nil:
		return fail(exitEnded, "the connection to %s was lost without a close frame: %w", u, end.Err)
	}
	return fail(exitEnded, "the connection to %s was lost without a close frame", u)
}

func peaceful(code websocket.CloseCode) bool {
	return code == websocket.CloseNormal || code == websocket.CloseGoingAway || code == websocket.CloseNoStatus
}

// describeEnd tells in a few words who ended a connection, and how.
func describeEnd(end *websocket.CloseError) string {
	switch end.By {
	case websocket.Local:
		return "closed here: " + closeText(end)
	case websocket.Remote:
		return "closed by the server: " + closeText(end)
	}
	return "lost: " + closeText(end)
}

// closeText returns the code, its name and the reason: `1001 (going away): "the server shuts down"`.
func closeText(end *websocket.CloseError) string {
	if end.Reason == "" {
		return end.Code.String()
	}
	return end.Code.String() + ": " + strconv.Quote(end.Reason)
}
