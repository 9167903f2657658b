package socket

import (
	"errors"
	"net/http"
	"strings"

	"github.com/holdfast-dev/holdfast/internal/edge/door"
	"github.com/holdfast-dev/holdfast/internal/session"
)

// The headers of a request that belongs to a connection without a WebSocket. The id of the connection is a secret.
const (
	connectionHeader = "Holdfast-Connection"
	sequenceHeader   = "Holdfast-Sequence"
)

// greeting tells a client which connection it has.
type greeting struct {
	Connection string `json:"connection"`
}

// serveExchange answers a request that belongs to a connection without a WebSocket, or opens one. It returns false if it
// is neither.
func (h *Handler) serveExchange(w http.ResponseWriter, r *http.Request) bool {
	id := r.Header.Get(connectionHeader)
	accepts := strings.Join(r.Header.Values("Accept"), ",")
	switch {
	case id == "" && r.Method == http.MethodGet && strings.Contains(accepts, "text/event-stream"):
		h.serveStream(w, r)
		return true
	case id == "" && r.Method == http.MethodGet && strings.Contains(accepts, "application/json"):
		h.serveOpening(w, r)
		return true
	case id == "":
		return false
	}
	if x := h.exchanges.find(id); x != nil {
		h.serveExchangeOf(w, r, x)
	} else if !h.serveElsewhere(w, r, id) {
		h.door.Stray(w, r, &door.RequestError{Kind: "unknown_connection", Status: http.StatusNotFound, Err: errUnknown})
	}
	return true
}

// serveExchangeOf answers a request of a connection that is here.
func (h *Handler) serveExchangeOf(w http.ResponseWriter, r *http.Request, x *exchange) {
	switch r.Method {
	case http.MethodGet:
		h.servePoll(w, r, x)
	case http.MethodPost:
		h.serveSend(w, r, x)
	case http.MethodDelete:
		x.drop(errLeft)
		w.WriteHeader(http.StatusNoContent)
	default:
		w.Header().Set("Allow", "GET, POST, DELETE")
		http.Error(w, "a connection is polled with GET, sent to with POST and left with DELETE", http.StatusMethodNotAllowed)
	}
}

var (
	errUnknown = errors.New("there is no such connection, or not any more; connect anew, and resume the session")
	errUnread  = errors.New("a page could not read the answer to such a request; send it with fetch in the mode cors, or with EventSource")
)

// admit lets a client in that connects without a WebSocket, and counts it. Otherwise the request has been answered with
// the reason.
func (h *Handler) admit(w http.ResponseWriter, r *http.Request) (client *session.Client, number uint64, ok bool) {
	// Without this, any page could use up the connections of its visitor: no Origin comes with such requests.
	if mode := r.Header.Get("Sec-Fetch-Mode"); mode == "no-cors" || mode == "navigate" {
		h.door.Refuse(w, r, nil, &door.RequestError{Kind: "bad_request", Status: http.StatusForbidden, Err: errUnread})
		return nil, 0, false
	}
	number = h.handshakes.Add(1)
	client, ok = h.door.Connect(w, r)
	return client, number, ok
}
