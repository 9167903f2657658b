package api

import (
	"encoding/base64"
	"net/http"

	"github.com/holdfast-dev/holdfast/internal/auth"
	"github.com/holdfast-dev/holdfast/internal/hub"
)

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
