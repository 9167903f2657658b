package mqtt

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/edge/door"
	"github.com/holdfast-dev/holdfast/internal/edge/mqtt/packet"
	"github.com/holdfast-dev/holdfast/internal/session"
	"github.com/holdfast-dev/holdfast/protocol"
)

const (
	// What may be published and not stored yet. A client that has so much in flight is not read until some of it is.
	maxInFlightBytes = 4 << 20
	messageWeight    = maxInFlightBytes / 1024 // the least that a message holds

	receiveMaximum    = 256 // publications with QoS 1 and 2 that a client may have begun and not ended
	topicAliasMaximum = 32  // that a client may use
)

// conn is one connection. All packets are dealt with by the goroutine that reads, in order.
type conn struct {
	handler *Handler
	client  *session.Client
	link    link
	out     out

	work context.Context
	stop context.CancelFunc

	flight *semaphore.Weighted // of publications, in bytes; made with the first
	acks   acks                // to publications

	heard   atomic.Int64 // when something came, in nanoseconds since 1970
	silence silence

	// The session's lock guards these, which say how to send to the client.
	maxPacket  int // bytes; 0 for any
	outAliases outAliases
	over       atomic.Bool // nothing more is dealt with

	leaving atomic.Bool          // the server stops
	will    atomic.Pointer[will] // nil for none, or when it is not to be published

	// What others may ask; set by CONNECT.
	speaks  atomic.Int32 // the version; 0 before
	belongs atomic.Pointer[mqttSession]

	// These belong to the goroutine that reads.
	partial  []byte // of a packet that has not come to its end
	version  packet.Version
	session  *mqttSession // nil before CONNECT
	aliases  []string     // the client's, by number
	burst    burst        // publications that have not left
	problems bool         // the client wants to be told why it is refused
}

func newConn(h *Handler, l link, client *session.Client) *conn {
	c := &conn{handler: h, client: client, link: l}
	c.work, c.stop = context.WithCancel(h.work)
	c.out = out{link: l, work: c.work}
	c.acks.conn = c
	return c
}

// serve reads until the connection is over, and cleans up.
func (c *conn) serve() {
	defer c.client.Leave()
	c.hear()
	c.watch(c.handler.config.FirstPacket)
	if reason, closing := c.client.Connected(c); closing {
		c.end(packet.ServerShuttingDown, reason)
	}
	err := c.link.serve(c.receive)
	c.handler.config.Log.Debug("connection over", "edge", "mqtt", "remote", c.link.remoteAddr(), "error", err)
	c.over.Store(true)
	c.watch(0)
	c.stop()
	c.out.close()
	c.detach()
}

// receive deals with the packets in what has arrived.
func (c *conn) receive(p []byte) {
	c.hear()
	if len(c.partial) > 0 {
		c.partial = append(c.partial, p...)
		if len(c.partial) < packet.Need(c.partial) {
			return // without looking at it again and again
		}
		p = c.partial
	}
	for !c.over.Load() {
		raw, n, err := packet.Next(p, c.handler.maxPacketBytes())
		if err != nil {
			c.breaks(err)
			break
		}
		if n == 0 {
			break
		}
		c.run(raw)
		p = p[n:]
	}
	c.publishBurst()
	c.keep(p)
}

// keep holds on to the beginning of a packet. It takes no more memory than has come.
func (c *conn) keep(rest []byte) {
	switch {
	case c.over.Load() || len(rest) == 0:
		c.partial = nil
	case len(c.partial) == 0 || len(rest) < len(c.partial):
		c.partial = append([]byte(nil), rest...)
	}
}

// run deals with one packet.
func (c *conn) run(raw packet.Raw) {
	if raw.Type != packet.TypePublish {
		c.publishBurst()
	}
	if c.out.settle(c.work) != nil {
		return
	}
	var err error
	switch {
	case c.session == nil && raw.Type != packet.TypeConnect:
		err = &packet.Error{Code: packet.ProtocolError, Reason: "the first packet is " + raw.Type.String() + " and must be CONNECT"}
	case c.session == nil:
		c.connect(raw)
	default:
		err = c.runConnected(raw)
	}
	if err != nil {
		c.breaks(err)
	}
}

