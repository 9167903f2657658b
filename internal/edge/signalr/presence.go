package signalr

import (
	"github.com/holdfast-dev/holdfast/internal/auth"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/hub"
	"github.com/holdfast-dev/holdfast/protocol"
)

// presentAs returns the name under which the client is present.
func (c *conn) presentAs() string {
	if user := c.client.Who().User; user != "" {
		return user
	}
	return hub.Anonymous(c.id)
}

func noPresence(name channel.Name) error {
	return protocol.Errorf(protocol.CodeNoPresence, "the channel %q has no presence: the rules of the server give none to channels of this name", name)
}

// join makes the client present where a subscription does that, and begins to tell it who comes and goes if it wants to know.
func (c *conn) join(s *subscription, tell bool) {
	if s.present == "" {
		return
	}
	if tell {
		s.watch = c.handler.config.Presence.Watch(s.present, s)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.present[s.present]++; c.present[s.present] == 1 {
		// It fails only if the info is too large, and that of an identity is not.
		c.handler.config.Presence.Join(hub.Entry{Channel: s.present, User: c.presentAs(), Connection: c.id, Info: []byte(c.client.Who().Info)})
	}
}

// part undoes join.
func (c *conn) part(s *subscription) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s.present == "" || c.present[s.present] == 0 {
		return
	}
	if c.present[s.present]--; c.present[s.present] == 0 {
		delete(c.present, s.present)
		c.handler.config.Presence.Part(s.present, c.id, 0)
	}
}

// leaveAll notes that the connection is gone.
func (c *conn) leaveAll() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for name := range c.present {
		c.handler.config.Presence.Leave(name, c.id, 0)
	}
}

// pageOptions are the options of Presence.
type pageOptions struct {
	After string `json:"after"` // the user behind whom the page begins
	Limit int    `json:"limit"`
}

// somebody is a user who is present.
type somebody struct {
	User string `json:"user,omitzero"` // "" for an anonymous client
	ID   string `json:"id"`
	Info string `json:"info,omitzero"`
}

// present is the answer to Presence, and what is told of who comes and goes.
type present struct {
	Users       []somebody `json:"users,omitzero"`
	Next        string     `json:"next,omitzero"` // to go on after; "" if these are all
	Joined      []somebody `json:"joined,omitzero"`
	Left        []somebody `json:"left,omitzero"`
	Partial     bool       `json:"partial,omitzero"` // there were more changes than are told: ask anew
	Count       int        `json:"count"`            // users
	Connections int        `json:"connections"`
}

func describeUser(user string, info []byte) somebody {
	if id, ok := hub.IsAnonymous(user); ok {
		return somebody{ID: id, Info: string(info)}
	}
	return somebody{User: user, ID: user, Info: string(info)}
}

const (
	defaultPage = 100  // messages or users, where the client does not say
	maxPage     = 1000 // likewise, if it does
)

// limit returns how many of something a page has.
func limit(wanted int) (int, error) {
	switch {
	case wanted < 0 || wanted > maxPage:
		return 0, badArgument("limit is a number from 1 to %d", maxPage)
	case wanted == 0:
		return defaultPage, nil
	}
	return wanted, nil
}

// presence answers with a page of those who are in a channel.
func (c *conn) presence(k *call, name channel.Name, o pageOptions) {
	most, err := limit(o.Limit)
	if err == nil && !c.handler.channels.Rule(name).Presence {
		err = noPresence(name)
	}
	if err == nil {
		err = c.client.Allow(auth.Presence, name.Pattern())
	}
	if err != nil {
		k.fail(err)
		return
	}
	if !c.client.Asks(name.Pattern()) {
		c.roster(k, name, o.After, most)
		return
	}
	if !c.begin(callWeight) {
		return
	}
	c.commands.Go(func() {
		defer c.release(callWeight)
		if err := c.client.Ask(c.work, name.Pattern()); err != nil {
			k.fail(err)
			return
		}
		c.roster(k, name, o.After, most)
	})
}

// roster answers with the page that is asked for.
func (c *conn) roster(k *call, name channel.Name, after string, most int) {
	roster, more := c.handler.config.Presence.Roster(name, after, most)
	p := c.count(name)
	p.Users = []somebody{}
	for _, m := range roster {
		p.Users = append(p.Users, describeUser(m.User, m.Info))
	}
	if more {
		p.Next = roster[len(roster)-1].User
	}
	k.answer(p)
}

func (c *conn) count(name channel.Name) (p present) {
	p.Count, p.Connections = c.handler.config.Presence.Count(name)
	return p
}

// Changed implements hub.Watcher.
func (s *subscription) Changed(changes *hub.Changes) {
	named := changes.Users[:min(len(changes.Users), maxPage)]
	p := s.conn.count(changes.Channel)
	p.Partial = changes.Missed || len(named) < len(changes.Users)
	for _, u := range named {
		if who := describeUser(u.User, u.Info); u.Here {
			p.Joined = append(p.Joined, who)
		} else {
			p.Left = append(p.Left, who)
		}
	}
	s.tell("presence", p)
}
