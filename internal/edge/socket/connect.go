package socket

import (
	"time"

	"github.com/holdfast-dev/holdfast/protocol"
	"github.com/holdfast-dev/holdfast/websocket"
)

// greet lets a client in that has not said connect: anonymous, and without a session to come back to.
func (c *conn) greet() {
	if !c.greeted {
		c.greeted = true
		c.handler.sessions.enter(c)
	}
}

// connect lets a client in, as the one that it was if it comes back. Everybody is anonymous.
func (c *conn) connect(id uint64, v *protocol.Connect) {
	if c.greeted {
		c.out.refuse(id, protocol.Errorf(protocol.CodeBadCommand, "this connection is connected already; connect is the first command, and comes once"))
		return
	}
	h, now := c.handler, time.Now()
	c.resumable = true
	ok := &protocol.ConnectOK{
		Window: h.config.Window,
		Dedup:  h.config.Dedup,
		Ping:   h.config.PingInterval,
		Pong:   h.config.PongTimeout,
		Limits: h.limits,
	}
	if v.Session != nil {
		var old *conn
		old, ok.Why = h.sessions.resume(c, v.Session, now)
		if ok.Why == superseded {
			c.takenOver()
			return
		}
		c.greeted, ok.Resumed = ok.Why == "", ok.Why == ""
		if old != nil {
			old.takenOver()
		}
	}
	c.greet()
	ok.User = c.user
	ok.Session = protocol.Session{ID: c.id, Secret: h.sessions.secret(c, now)}
	if v.Client != nil {
		h.config.Log.Debug("connected", "path", Path, "session", c.id, "client", v.Client.Name, "version", v.Client.Version, "resumed", ok.Resumed)
	}
	c.out.ok(id, ok)
}

// takenOver closes the connection because the client has a newer one.
func (c *conn) takenOver() {
	c.expel(websocket.CloseCode(protocol.CloseTakenOver), "a newer connection has taken over the session")
}
