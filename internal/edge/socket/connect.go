package socket

import (
	"context"
	"time"

	"github.com/holdfast-dev/holdfast/internal/auth"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/session"
	"github.com/holdfast-dev/holdfast/protocol"
	"github.com/holdfast-dev/holdfast/websocket"
)

// authTimeout is how long it may take to find out whose token it is.
const authTimeout = 10 * time.Second

// greet lets a client in that has not said connect: as whom the handshake says, and without a session to
// come back to. It tells why that may not be.
func (c *conn) greet() *protocol.Error {
	if c.handler.door.Clients.Greets() {
		g, refused := c.authenticate("")
		if refused == nil {
			refused = c.identify(g.Who)
		}
		if refused != nil {
			return refused
		}
	}
	c.enter()
	return nil
}

// enter gives the client a session of its own.
func (c *conn) enter() {
	c.greeted = true
	c.handler.sessions.enter(c)
	c.client.Begin()
}

// connect lets a client in, as the one that it was if it comes back.
func (c *conn) connect(id uint64, v *protocol.Connect) {
	if c.greeted {
		c.out.refuse(id, protocol.Errorf(protocol.CodeBadCommand, "this connection is connected already; connect is the first command, and comes once"))
		return
	}
	h, now := c.handler, time.Now()
	c.resumable, c.turnedAway = true, nil
	ok := &protocol.ConnectOK{
		Window: h.config.Window,
		Dedup:  h.config.Dedup,
		Ping:   h.config.PingInterval,
		Pong:   h.config.PongTimeout,
		Limits: h.limits,
	}
	if h.config.Endpoints != nil {
		ok.Endpoints = socketsOf(h.config.Endpoints())
	}
	var who *auth.Identity
	if v.Session != nil {
		var old *conn
		who, old, ok.Why = h.sessions.resume(c, v.Session, now)
		if ok.Why == superseded {
			c.expelTakenOver()
			return
		}
		c.greeted, ok.Resumed = ok.Why == "", ok.Why == ""
		if old != nil {
			old.takenOver()
		}
		if ok.Resumed {
			h.claimSession(c)
		}
	}
	var initial []channel.Name
	if who == nil {
		g, refused := c.authenticate(v.Token)
		if refused != nil {
			c.turnAway(id, refused)
			return
		}
		who, initial = g.Who, g.Subscribe
	}
	identify := c.client.Identify
	if ok.Resumed {
		identify = c.client.Resume
	}
	if err := identify(who, c.id); err != nil {
		c.turnAway(id, c.refused(err))
		return
	}
	if c.greeted {
		c.client.Begin()
	} else {
		c.enter()
	}
	ok.User, ok.Expires = who.User, expiresIn(who, now)
	ok.Session = protocol.Session{ID: c.id, Secret: h.sessions.secret(c, who, now)}
	if v.Client != nil {
		h.config.Log.Debug("connected", "path", Path, "session", c.id, "user", who.User, "client", v.Client.Name, "version", v.Client.Version, "resumed", ok.Resumed)
	}
	begin := c.subscribeTo(initial, ok)
	c.out.ok(id, ok)
	begin()
}

// authenticate finds out who the client is: by its token, or else by what came with the handshake; and by the backend.
func (c *conn) authenticate(token string) (session.Greeting, *protocol.Error) {
	ctx, cancel := context.WithTimeout(c.work, authTimeout)
	defer cancel()
	g, err := c.handler.door.Greet(ctx, c.client, token)
	if err != nil {
		return g, c.refused(err)
	}
	return g, nil
}

// identify makes it known who the client is.
func (c *conn) identify(who *auth.Identity) *protocol.Error {
	if err := c.client.Identify(who, c.id); err != nil {
		return c.refused(err)
	}
	return nil
}

// turnAway refuses connect. Unless it may be sent again, the connection is over; the reply is the first, and
// so has left before.
func (c *conn) turnAway(id uint64, why *protocol.Error) {
	c.out.refuse(id, why)
	switch {
	case why.Code == protocol.CodeRateLimited:
		c.expel(websocket.CloseCode(protocol.CloseTooMany), why.Message)
	case why.Code == protocol.CodeUnauthorized, why.Code == protocol.CodeTokenExpired:
		c.expel(websocket.CloseCode(protocol.CloseUnauthorized), why.Message)
	case !why.Retry: // the backend does not want the client at all
		c.expel(websocket.CloseCode(protocol.CloseDisconnected), why.Message)
	default:
		c.turnedAway = why
	}
}

// refresh takes a newer token of the same user.
func (c *conn) refresh(id uint64, v *protocol.Refresh) {
	g, refused := c.authenticate(v.Token)
	who := g.Who
	if refused == nil && who.User != c.client.Who().User {
		refused = protocol.Errorf(protocol.CodeUnauthorized, "the token is for another user; connect anew to be that one")
	}
	if refused != nil {
		c.out.refuse(id, refused)
		return
	}
	if refused := c.identify(who); refused != nil {
		c.out.refuse(id, refused)
		return
	}
	ok, now := &protocol.RefreshOK{}, time.Now()
	ok.Expires = expiresIn(who, now)
	if c.resumable {
		ok.Session = &protocol.Session{ID: c.id, Secret: c.handler.sessions.secret(c, who, now)}
	}
	c.out.ok(id, ok)
}

// expiresIn returns how long an identity lasts, 0 for ever.
func expiresIn(who *auth.Identity, now time.Time) time.Duration {
	if who.Expires.IsZero() {
		return 0
	}
	return who.Expires.Sub(now)
}
