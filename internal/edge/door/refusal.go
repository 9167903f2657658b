package door

import (
	"errors"
	"math"
	"net/http"
	"net/netip"
	"strconv"

	"github.com/holdfast-dev/holdfast/internal/auth"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/session"
	"github.com/holdfast-dev/holdfast/internal/telemetry"
	"github.com/holdfast-dev/holdfast/protocol"
	"github.com/holdfast-dev/holdfast/websocket"
)

// RequestError is a request that can't be served as it is.
type RequestError struct {
	Kind   string // for the audit
	Status int    // of the answer
	Err    error
}

func (e *RequestError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *RequestError) Unwrap() error { return e.Err }

// originError is a request of a page that may not send it.
type originError struct{ error }

// Refuse answers a request that can't be let in or served, and tells the audit. c may be nil.
func (d *Door) Refuse(w http.ResponseWriter, r *http.Request, c *session.Client, err error) {
	ref := d.tell(remote(r), c, err)
	status := http.StatusInternalServerError
	limit, limited := errors.AsType[*session.LimitError](err)
	denied, isDenied := errors.AsType[*session.DeniedError](err)
	unknown, isUnknown := errors.AsType[*auth.Error](err)
	_, foreign := errors.AsType[*originError](err)
	_, invalid := errors.AsType[*session.InvalidDataError](err)
	_, tooLarge := errors.AsType[*session.TooLargeError](err)
	bad, isBad := errors.AsType[*RequestError](err)
	switch {
	case isBad:
		status = bad.Status
	case tooLarge:
		status = http.StatusRequestEntityTooLarge
	case limited:
		status = http.StatusTooManyRequests
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(limit.After.Seconds()))))
	case invalid:
		status = http.StatusUnprocessableEntity
	case foreign:
		status = http.StatusForbidden
	case isDenied && denied.Known:
		status = http.StatusForbidden
	case isUnknown && unknown.Code == auth.Unavailable, errors.Is(err, session.ErrClosing):
		status = http.StatusServiceUnavailable
		w.Header().Set("Retry-After", "1")
	case isDenied, isUnknown:
		status = http.StatusUnauthorized
		w.Header().Set("WWW-Authenticate", `Bearer realm="holdfast"`)
	}
	http.Error(w, err.Error()+" (ref "+ref+")", status)
}

// Tell tells the audit of a refusal, and returns what the client is to know it by.
func (d *Door) Tell(c *session.Client, err error) (ref string) { return d.tell(c.From(), c, err) }

// tell is Tell; c is nil for a client that has not been let in.
func (d *Door) tell(from netip.Addr, c *session.Client, err error) (ref string) {
	refusal := telemetry.Refusal{Kind: kindOf(err), Edge: d.Edge, Why: err}
	if from.IsValid() {
		refusal.Remote = from.String()
	}
	if c != nil {
		refusal.User = c.Who().User
	}
	if denied, ok := errors.AsType[*session.DeniedError](err); ok {
		refusal.Channel, refusal.Rule = string(denied.Channels), denied.Decision.Rule.Name()
	} else if invalid, ok := errors.AsType[*session.InvalidDataError](err); ok {
		refusal.Channel, refusal.Rule = string(invalid.Channel), invalid.Rule
	} else if tooLarge, ok := errors.AsType[*session.TooLargeError](err); ok {
		refusal.Channel = string(tooLarge.Channel)
	}
	return d.Audit.Refuse(refusal)
}

// kindOf returns what kind of refusal an error is.
func kindOf(err error) string {
	if limit, ok := errors.AsType[*session.LimitError](err); ok {
		return limit.Limit
	}
	if _, ok := errors.AsType[*session.DeniedError](err); ok {
		return "not_permitted"
	}
	if unknown, ok := errors.AsType[*auth.Error](err); ok {
		return string(unknown.Code)
	}
	if _, ok := errors.AsType[*originError](err); ok {
		return "origin"
	}
	if _, ok := errors.AsType[*session.InvalidDataError](err); ok {
		return "invalid_data"
	}
	if _, ok := errors.AsType[*session.TooLargeError](err); ok {
		return "too_large"
	}
	if bad, ok := errors.AsType[*RequestError](err); ok {
		return bad.Kind
	}
	if fault, ok := errors.AsType[*protocol.Error](err); ok {
		return string(fault.Code)
	}
	if _, ok := errors.AsType[*websocket.HandshakeError](err); ok {
		return "handshake"
	}
	if _, ok := errors.AsType[*websocket.CloseError](err); ok {
		return "frames"
	}
	if errors.Is(err, session.ErrClosing) {
		return "shutting_down"
	}
	return "internal"
}

// May tells whether a client may do something; if not, the request has been answered with the reason.
func (d *Door) May(w http.ResponseWriter, r *http.Request, c *session.Client, action auth.Action, name channel.Name) bool {
	err := c.Allow(action, name.Pattern())
	if err != nil {
		d.Refuse(w, r, c, err)
	}
	return err == nil
}
