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
)

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
	switch {
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
	refusal := telemetry.Refusal{Kind: "internal", Edge: d.Edge, Why: err}
	if from.IsValid() {
		refusal.Remote = from.String()
	}
	if c != nil {
		refusal.User = c.Who().User
	}
	if limit, ok := errors.AsType[*session.LimitError](err); ok {
		refusal.Kind = limit.Limit
	} else if denied, ok := errors.AsType[*session.DeniedError](err); ok {
		refusal.Kind, refusal.Channel, refusal.Rule = "not_permitted", string(denied.Channels), denied.Decision.Rule.Name()
	} else if invalid, ok := errors.AsType[*session.InvalidDataError](err); ok {
		refusal.Kind, refusal.Channel, refusal.Rule = "invalid_data", string(invalid.Channel), invalid.Rule
	} else if unknown, ok := errors.AsType[*auth.Error](err); ok {
		refusal.Kind = string(unknown.Code)
	} else if _, ok := errors.AsType[*originError](err); ok {
		refusal.Kind = "origin"
	} else if errors.Is(err, session.ErrClosing) {
		refusal.Kind = "shutting_down"
	}
	return d.Audit.Refuse(refusal)
}

// May tells whether a client may do something; if not, the request has been answered with the reason.
func (d *Door) May(w http.ResponseWriter, r *http.Request, c *session.Client, action auth.Action, name channel.Name) bool {
	err := c.Allow(action, name.Pattern())
	if err != nil {
		d.Refuse(w, r, c, err)
	}
	return err == nil
}
