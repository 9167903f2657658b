package api

import (
	"errors"
	"fmt"
	"math"
	"net/http"

	"github.com/holdfast-dev/holdfast/internal/edge/door"
	"github.com/holdfast-dev/holdfast/internal/session"
)

// problem is an error as the client is told it (RFC 9457).
type problem struct {
	Type       string `json:"type"` // problemType and a code of docs/api.md
	Title      string `json:"title"`
	Status     int    `json:"status"`
	Detail     string `json:"detail"`
	Ref        string `json:"ref,omitzero"`         // what the server's log knows it by
	RetryAfter int    `json:"retry_after,omitzero"` // seconds
}

// problemType begins the types of problems.
const problemType = "urn:holdfast:problem:"

// titles are short words for the codes of problems. What is not here is called as HTTP calls its status.
var titles = map[string]string{
	"bad_request":         "The request can't be understood",
	"bad_channel":         "Not the name of a channel, or not a pattern",
	"unauthorized":        "No good API key",
	"not_permitted":       "Not permitted",
	"origin":              "Not for pages",
	"not_found":           "There is no such thing",
	"method_not_allowed":  "Not with this method",
	"idempotency_running": "The same request is still running",
	"idempotency_reused":  "The Idempotency-Key was another request's",
	"too_large":           "Too large",
	"too_many":            "Too many",
	"invalid_data":        "Not what the channel takes",
	"no_connection":       "There is no such connection",
	"cannot_invoke":       "The client has no methods",
	"client_error":        "The client has failed",
	"client_timeout":      "The client has not answered",
	"cannot_move":         "Clients can't move now",
	"invalid_token":       "No such token would be taken",
	"cannot_sign":         "No key to sign with",
	"cannot_purge":        "The log can't be purged",
	"cannot_remove":       "The node can't be removed",
	"cannot_rescue":       "The cluster can't be rescued so",
	"no_node":             "There is no such node",
	"no_quorum":           "Too few nodes are here",
	"rate_limited":        "Too much in too short a time",
	"no_history":          "The channel keeps no history",
	"no_presence":         "The channel has no presence",
	"log_full":            "The log is full",
	"log_unavailable":     "The log can't be reached",
	"unavailable":         "Not now",
	"shutting_down":       "The server is shutting down",
	"internal":            "A fault of the server's",
}

// refusal is an error with the code of a problem.
func refusal(code string, status int, format string, args ...any) error {
	return &door.RequestError{Kind: code, Status: status, Err: fmt.Errorf(format, args...)}
}

func badRequest(format string, args ...any) error {
	return refusal("bad_request", http.StatusBadRequest, format, args...)
}

func newProblem(r door.Refusal) *problem {
	code := string(r.Code)
	if own, ok := errors.AsType[*door.RequestError](r.Err); ok {
		code = own.Kind
	}
	title, ok := titles[code]
	if !ok {
		title = http.StatusText(r.Status)
	}
	return &problem{
		Type: problemType + code, Title: title, Status: r.Status, Detail: r.Err.Error(), Ref: r.Ref,
		RetryAfter: int(math.Ceil(r.After.Seconds())),
	}
}

// problemOf tells the audit of what could not be done for a client, and returns it as a problem.
func (h *Handler) problemOf(c *session.Client, err error) *problem {
	return newProblem(door.Refusal{Verdict: door.VerdictOf(err), Ref: h.door.Tell(c, err), Err: err})
}

// passes tells whether the same may succeed later.
func (p *problem) passes() bool {
	return p.RetryAfter > 0 || p.Status >= http.StatusInternalServerError
}

func (p *problem) write(w http.ResponseWriter) {
	a := newAnswer(p)
	a.status, a.contentType = p.Status, "application/problem+json"
	a.write(w)
}
