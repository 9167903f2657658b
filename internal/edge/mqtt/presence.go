package mqtt

import (
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/hub"
)

// presentIn returns the channel where a subscription makes its client present, or "".
func (sub *subscription) presentIn() channel.Name {
	name, one := sub.pattern.IsName()
	if !one || sub.share != nil || !sub.session.handler.channels.Rule(name).Presence {
		return ""
	}
	return name
}

// join makes the client present where a subscription does that.
func (c *conn) join(sub *subscription) {
	name := sub.presentIn()
	if name == "" {
		return
	}
	who, connection := c.client.Who(), c.session.source
	user := who.User
	if user == "" {
		user = hub.Anonymous(connection)
	}
	if err := c.handler.config.Presence.Join(hub.Entry{Channel: name, User: user, Connection: connection, Info: []byte(who.Info)}); err != nil {
		c.handler.config.Log.Warn("not present", "edge", "mqtt", "channel", name, "error", err)
	}
}

// part undoes join.
func (s *mqttSession) part(sub *subscription) {
	if name := sub.presentIn(); name != "" {
		s.handler.config.Presence.Leave(name, s.source, 0)
	}
}

// partLocked notes that the connection has gone. The client counts as present for a while.
func (s *mqttSession) partLocked() {
	for _, sub := range s.subs {
		s.part(sub)
	}
}
