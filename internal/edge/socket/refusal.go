package socket

import (
	"context"
	"crypto/rand"
	"errors"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/session"
	"github.com/holdfast-dev/holdfast/protocol"
)

// badChannel says which rule of names or patterns is broken.
func badChannel(err error) *protocol.Error {
	return protocol.Errorf(protocol.CodeBadChannel, "%v", err)
}

// refusal turns what the channels could not do into an error of the protocol. What is no fault of the
// client's is logged.
func (c *conn) refusal(what string, channels channel.Name, err error) *protocol.Error {
	_, tooLarge := errors.AsType[*session.TooLargeError](err)
	code := protocol.CodeInternal
	switch {
	case tooLarge, errors.Is(err, broker.ErrTooLarge):
		return protocol.Errorf(protocol.CodeTooLarge, "%v", err)
	case errors.Is(err, session.ErrNoHistory):
		return noHistory(channels)
	case errors.Is(err, broker.ErrFull):
		code = protocol.CodeLogFull
	case errors.Is(err, broker.ErrUnavailable), errors.Is(err, context.DeadlineExceeded):
		code = protocol.CodeLogUnavailable
	case errors.Is(err, context.Canceled):
		code = protocol.CodeShuttingDown
	}
	refused := protocol.Errorf(code, "%v", err)
	refused.Ref = rand.Text()[:refChars]
	c.handler.config.Log.Warn("command failed", "command", what, "channel", channels, "code", code, "ref", refused.Ref, "error", err)
	return refused
}

const refChars = 8

func noHistory(name channel.Name) *protocol.Error {
	return protocol.Errorf(protocol.CodeNoHistory, "the channel %q keeps no history: the rules of the server give none to channels of this name", name)
}

func noPresence(name channel.Name) *protocol.Error {
	return protocol.Errorf(protocol.CodeNoPresence, "the channel %q has no presence: the rules of the server give none to channels of this name", name)
}
