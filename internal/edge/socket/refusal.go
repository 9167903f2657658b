package socket

import (
	"context"
	"crypto/rand"
	"errors"

	"github.com/holdfast-dev/holdfast/internal/auth"
	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/edge/door"
	"github.com/holdfast-dev/holdfast/internal/hooks"
	"github.com/holdfast-dev/holdfast/internal/session"
	"github.com/holdfast-dev/holdfast/protocol"
)

// may tells why the client may not do something with channels, or nil if it may.
func (c *conn) may(action auth.Action, channels channel.Pattern) *protocol.Error {
	if err := c.client.Allow(action, channels); err != nil {
		return c.refused(err)
	}
	return nil
}

// spend counts a command, and tells why it can't be taken now, or nil if it can.
func (c *conn) spend(bytes int) *protocol.Error {
	if err := c.client.Spend(1, bytes); err != nil {
		return c.refused(err)
	}
	return nil
}

// refused tells the audit that the client is refused something, and returns the error of the protocol.
func (c *conn) refused(err error) *protocol.Error {
	v := door.VerdictOf(err)
	refused := c.tell(v.Code, err)
	if said, ok := errors.AsType[*hooks.Refusal](err); ok {
		refused.Retry = said.Answer.Retry
	}
	if refused.Retry {
		refused.After = v.After
	}
	return refused
}

// tell tells the audit of a refusal, and returns it as an error of the protocol.
func (c *conn) tell(code protocol.Code, err error) *protocol.Error {
	refused := protocol.Errorf(code, "%v", err)
	refused.Ref = c.handler.door.Tell(c.client, err)
	return refused
}

// badChannel says which rule of names or patterns is broken.
func badChannel(err error) *protocol.Error {
	return protocol.Errorf(protocol.CodeBadChannel, "%v", err)
}

// refusal turns what the channels could not do into an error of the protocol. What is no fault of the
// client's is logged.
func (c *conn) refusal(what string, channels channel.Name, err error) *protocol.Error {
	_, tooLarge := errors.AsType[*session.TooLargeError](err)
	_, invalid := errors.AsType[*session.InvalidDataError](err)
	_, limited := errors.AsType[*session.LimitError](err)
	_, saidNo := errors.AsType[*hooks.Refusal](err)
	_, silent := errors.AsType[*hooks.Unavailable](err)
	code := protocol.CodeInternal
	switch {
	case invalid, limited, saidNo, silent:
		return c.refused(err)
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
