package mqtt

import (
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/internal/edge/mqtt/packet"
	"github.com/holdfast-dev/holdfast/websocket"
)

// client is a scripted client.
type client struct {
	t       *testing.T
	nc      net.Conn
	version packet.Version
	connack *packet.Connack
	lastID  uint16
	unread  []byte
	early   []any // packets that came while another was waited for
}

// dial connects by TCP and sends nothing.
func (e *edge) dial(v packet.Version) *client {
	e.t.Helper()
	nc, err := net.Dial("tcp", e.addr)
	if err != nil {
		e.t.Fatal(err)
	}
	return e.clientOn(nc, v)
}

// dialSocket is dial by WebSocket.
func (e *edge) dialSocket(v packet.Version) *client {
	e.t.Helper()
	ws, err := websocket.Dial(patience(e.t), e.url, &websocket.DialOptions{Subprotocols: []string{"mqtt"}})
	if err != nil {
		e.t.Fatal(err)
	}
	return e.clientOn(websocket.NetConn(ws, websocket.Binary), v)
}

func (e *edge) clientOn(nc net.Conn, v packet.Version) *client {
	c := &client{t: e.t, nc: nc, version: v}
	e.t.Cleanup(c.drop)
	if err := nc.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		e.t.Fatal(err)
	}
	return c
}

// connect is a client whose CONNECT has been accepted.
func (e *edge) connect(v packet.Version, id string, with ...func(*packet.Connect)) *client {
	e.t.Helper()
	return e.dial(v).connect(id, with...)
}

// connect sends CONNECT, with a clean start unless with says otherwise, and wants it accepted.
func (c *client) connect(id string, with ...func(*packet.Connect)) *client {
	c.t.Helper()
	if c.hello(id, with...); c.connack.Code != packet.Success {
		c.t.Fatalf("CONNACK says %v", c.connack)
	}
	return c
}

// hello sends CONNECT and reads CONNACK.
func (c *client) hello(id string, with ...func(*packet.Connect)) {
	c.t.Helper()
	p := &packet.Connect{Version: c.version, ClientID: id, CleanStart: true, Properties: new(packet.Properties)}
	for _, set := range with {
		set(p)
	}
	c.send(p.Append(nil))
	c.connack = await[*packet.Connack](c)
}

// Ways to connect.
func resuming(p *packet.Connect) { p.CleanStart = false }

func keepAlive(seconds uint16) func(*packet.Connect) {
	return func(p *packet.Connect) { p.KeepAlive = seconds }
}

func property(id packet.Property, value uint32) func(*packet.Connect) {
	return func(p *packet.Connect) { p.Properties.SetNumber(id, value) }
}

// lasting is a session that outlives its connection.
func lasting(seconds uint32) func(*packet.Connect) { return property(packet.SessionExpiry, seconds) }

func withWill(w *packet.Will) func(*packet.Connect) {
	return func(p *packet.Connect) { p.Will = w }
}

func withPassword(password string) func(*packet.Connect) {
	return func(p *packet.Connect) {
		p.HasUser, p.User, p.HasPassword, p.Password = true, "device", true, []byte(password)
	}
}

func (c *client) send(b []byte) {
	c.t.Helper()
	if _, err := c.nc.Write(b); err != nil {
		c.t.Fatal(err)
	}
}

// drop closes the connection without a word.
func (c *client) drop() { c.nc.Close() } // closed before by the server, mostly

func (c *client) read() (any, error) {
	for {
		raw, n, err := packet.Next(c.unread, packet.MaxRemaining)
		if err != nil {
			return nil, err
		}
		if n > 0 {
			c.unread = c.unread[n:]
			return parse(raw, c.version)
		}
		var b [4096]byte
		m, err := c.nc.Read(b[:])
		if err != nil {
			return nil, err
		}
		c.unread = append(c.unread, b[:m]...)
	}
}

// parse reads a packet that a server sends.
func parse(raw packet.Raw, v packet.Version) (any, error) {
	switch raw.Type {
	case packet.TypeConnack:
		return packet.ParseConnack(raw.Body, v)
	case packet.TypePublish:
		p, err := packet.ParsePublish(raw, v)
		if err == nil {
			p.Payload = append([]byte(nil), p.Payload...)
		}
		return p, err
	case packet.TypePuback, packet.TypePubrec, packet.TypePubrel, packet.TypePubcomp:
		return packet.ParseAck(raw, v)
	case packet.TypeSuback, packet.TypeUnsuback:
		return packet.ParseSuback(raw, v)
	case packet.TypeDisconnect:
		return packet.ParseDisconnect(raw.Body, v)
	case packet.TypePingresp:
		return packet.TypePingresp, packet.ParseEmpty(raw)
	}
	return nil, fmt.Errorf("a server does not send %v", raw.Type)
}

// await returns the next packet of a type. Others that come before are kept.
func await[P any](c *client) P {
	c.t.Helper()
	for i, p := range c.early {
		if wanted, ok := p.(P); ok {
			c.early = append(c.early[:i:i], c.early[i+1:]...)
			return wanted
		}
	}
	for {
		p, err := c.read()
		if err != nil {
			var wanted P
			c.t.Fatalf("waiting for %T: %v (before: %v)", wanted, err, c.early)
		}
		if wanted, ok := p.(P); ok {
			return wanted
		}
		c.early = append(c.early, p)
	}
}

