package socket

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

// join makes the session present where a subscription does that, and begins to tell the client who
// comes and goes if it wants to know.
func (c *conn) join(s *subscription, tell bool) {
	if s.present == "" {
		return
	}
	if tell {
		s.watch = c.handler.config.Presence.Watch(s.present, s)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.present[s.present]++
	if c.present[s.present] > 1 {
		return
	}
	e := hub.Entry{Channel: s.present, User: c.presentAs(), Connection: c.id, Info: []byte(c.client.Who().Info), Turn: c.turn, Number: c.number}
	if err := c.handler.config.Presence.Join(e); err != nil {
		c.handler.config.Log.Warn("not present", "path", Path, "channel", s.present, "session", c.id, "error", err)
	}
}

// part undoes join when the client unsubscribes.
func (c *conn) part(s *subscription) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s.present == "" {
		return
	}
	if c.present[s.present]--; c.present[s.present] > 0 {
		return
	}
	delete(c.present, s.present)
	c.handler.config.Presence.Part(s.present, c.id, c.number)
}

// leaveAll notes that the connection is over, and that the client may come back, unless it is for good. What another
// connection of the session has joined since is not touched.
func (c *conn) leaveAll(forGood bool) {
	leave := c.handler.config.Presence.Leave
	if forGood {
		leave = c.handler.config.Presence.Part
	}
	for name := range c.present {
		leave(name, c.id, c.number)
	}
}

// presence answers with a page of those who are in a channel.
func (c *conn) presence(id uint64, v *protocol.Presence) {
	name, err := channel.Parse(v.Channel)
	if err != nil {
		c.out.refuse(id, badChannel(err))
		return
	}
	if !c.handler.channels.Rule(name).Presence {
		c.out.refuse(id, noPresence(name))
		return
	}
	if denied := c.may(auth.Presence, name.Pattern()); denied != nil {
		c.out.refuse(id, denied)
		return
	}
	if !c.client.Asks(name.Pattern()) {
		c.roster(id, name, v)
		return
	}
	if !c.begin(commandWeight) {
		return
	}
	c.commands.Go(func() {
		defer c.end(commandWeight)
		if err := c.client.Ask(c.work, name.Pattern()); err != nil {
			c.out.refuse(id, c.refusal("presence", name, err))
			return
		}
		c.roster(id, name, v)
	})
}

// roster answers with the page that is asked for.
func (c *conn) roster(id uint64, name channel.Name, v *protocol.Presence) {
	limit := v.Limit
	if limit == 0 {
		limit = defaultPage
	}
	roster, more := c.handler.config.Presence.Roster(name, v.After, limit)
	ok := &protocol.PresenceOK{Users: make([]protocol.User, len(roster)), Count: c.count(name)}
	for i, m := range roster {
		e := entry(m.User, m.Info)
		ok.Users[i] = protocol.User{User: e.User, Connections: []protocol.Connection{{ID: e.ID, Info: e.Info}}}
	}
	if more {
		ok.Next = roster[len(roster)-1].User
	}
	c.out.ok(id, ok)
}

func (c *conn) count(name channel.Name) protocol.Count {
	users, connections := c.handler.config.Presence.Count(name)
	return protocol.Count{Users: uint64(users), Connections: uint64(connections)}
}

// entry tells the anonymous from others.
func entry(user string, info []byte) protocol.Entry {
	if id, ok := hub.IsAnonymous(user); ok {
		return protocol.Entry{ID: id, Info: string(info)}
	}
	return protocol.Entry{User: user, ID: user, Info: string(info)}
}

// Changed implements hub.Watcher.
func (s *subscription) Changed(changes *hub.Changes) {
	named := changes.Users[:min(len(changes.Users), protocol.MaxPage)]
	push := &protocol.PresenceChange{
		Sub:     s.number,
		Count:   s.conn.count(changes.Channel),
		Partial: changes.Missed || len(named) < len(changes.Users),
	}
	for _, u := range named {
		e := entry(u.User, u.Info)
		if u.Here {
			push.Join = append(push.Join, e)
		} else {
			e.Info = ""
			push.Leave = append(push.Leave, e)
		}
	}
	s.conn.out.push(push)
}
