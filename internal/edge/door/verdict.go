package door

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/holdfast-dev/holdfast/internal/auth"
	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/hooks"
	"github.com/holdfast-dev/holdfast/internal/session"
	"github.com/holdfast-dev/holdfast/protocol"
	"github.com/holdfast-dev/holdfast/websocket"
)

// Verdict is what an error means to the client that is refused by it, on whatever edge.
type Verdict struct {
	Kind   string        // for the audit, one of few
	Code   protocol.Code // in the Holdfast protocol
	Status int           // in HTTP
	After  time.Duration // when to try again; 0 if it would be in vain, or nobody knows
}

// retrySoon is when to try again what fails for reasons that pass.
const retrySoon = time.Second

// VerdictOf returns what an error of the session, the broker, auth, the WebSocket engine or this package means. One that it
// does not know is a fault of the server's.
func VerdictOf(err error) Verdict {
	if bad, ok := errors.AsType[*RequestError](err); ok {
		return Verdict{bad.Kind, protocol.CodeBadCommand, bad.Status, bad.After}
	}
	if limit, ok := errors.AsType[*session.LimitError](err); ok {
		return Verdict{limit.Limit, protocol.CodeRateLimited, http.StatusTooManyRequests, limit.After}
	}
	if denied, ok := errors.AsType[*session.DeniedError](err); ok {
		if denied.Known {
			return Verdict{"not_permitted", protocol.CodeNotPermitted, http.StatusForbidden, 0}
		}
		return Verdict{"not_permitted", protocol.CodeUnauthorized, http.StatusUnauthorized, 0}
	}
	if unknown, ok := errors.AsType[*auth.Error](err); ok {
		code := protocol.Code(unknown.Code)
		if unknown.Code == auth.Unavailable {
			return Verdict{string(code), code, http.StatusServiceUnavailable, retrySoon}
		}
		return Verdict{string(code), code, http.StatusUnauthorized, 0}
	}
	if _, ok := errors.AsType[*originError](err); ok {
		return Verdict{"origin", protocol.CodeNotPermitted, http.StatusForbidden, 0}
	}
	if _, ok := errors.AsType[*session.InvalidDataError](err); ok {
		return ofCode(protocol.CodeInvalidData, http.StatusUnprocessableEntity)
	}
	if _, ok := errors.AsType[*session.TooLargeError](err); ok {
		return ofCode(protocol.CodeTooLarge, http.StatusRequestEntityTooLarge)
	}
	if said, ok := errors.AsType[*hooks.Refusal](err); ok {
		return Verdict{"hook", said.Answer.Code, statusOf(said.Answer), said.Answer.After}
	}
	if silent, ok := errors.AsType[*hooks.Unavailable](err); ok {
		return Verdict{"hook_unavailable", protocol.CodeUnavailable, http.StatusServiceUnavailable, max(silent.After, retrySoon)}
	}
	if fault, ok := errors.AsType[*protocol.Error](err); ok {
		return Verdict{string(fault.Code), fault.Code, http.StatusBadRequest, fault.After}
	}
	if _, ok := errors.AsType[*websocket.HandshakeError](err); ok {
		return Verdict{"handshake", protocol.CodeBadCommand, http.StatusBadRequest, 0}
	}
	if _, ok := errors.AsType[*websocket.CloseError](err); ok {
		return Verdict{"frames", protocol.CodeBadCommand, http.StatusBadRequest, 0}
	}
	return ofServer(err)
}

// ofServer is VerdictOf for what is no fault of the client's.
func ofServer(err error) Verdict {
	v := ofCode(protocol.CodeInternal, http.StatusInternalServerError)
	switch {
	case errors.Is(err, broker.ErrTooLarge):
		return ofCode(protocol.CodeTooLarge, http.StatusRequestEntityTooLarge)
	case errors.Is(err, session.ErrNoMethods):
		return ofCode(protocol.CodeUnknownMethod, http.StatusNotFound)
	case errors.Is(err, session.ErrNoHistory):
		return ofCode(protocol.CodeNoHistory, http.StatusNotFound)
	case errors.Is(err, broker.ErrFull):
		v = ofCode(protocol.CodeLogFull, http.StatusInsufficientStorage)
	case errors.Is(err, broker.ErrUnavailable), errors.Is(err, context.DeadlineExceeded):
		v = ofCode(protocol.CodeLogUnavailable, http.StatusServiceUnavailable)
	case errors.Is(err, session.ErrDraining): // there is nothing to wait for: others take the client at once
		return ofCode(protocol.CodeShuttingDown, http.StatusServiceUnavailable)
	case errors.Is(err, session.ErrClosing), errors.Is(err, context.Canceled):
		v = ofCode(protocol.CodeShuttingDown, http.StatusServiceUnavailable)
	}
	v.After = retrySoon
	return v
}

// statusOf returns the HTTP status of what a backend has said.
func statusOf(said *protocol.Error) int {
	switch {
	case said.Code == protocol.CodeUnauthorized, said.Code == protocol.CodeTokenExpired:
		return http.StatusUnauthorized
	case said.Code == protocol.CodeRateLimited:
		return http.StatusTooManyRequests
	case said.Retry:
		return http.StatusServiceUnavailable
	}
	return http.StatusForbidden
}

func ofCode(code protocol.Code, status int) Verdict {
	return Verdict{Kind: string(code), Code: code, Status: status}
}
