package mqtt

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/internal/edge/mqtt/packet"
)

const (
	authTimeout      = 30 * time.Second // to find out whose token it is, and to ask the backend
	maxClientIDBytes = 255
)

// connect deals with CONNECT.
func (c *conn) connect(raw packet.Raw) {
	p, err := packet.ParseConnect(raw.Body)
	if p != nil {
		c.version = p.Version
		c.problems = p.Version == packet.V5 && !(p.Properties.Has(packet.RequestProblemInfo) && p.Properties.Number(packet.RequestProblemInfo) == 0)
	}
	assigned := ""
	if err == nil {
		assigned, err = nameClient(p)
	}
	if err == nil && p.Properties.Has(packet.AuthMethod) {
		err = &packet.Error{Code: packet.BadAuthMethod, Reason: "there is no enhanced authentication here; show a token as the password"}
	}
	if err == nil {
		err = c.identify(p)
	}
	var w *will
	if err == nil {
		w, err = c.willOf(p.Will)
	}
	if err != nil {
		c.turnAway(err)
		return
	}
	c.speaks.Store(int32(c.version))
	c.will.Store(w)
	keepAlive, told := c.keepAlive(p)
	c.watch(keepAlive + keepAlive/2)
	ok := &packet.Connack{}
	if c.version == packet.V5 {
		ok.Properties = c.terms(p, assigned, told)
	}
	if err := c.handler.sessions.attach(c, p, ok); err != nil && c.work.Err() == nil {
		c.turnAway(err)
	}
}

// nameClient gives a name to a client that has none, and returns it.
func nameClient(p *packet.Connect) (assigned string, err error) {
	switch {
	case len(p.ClientID) > maxClientIDBytes:
		return "", &packet.Error{Code: packet.ClientIDNotValid, Reason: "the client identifier is longer than 255 bytes"}
	case p.ClientID != "":
		return "", nil
	case p.Version == packet.V31, p.Version == packet.V311 && !p.CleanStart:
		return "", &packet.Error{Code: packet.ClientIDNotValid, Reason: "there is no client identifier; send one, or set the flag Clean Session in MQTT 3.1.1"}
	}
	p.ClientID = strings.ToLower(rand.Text())
	return p.ClientID, nil
}

// identify finds out who the client is: by the password or, without one, the user name, which is a token or an API key; or
// else as the connection has told, by a certificate or a header.
func (c *conn) identify(p *packet.Connect) error {
	token := string(p.Password)
	if !p.HasPassword {
		token = p.User
	}
	if (p.HasUser || p.HasPassword) && token == "" {
		return &packet.Error{Code: packet.BadUserNameOrPassword, Reason: "the password is empty; send a token or an API key, or neither user name nor password"}
	}
	ctx, cancel := context.WithTimeout(c.work, authTimeout)
	defer cancel()
	g, err := c.handler.door.Greet(ctx, c.client, token)
	switch {
	case err != nil && token != "":
		return &badPassword{err}
	case err != nil:
		return err
	}
	return c.client.Identify(g.Who, "")
}

// badPassword is a token that does not say who the client is.
type badPassword struct{ error }

func (e *badPassword) Unwrap() error { return e.error }

// turnAway refuses CONNECT.
func (c *conn) turnAway(err error) {
	code := reasonOf(err)
	if _, bad := errors.AsType[*badPassword](err); bad && code == packet.NotAuthorized {
		code = packet.BadUserNameOrPassword
	}
	reason := err.Error()
	if broken, ok := errors.AsType[*packet.Error](err); ok {
		reason = c.told("bad_connect", errors.New(broken.Reason))
	} else {
		reason = refText(reason, c.handler.door.Tell(c.client, err))
	}
	c.over.Store(true)
	c.stop()
	switch c.version {
	case 0: // it is not MQTT, or can't be read
		c.link.end(nil, reason)
	case packet.V5:
		c.link.end((&packet.Connack{Code: code, Properties: reasonString(reason)}).Append(nil, packet.V5), reason)
	default:
		c.link.end((&packet.Connack{Code: code}).Append(nil, packet.V311), reason)
	}
}

// keepAlive returns for how long the client may be silent, 0 for ever, and whether it is to be told.
func (c *conn) keepAlive(p *packet.Connect) (d time.Duration, told bool) {
	d = time.Duration(p.KeepAlive) * time.Second
	if most := c.handler.config.MaxKeepAlive; c.version == packet.V5 && d > most {
		return most, true
	}
	return d, false
}

// terms returns what the server has to say to a client of MQTT 5.
func (c *conn) terms(p *packet.Connect, assigned string, keepAlive bool) *packet.Properties {
	t := new(packet.Properties)
	t.SetNumber(packet.ReceiveMaximum, receiveMaximum)
	t.SetNumber(packet.MaximumPacketSize, uint32(c.handler.maxPacketBytes()))
	t.SetNumber(packet.TopicAliasMaximum, topicAliasMaximum)
	if assigned != "" {
		t.SetText(packet.AssignedClientID, assigned)
	}
	if keepAlive {
		t.SetNumber(packet.ServerKeepAlive, uint32(c.handler.config.MaxKeepAlive/time.Second))
	}
	if wanted := sessionExpiry(p); wanted > c.handler.config.MaxSessionExpiry {
		t.SetNumber(packet.SessionExpiry, uint32(c.handler.config.MaxSessionExpiry/time.Second))
	}
	return t
}

// sessionExpiry returns for how long a client wants its session kept.
func sessionExpiry(p *packet.Connect) time.Duration {
	switch {
	case p.Version == packet.V5:
		return time.Duration(p.Properties.Number(packet.SessionExpiry)) * time.Second
	case p.CleanStart:
		return 0
	}
	return 1<<63 - 1 // for as long as may be
}