// want returns the next message and completes its exchange.
func (c *client) want(topic, payload string) *packet.Publish {
	c.t.Helper()
	p := await[*packet.Publish](c)
	if p.Topic != topic || string(p.Payload) != payload {
		c.t.Fatalf("got %q of %q, want %q of %q", p.Payload, p.Topic, payload, topic)
	}
	c.complete(p)
	return p
}

// complete acknowledges a message.
func (c *client) complete(p *packet.Publish) {
	c.t.Helper()
	switch p.QoS {
	case 1:
		c.ack(packet.TypePuback, p.ID)
	case 2:
		c.ack(packet.TypePubrec, p.ID)
		if rel := await[*packet.Ack](c); rel.Type != packet.TypePubrel || rel.ID != p.ID {
			c.t.Fatalf("got %v, want PUBREL of %d", rel, p.ID)
		}
		c.ack(packet.TypePubcomp, p.ID)
	}
}

func (c *client) ack(t packet.Type, id uint16) {
	c.t.Helper()
	c.send((&packet.Ack{Type: t, ID: id}).Append(nil, c.version))
}

// wantNothing wants no message to come before a ping is answered. What is under way to a client comes before, if it has been
// published by one that has been answered since.
func (c *client) wantNothing() {
	c.t.Helper()
	c.ping()
	for _, p := range c.early {
		if m, ok := p.(*packet.Publish); ok {
			c.t.Fatalf("got %q of %q, want nothing", m.Payload, m.Topic)
		}
	}
}

func (c *client) ping() {
	c.t.Helper()
	c.send(packet.AppendPingreq(nil))
	await[packet.Type](c)
}

// wantEnd wants DISCONNECT with a code, or before MQTT 5 the end of the connection.
func (c *client) wantEnd(code packet.Reason) string {
	c.t.Helper()
	reason := ""
	if c.version == packet.V5 {
		d := await[*packet.Disconnect](c)
		if reason = d.Properties.Text(packet.ReasonString); d.Code != code {
			c.t.Fatalf("DISCONNECT says %#x (%s), want %#x", byte(d.Code), reason, byte(code))
		}
	}
	c.wantClosed()
	return reason
}

// wantClosed wants the connection to be closed.
func (c *client) wantClosed() {
	c.t.Helper()
	for {
		if _, err := c.read(); err != nil {
			if ne, ok := err.(net.Error); ok && ne.Timeout() {
				c.t.Fatal("the connection is not closed")
			}
			c.drop()
			return
		}
	}
}

// subscribe wants a filter granted.
func (c *client) subscribe(filter string, qos byte, with ...func(*packet.Subscription)) *client {
	c.t.Helper()
	if codes := c.ask(nil, filter, qos, with...); codes[0] != packet.Reason(qos) {
		c.t.Fatalf("SUBACK says %v", codes)
	}
	return c
}

// ask subscribes and returns the codes of SUBACK.
func (c *client) ask(props *packet.Properties, filter string, qos byte, with ...func(*packet.Subscription)) []packet.Reason {
	c.t.Helper()
	s := packet.Subscription{Filter: filter, QoS: qos}
	for _, set := range with {
		set(&s)
	}
	c.lastID++
	p := &packet.Subscribe{ID: c.lastID, Subscriptions: []packet.Subscription{s}, Properties: props}
	c.send(p.Append(nil, c.version))
	return await[*packet.Suback](c).Codes
}

func (c *client) unsubscribe(filter string) []packet.Reason {
	c.t.Helper()
	c.lastID++
	c.send((&packet.Unsubscribe{ID: c.lastID, Filters: []string{filter}}).Append(nil, c.version))
	return await[*packet.Suback](c).Codes
}

// publish publishes and waits until that has ended, with QoS 0 too: by a ping. It returns the code of the first answer.
func (c *client) publish(topic, payload string, qos byte, with ...func(*packet.Publish)) packet.Reason {
	c.t.Helper()
	p := &packet.Publish{Topic: topic, Payload: []byte(payload), QoS: qos, Properties: new(packet.Properties)}
	for _, set := range with {
		set(p)
	}
	if qos > 0 && p.ID == 0 {
		c.lastID++
		p.ID = c.lastID
	}
	c.send(p.Append(nil, c.version))
	switch qos {
	case 0:
		c.ping()
		return packet.Success
	case 1:
		return await[*packet.Ack](c).Code
	}
	if rec := await[*packet.Ack](c); rec.Type != packet.TypePubrec || rec.Code.Refusal() {
		return rec.Code
	}
	c.ack(packet.TypePubrel, p.ID)
	return await[*packet.Ack](c).Code
}

func retaining(p *packet.Publish) { p.Retain = true }

// disconnect ends the connection in order, and waits for its end.
func (c *client) disconnect() {
	c.t.Helper()
	c.send((&packet.Disconnect{}).Append(nil))
	c.wantClosed()
}
