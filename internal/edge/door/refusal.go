package door

import (
	"errors"
	"math"
	"net/http"
	"net/netip"
	"strconv"
	"time"

	"github.com/holdfast-dev/holdfast/internal/auth"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/hooks"
	"github.com/holdfast-dev/holdfast/internal/session"
	"github.com/holdfast-dev/holdfast/internal/telemetry"
)

// RequestError is a request that can't be served as it is.
type RequestError struct {
	Kind   string        // for the audit
	Status int           // of the answer
	After  time.Duration // when to try again; 0 if it would be in vain
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
	v := VerdictOf(err)
	if v.After > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(v.After.Seconds()))))
	}
	if v.Status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="holdfast"`)
	}
	if d.Answer != nil {
		d.Answer(w, Refusal{v, ref, err})
		return
	}
	http.Error(w, err.Error()+" (ref "+ref+")", v.Status)
}

// Refusal is what is answered to a request that is not let in or served.
type Refusal struct {
	Verdict
	Ref string // what the audit knows it by
	Err error
}

// Tell tells the audit of a refusal, and returns what the client is to know it by.
func (d *Door) Tell(c *session.Client, err error) (ref string) { return d.tell(c.From(), c, err) }

// tell is Tell; c is nil for a client that has not been let in.
func (d *Door) tell(from netip.Addr, c *session.Client, err error) (ref string) {
	refusal := telemetry.Refusal{Kind: VerdictOf(err).Kind, Edge: d.Edge, Why: err}
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
	} else if said, ok := errors.AsType[*hooks.Refusal](err); ok {
		refusal.Rule = "hook " + said.Hook
	}
	return d.Audit.Refuse(refusal)
}

// May tells whether a client may do something; if not, the request has been answered with the reason. To see into the
// channel, it takes the backend's leave, too. About messages that are published, the backend is asked one by one.
func (d *Door) May(w http.ResponseWriter, r *http.Request, c *session.Client, action auth.Action, name channel.Name) bool {
	err := c.Allow(action, name.Pattern())
	if err == nil && action != auth.Publish {
		err = c.Ask(r.Context(), name.Pattern())
	}
	if err != nil {
		d.Refuse(w, r, c, err)
	}
	return err == nil
}
