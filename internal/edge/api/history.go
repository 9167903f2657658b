package api

import (
	"cmp"
	"encoding/base64"
	"errors"
	"net/http"
	"time"

	"github.com/holdfast-dev/holdfast/internal/auth"
	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/session"
	"github.com/holdfast-dev/holdfast/protocol"
	"github.com/holdfast-dev/holdfast/websocket"
)

// The entries of a page.
const (
	usualPage = 100
	maxPage   = 1000
)

// stored is a message of a history.
type stored struct {
	Offset uint64    `json:"offset"`
	Data   string    `json:"data"` // base64 if binary
	Binary bool      `json:"binary,omitzero"`
	ID     string    `json:"id,omitzero"`
	Key    string    `json:"key,omitzero"`
	Time   time.Time `json:"time"`
	Meta   []string  `json:"meta,omitzero"` // user properties of MQTT: names and values by turns
}

// historyPage is a part of a history.
type historyPage struct {
	Messages []stored `json:"messages"`
	Position string   `json:"position"` // behind the last one, to go on from with since=
	More     bool     `json:"more"`
	Lost     bool     `json:"lost,omitzero"` // there were messages behind since that are not kept any more, or may have been
}

// history returns what a channel keeps.
func (h *Handler) history(c *call) (any, error) {
	name, err := c.channelFor(auth.History)
	if err != nil {
		return nil, err
	}
	start, limit := session.Start{Last: c.query.number("last", 0, maxPage)}, c.query.number("limit", 0, maxPage)
	if since := c.query.text("since"); since != "" {
		at, err := protocol.ParsePosition(since)
		if err != nil {
			return nil, badRequest("since: %w", err)
		}
		start.Since = []broker.Position{{Epoch: at.Epoch, Offset: at.Offset}}
	}
	if err := c.query.done(); err != nil {
		return nil, err
	}
	if start.Last > 0 && (len(start.Since) > 0 || limit > 0) {
		return nil, badRequest("last= says where to begin and how many; leave since= and limit= out, or last=")
	}
	page, err := h.channels.History(c.ctx, name, start, cmp.Or(start.Last, limit, usualPage))
	if err != nil {
		return nil, err
	}
	answer := &historyPage{Messages: make([]stored, len(page.Messages)), Position: page.End.String(), More: page.More, Lost: page.Lost}
	for i, m := range page.Messages {
		answer.Messages[i] = newStored(m)
	}
	return answer, nil
}

func newStored(m *broker.Message) stored {
	s := stored{Offset: m.Offset, Data: string(m.Payload), ID: m.ID, Key: m.Key, Time: m.Time, Meta: m.Meta.Texts()}
	if m.Type == websocket.Binary {
		s.Data, s.Binary = base64.StdEncoding.EncodeToString(m.Payload), true
	}
	return s
}

// purged is a channel whose history is gone.
type purged struct {
	Channel  channel.Name `json:"channel"`
	Position string       `json:"position"` // behind all that has been removed
}

// purge removes what a channel keeps.
func (h *Handler) purge(c *call) (any, error) {
	name, err := channelOf(c.query.text("channel"))
	if err != nil {
		return nil, err
	}
	if err := c.query.done(); err != nil {
		return nil, err
	}
	at, err := h.channels.Purge(c.ctx, name)
	if errors.Is(err, broker.ErrNoPurge) {
		return nil, refusal("cannot_purge", http.StatusConflict, "%w; it will have expired in time, as the rule says", err)
	}
	if err != nil {
		return nil, err
	}
	return &purged{name, at.String()}, nil
}
