package socket

import (
	"context"
	"errors"
	"time"

	"github.com/holdfast-dev/holdfast/internal/auth"
	"github.com/holdfast-dev/holdfast/internal/session"
	"github.com/holdfast-dev/holdfast/protocol"
	"github.com/holdfast-dev/holdfast/websocket"
)

// authTimeout is how long it may take to find out whose token it is.
const authTimeout = 10 * time.Second

// greet lets a client in that has not said connect: as whom the handshake says, and without a session to
// come back to.
func (c *conn) greet() {
	if !c.greeted {
		c.greeted = true
		c.handler.sessions.enter(c)
	}
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
	var who *auth.Identity
	if v.Session != nil {
		var old *conn
		who, old, ok.Why = h.sessions.resume(c, v.Session, now)
		if ok.Why == superseded {
			c.takenOver()
			return
		}
		c.greeted, ok.Resumed = ok.Why == "", ok.Why == ""
		if old != nil {
			old.takenOver()
		}
	}
	if who == nil {
		var refused *protocol.Error
		if who, refused = c.authenticate(v.Token); refused != nil {
			c.turnAway(id, refused)
			return
		}
	}
	if refused := c.identify(who); refused != nil {
		c.turnAway(id, refused)
		return
	}
	c.greet()
	ok.User, ok.Expires = who.User, expiresIn(who, now)
	ok.Session = protocol.Session{ID: c.id, Secret: h.sessions.secret(c, who, now)}
	if v.Client != nil {
		h.config.Log.Debug("connected", "path", Path, "session", c.id, "user", who.User, "client", v.Client.Name, "version", v.Client.Version, "resumed", ok.Resumed)
	}
	c.out.ok(id, ok)
}

// authenticate finds out who the client is: by its token, or else by what came with the handshake.
func (c *conn) authenticate(token string) (*auth.Identity, *protocol.Error) {
	who := c.client.Who()
	if token != "" {
		ctx, cancel := context.WithTimeout(c.work, authTimeout)
		defer cancel()
		var err error
		if who, err = c.handler.door.Authenticate(ctx, token); err != nil {
			return nil, c.notAuthenticated(err)
		}
	}
	if err := c.handler.door.Clients.Welcome(who); err != nil {
		return nil, c.tell(protocol.CodeUnauthorized, err)
	}
	return who, nil
}

// identify makes it known who the client is.
func (c *conn) identify(who *auth.Identity) *protocol.Error {
	err := c.client.Identify(who, c.id)
	if _, limited := errors.AsType[*session.LimitError](err); limited {
		return c.limited(err)
	}
	if err != nil {
		return c.notAuthenticated(err)
	}
	return nil
}

// notAuthenticated makes an error of the protocol of one of auth's.
func (c *conn) notAuthenticated(err error) *protocol.Error {
	code := protocol.CodeUnavailable // the time was up
	if refused, ok := errors.AsType[*auth.Error](err); ok {
		code = protocol.Code(refused.Code)
	}
	return c.tell(code, err)
}

// turnAway refuses connect. Unless it may be sent again, the connection is over; the reply is the first, and
// so has left before.
func (c *conn) turnAway(id uint64, why *protocol.Error) {
	c.out.refuse(id, why)
	switch {
	case why.Code == protocol.CodeRateLimited:
		c.expel(websocket.CloseCode(protocol.CloseTooMany), why.Message)
	case !why.Retry:
		c.expel(websocket.CloseCode(protocol.CloseUnauthorized), why.Message)
	default:
		c.turnedAway = why
	}
}

// refresh takes a newer token of the same user.
func (c *conn) refresh(id uint64, v *protocol.Refresh) {
	who, refused := c.authenticate(v.Token)
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

// takenOver closes the connection because the client has a newer one.
func (c *conn) takenOver() {
	c.expel(websocket.CloseCode(protocol.CloseTakenOver), "a newer connection has taken over the session")
}
