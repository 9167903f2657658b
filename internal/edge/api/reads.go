package api

import (
	"cmp"
	"encoding/base64"
	"net/http"
	"time"

	"github.com/holdfast-dev/holdfast/internal/auth"
	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/hub"
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
	s := stored{Offset: m.Offset, Data: string(m.Payload), ID: m.ID, Key: m.Key, Time: m.Time}
	if m.Type == websocket.Binary {
		s.Data, s.Binary = base64.StdEncoding.EncodeToString(m.Payload), true
	}
	return s
}

// present is a user in a channel.
type present struct {
	User        string `json:"user,omitzero"`    // "" for somebody who is not known
	Session     string `json:"session,omitzero"` // of somebody who is not known
	Info        string `json:"info,omitzero"`    // what the newest connection's token says of the user
	Connections int    `json:"connections"`
}

// presencePage is a part of those who are in a channel.
type presencePage struct {
	Count struct {
		Users       int `json:"users"`
		Connections int `json:"connections"`
	} `json:"count"`
	Users []present `json:"users"`
	Next  string    `json:"next,omitzero"`
}

// presence returns who is in a channel.
func (h *Handler) presence(c *call) (any, error) {
	name, err := c.channelFor(auth.Presence)
	if err != nil {
		return nil, err
	}
	after, err := base64.RawURLEncoding.DecodeString(c.query.text("after"))
	if err != nil {
		return nil, badRequest("after= is none; take the next of the last page")
	}
	limit, only := c.query.number("limit", usualPage, maxPage), c.query.flag("count")
	if err := c.query.done(); err != nil {
		return nil, err
	}
	if !h.channels.Rule(name).Presence {
		return nil, refusal("no_presence", http.StatusNotFound, "the channel %s has no presence: the rules of the server give none to channels of this name", name)
	}
	answer := &presencePage{Users: []present{}}
	answer.Count.Users, answer.Count.Connections = h.config.Presence.Count(name)
	if only {
		return answer, nil
	}
	roster, more := h.config.Presence.Roster(name, string(after), limit)
	for _, m := range roster {
		answer.Users = append(answer.Users, newPresent(m))
	}
	if more {
		answer.Next = base64.RawURLEncoding.EncodeToString([]byte(roster[len(roster)-1].User))
	}
	return answer, nil
}

func newPresent(m hub.Member) present {
	p := present{User: m.User, Info: string(m.Info), Connections: m.Connections}
	if id, ok := hub.IsAnonymous(m.User); ok {
		p.User, p.Session = "", id
	}
	return p
}

// listed is a channel that has subscribers.
type listed struct {
	Channel     channel.Name `json:"channel"`
	Subscribers int          `json:"subscribers"`
	Present     *int         `json:"present,omitzero"`  // users; nil without presence
	Position    string       `json:"position,omitzero"` // where somebody who subscribes now would begin; "" without history
}

// channelsPage is a part of the channels that have subscribers.
type channelsPage struct {
	Channels []listed     `json:"channels"`
	Next     channel.Name `json:"next,omitzero"`
}

// listChannels returns channels that have subscribers on this node.
func (h *Handler) listChannels(c *call) (any, error) {
	p, after, limit := channel.Pattern("#"), c.query.text("after"), c.query.number("limit", usualPage, maxPage)
	if text := c.query.text("pattern"); text != "" {
		var err error
		if p, err = patternOf(text); err != nil {
			return nil, err
		}
	}
	if err := c.query.done(); err != nil {
		return nil, err
	}
	page, next := h.channels.List(p, channel.Name(after), limit)
	answer := &channelsPage{Channels: make([]listed, len(page)), Next: next}
	for i, one := range page {
		l := listed{Channel: one.Name, Subscribers: one.Subscribers}
		if one.At != (broker.Position{}) {
			l.Position = one.At.String()
		}
		if h.channels.Rule(one.Name).Presence {
			users, _ := h.config.Presence.Count(one.Name)
			l.Present = &users
		}
		answer.Channels[i] = l
	}
	return answer, nil
}