// runConnected deals with a packet behind CONNECT. The error is one that ends the connection.
func (c *conn) runConnected(raw packet.Raw) error {
	switch raw.Type {
	case packet.TypePublish:
		return c.publish(raw)
	case packet.TypePuback, packet.TypePubrec, packet.TypePubrel, packet.TypePubcomp:
		ack, err := packet.ParseAck(raw, c.version)
		if err == nil {
			c.acknowledged(ack)
		}
		return err
	case packet.TypeSubscribe:
		p, err := packet.ParseSubscribe(raw.Body, c.version)
		if err == nil {
			err = c.subscribe(p)
		}
		return err
	case packet.TypeUnsubscribe:
		p, err := packet.ParseUnsubscribe(raw.Body, c.version)
		if err == nil {
			c.unsubscribe(p)
		}
		return err
	case packet.TypePingreq:
		c.out.say(packet.AppendPingresp(nil))
		return packet.ParseEmpty(raw)
	case packet.TypeDisconnect:
		p, err := packet.ParseDisconnect(raw.Body, c.version)
		if err == nil {
			err = c.disconnect(p)
		}
		return err
	case packet.TypeAuth:
		return &packet.Error{Code: packet.BadAuthMethod, Reason: "there is no enhanced authentication here; show a token as the password"}
	}
	return &packet.Error{Code: packet.ProtocolError, Reason: raw.Type.String() + " is not for clients to send now"}
}

// disconnect ends the connection because the client wants it.
func (c *conn) disconnect(p *packet.Disconnect) error {
	if p.Properties.Has(packet.SessionExpiry) {
		wanted := time.Duration(p.Properties.Number(packet.SessionExpiry)) * time.Second
		if !c.session.setExpiry(wanted) {
			return &packet.Error{Code: packet.ProtocolError, Reason: "the session was to end with the connection, and can't be made to last now"}
		}
	}
	if p.Code != packet.DisconnectWithWill {
		c.will.Store(nil)
	}
	c.over.Store(true)
	c.detach() // before the client can see that it has come
	c.link.end(nil, "")
	return nil
}

// end closes the connection without waiting, and tells the client why, if its version can be told.
func (c *conn) end(code packet.Reason, reason string) {
	c.over.Store(true)
	c.stop()
	var last []byte
	if c.speaks.Load() == int32(packet.V5) {
		last = (&packet.Disconnect{Code: code, Properties: reasonString(reason)}).Append(nil)
	}
	c.link.end(last, reason)
}

// breaks ends the connection of a client that does not keep to the protocol, and tells the audit.
func (c *conn) breaks(err error) {
	code := reasonOf(err)
	if broken, ok := errors.AsType[*packet.Error](err); ok {
		err = errors.New(broken.Reason)
	}
	c.end(code, c.told("bad_packet", err))
	c.detach()
}

// refuses ends the connection of a client because of something that it may not do, and can't be told otherwise.
func (c *conn) refuses(err error) {
	c.end(reasonOf(err), refText(err.Error(), c.handler.door.Tell(c.client, err)))
	c.detach()
}

// detach takes the session from the connection at once, though it may take a while to close.
func (c *conn) detach() {
	if s := c.belongs.Load(); s != nil {
		s.detach(c)
	}
}

// told tells the audit of a kind of fault, and returns what to tell the client.
func (c *conn) told(kind string, err error) string {
	return refText(err.Error(), c.handler.door.Tell(c.client, &door.RequestError{Kind: kind, Err: err}))
}

// GoAway implements session.Connection.
func (c *conn) GoAway(ctx context.Context, reason string) {
	c.leaving.Store(true)
	context.AfterFunc(ctx, c.link.drop)
	c.end(packet.ServerShuttingDown, reason)
}

// Expiring implements session.Connection. MQTT has no way to say it.
func (c *conn) Expiring(time.Duration) {}

// End implements session.Connection.
func (c *conn) End(code protocol.CloseCode, reason string) { c.end(closeReason(code), reason) }

// Subscriptions implements session.Connection.
func (c *conn) Subscriptions() []channel.Pattern {
	if s := c.belongs.Load(); s != nil {
		return s.patterns()
	}
	return nil
}
