package socket

import (
	"errors"
	"net/http"
	"strings"

	"github.com/holdfast-dev/holdfast/internal/edge/relay"
)

// The id of a connection without a WebSocket begins with the node that has it, so that its requests may reach any node.

// nodeMark separates the node from what is secret.
const nodeMark = "."

// relayed are the headers of a request that another node has to know.
var relayed = []string{connectionHeader, sequenceHeader, "Content-Type"}

// serveElsewhere has another node answer a request of one of its connections. It returns false if there is none that could.
func (h *Handler) serveElsewhere(w http.ResponseWriter, r *http.Request, id string) bool {
	node, _, named := strings.Cut(id, nodeMark)
	if !named || node == h.config.Cluster.Self().ID {
		return false
	}
	err := h.relay.Forward(w, r, node, relayed...)
	switch {
	case err == nil, r.Context().Err() != nil:
	case errors.Is(err, relay.ErrGone), errors.Is(err, relay.ErrStranger):
		return false
	case errors.Is(err, relay.ErrBusy), errors.Is(err, relay.ErrBroken):
		http.Error(w, err.Error()+"; send it again", http.StatusBadGateway)
	default:
		http.Error(w, "the message could not be received: "+err.Error()+"; send it again", http.StatusBadRequest)
	}
	return true
}

// serveRelayed answers a request that another node has been sent.
func (h *Handler) serveRelayed(w http.ResponseWriter, r *http.Request) (known bool) {
	x := h.exchanges.find(r.Header.Get(connectionHeader))
	if x != nil {
		h.serveExchangeOf(w, r, x)
	}
	return x != nil
}
