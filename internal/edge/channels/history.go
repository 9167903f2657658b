package channels

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

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
	Offset uint64   `json:"offset,omitempty"` // 0 for a live one that is stored nowhere
	Data   string   `json:"data"`             // base64 if binary
	Binary bool     `json:"binary,omitempty"`
	ID     string   `json:"id,omitempty"` // the publisher's
	Key    string   `json:"key,omitempty"`
	Meta   []string `json:"meta,omitempty"` // user properties of MQTT: names and values by turns
	Time   int64    `json:"time"`           // in milliseconds since 1970
}

// serveHistory answers a GET for stored messages with a JSON array of them, oldest first. The
// header Link leads to the next page, if there is one.
func (h *Handler) serveHistory(w http.ResponseWriter, r *http.Request, name channel.Name) {
	q, err := parseQuery(r.URL.Query())
	if err != nil {
		h.badRequest(w, r, nil, http.StatusBadRequest, err)
		return
	}
	if q.wait > 0 && q.start.Last == 0 {
		h.servePoll(w, r, name, q)
		return
	}
	client, ok := h.door.Visit(w, r)
	if !ok || !h.door.May(w, r, client, auth.History, name) {
		return
	}
	page, err := h.channels.History(r.Context(), name, q.start, q.limit)
	switch {
	case errors.Is(err, session.ErrNoHistory):
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	case err != nil:
		h.door.Refuse(w, r, client, err)
		return
	case page.Lost && len(q.start.Since) > 0:
		refuseLost(w, q)
		return
	}
	header := w.Header()
	header.Set(positionHeader, page.End.String())
	if page.More || q.wait > 0 {
		header.Set("Link", q.next(name, page.End))
	}
	header.Add("Vary", "Accept")
	// Whoever has kept an answer asks whether it is still right: it may have expired, or the client's rights.
	header.Set("Cache-Control", "private, no-cache")
	if client.Who().Anonymous() {
		header.Set("Cache-Control", "public, no-cache")
	}
	tag := tagOf(page)
	header.Set("ETag", tag)
	if matches(r.Header.Values("If-None-Match"), tag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	writeBody(w, http.StatusOK, encodeMessages(page.Messages))
}

// refuseLost answers that there is no way on from a position.
func refuseLost(w http.ResponseWriter, q query) {
	http.Error(w, fmt.Sprintf("messages behind %s are not kept any more, or may not be; ask for ?since=0 to get all that is kept, or for ?last=", q.start.Since[0]), http.StatusGone)
}

// next returns the header Link that leads on from a position.
func (q query) next(name channel.Name, from broker.Position) string {
	link := "<" + Prefix + name.Path() + "?since=" + from.String()
	if q.limit != maxHistory {
		link += "&limit=" + strconv.Itoa(q.limit)
	}
	if q.wait > 0 {
		link += "&wait=" + q.wait.String()
	}
	return link + `>; rel="next"`
}

// tagOf returns the entity tag of a page (RFC 9110 section 8.8.3). What is stored never changes, so that for one URL the offsets at both
// ends say what is between.
func tagOf(page *broker.Page) string {
	var first, last uint64
	if n := len(page.Messages); n > 0 {
		first, last = page.Messages[0].Offset, page.Messages[n-1].Offset
	}
	more := ""
	if page.More {
		more = "+"
	}
	return fmt.Sprintf(`"%d-%d%s:%s"`, first, last, more, page.End.Epoch)
}

// matches tells whether a tag is among those of an If-None-Match header (RFC 9110 section 13.1.2).
func matches(values []string, tag string) bool {
	for _, line := range values {
		for known := range strings.SplitSeq(line, ",") {
			known = strings.TrimSpace(known)
			if known == "*" || strings.TrimPrefix(known, "W/") == tag {
				return true
			}
		}
	}
	return false
}

// encodeMessages returns a JSON array.
func encodeMessages(messages []*broker.Message) []byte {
	all := make([]stored, len(messages))
	for i, m := range messages {
		all[i] = newStored(m)
	}
	return encodeJSON(all)
}

func newStored(m *broker.Message) stored {
	s := stored{Offset: m.Offset, Data: string(m.Payload), ID: m.ID, Key: m.Key, Meta: m.Meta.Texts(), Time: m.Time.UnixMilli()}
	if m.Type == websocket.Binary {
		s.Data, s.Binary = base64.StdEncoding.EncodeToString(m.Payload), true
	}
	return s
}
