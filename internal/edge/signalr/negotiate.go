package signalr

import (
	"net/http"
	"strconv"

	"github.com/go-json-experiment/json"
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

// negotiate tells a client how it can connect. Nothing is kept of it.
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
	t, token := h.issue(at, q.Get("useStatefulReconnect") == "true")
	n := negotiated{Version: version, ConnectionID: t.id, ConnectionToken: token, Reconnects: t.reconnects, Transports: transports}
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
