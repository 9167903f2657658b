package functions

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/holdfast-dev/holdfast/client/webhook"
)

// event is what a hook sends: a CloudEvent, whose data is a T.
type event[T any] struct {
	ID   string `json:"id"` // the same if it is sent again
	Data T      `json:"data"`
}

// refusal is the error of a function that says no; the visitor is shown its message.
type refusal struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

func (r *refusal) Error() string { return r.Message }

// nothing is the reply that leaves all as it is.
type nothing struct{}

// hook makes a handler of a function from an event to its reply. Only what bears a good signature reaches the
// function. An error that is no *refusal is answered with 502: the hook comes again with what it tells, and refuses
// what it asks.
func hook[T any](from *webhook.Verifier, function func(context.Context, event[T]) (any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := from.Read(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusUnauthorized)
			return
		}
		var e event[T]
		if err := json.Unmarshal(body, &e); err != nil {
			http.Error(w, "this is no event that is known here: "+err.Error(), http.StatusBadRequest)
			return
		}
		reply, err := function(r.Context(), e)
		if no, ok := errors.AsType[*refusal](err); ok {
			reply = map[string]any{"error": no}
		} else if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		text, err := json.Marshal(reply)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Write(text) // whoever has gone by now asks again, or does not want it any more
	})
}
