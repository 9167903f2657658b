package signalr

import (
	"net/http"
	"strconv"

	"github.com/go-json-experiment/json"

	"github.com/holdfast-dev/holdfast/internal/session"
)

// negotiated is the answer to a negotiation.
type negotiated struct {
	Version         int         `json:"negotiateVersion"`
	ConnectionID    string      `json:"connectionId"`
	ConnectionToken string      `json:"connectionToken,omitzero"`
	Reconnects      bool        `json:"useStatefulReconnect,omitzero"`
	Transports      []transport `json:"availableTransports"`
}

type transport struct {
	Name    string   `json:"transport"`
	Formats []string `json:"transferFormats"`
}

var transports = []transport{
	{"WebSockets", []string{"Text", "Binary"}},
	{"ServerSentEvents", []string{"Text"}},
	{"LongPolling", []string{"Text", "Binary"}},
}

// maxVersion is the newest version of negotiation that there is.
const maxVersion = 1

// negotiate tells a client how it can connect, and keeps a place for it.
func (h *Handler) negotiate(w http.ResponseWriter, r *http.Request, at *Hub) {
	if _, ok := h.door.Visit(w, r); !ok {
		return
	}
	q := r.URL.Query()
	version := 0
	if v := q.Get("negotiateVersion"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 0 {
			h.refuse(w, r, http.StatusBadRequest, badArgument("negotiateVersion=%.20q is not a version", v))
			return
		}
		version = min(n, maxVersion)
	}
	p, token := h.conns.add(at, q.Get("useStatefulReconnect") == "true", h.config.ConnectTimeout)
	if p == nil {
		h.door.Refuse(w, r, nil, &session.LimitError{Limit: "limits.connections", What: "too many clients have negotiated a connection", After: h.config.ConnectTimeout})
		return
	}
	n := negotiated{Version: version, ConnectionID: p.id, ConnectionToken: token, Reconnects: p.reconnects, Transports: transports}
	if version == 0 {
		n.ConnectionID, n.ConnectionToken = token, "" // there was one for both
	}
	b, err := json.Marshal(n)
	if err != nil {
		h.door.Refuse(w, r, nil, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Write(b) // fails only if the client has gone
}
