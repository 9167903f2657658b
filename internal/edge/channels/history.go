package channels

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"

	"github.com/holdfast-dev/holdfast/internal/auth"
	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/session"
	"github.com/holdfast-dev/holdfast/websocket"
)

// maxHistory is the most messages in an answer; it may be fewer, since a page has a limit in bytes.
const maxHistory = 1000

// positionHeader names the position that an answer leads up to, to go on from with ?since=.
const positionHeader = "Holdfast-Position"

// stored is a message as JSON.
type stored struct {
	Offset uint64 `json:"offset,omitempty"` // 0 for a live one that is stored nowhere
	Data   string `json:"data"`             // base64 if binary
	Binary bool   `json:"binary,omitempty"`
	ID     string `json:"id,omitempty"` // the publisher's
	Key    string `json:"key,omitempty"`
	Time   int64  `json:"time"` // in milliseconds since 1970
}

// serveHistory answers a GET for stored messages with a JSON array of them, oldest first. The
// header Link leads to the next page, if there is one.
func (h *Handler) serveHistory(w http.ResponseWriter, r *http.Request, name channel.Name) {
	client, ok := h.door.Visit(w, r)
	if !ok || !h.door.May(w, r, client, auth.History, name) {
		return
	}
	q, err := parseQuery(r.URL.Query())
	if err != nil {
		h.badRequest(w, r, client, http.StatusBadRequest, err)
		return
	}
	page, err := h.channels.History(r.Context(), name, q.start, maxHistory)
	switch {
	case errors.Is(err, session.ErrNoHistory):
		http.Error(w, err.Error()+": the rules of the server give none to channels of this name", http.StatusNotFound)
		return
	case err != nil:
		h.door.Refuse(w, r, client, err)
		return
	case page.Lost && len(q.start.Since) > 0:
		http.Error(w, fmt.Sprintf("messages behind %s are not kept any more, or may not be; ask for ?since=0 to get all that is kept, or for ?last=", q.start.Since[0]), http.StatusGone)
		return
	}
	messages := make([]stored, len(page.Messages))
	for i, m := range page.Messages {
		messages[i] = newStored(m)
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set(positionHeader, page.End.String())
	if page.More {
		w.Header().Set("Link", fmt.Sprintf("<%s?since=%s>; rel=\"next\"", Prefix+name.Path(), page.End))
	}
	writeJSON(w, http.StatusOK, messages)
}

func newStored(m *broker.Message) stored {
	s := stored{Offset: m.Offset, Data: string(m.Payload), ID: m.ID, Key: m.Key, Time: m.Time.UnixMilli()}
	if m.Type == websocket.Binary {
		s.Data, s.Binary = base64.StdEncoding.EncodeToString(m.Payload), true
	}
	return s
}
