package mqtt

import (
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/sync/semaphore"

	"github.com/holdfast-dev/holdfast/internal/auth"
	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/edge/mqtt/packet"
	"github.com/holdfast-dev/holdfast/internal/hub"
	"github.com/holdfast-dev/holdfast/internal/session"
	"github.com/holdfast-dev/holdfast/websocket"
)

const (
	maxBurst      = 256 // messages
	maxBurstBytes = 64 << 10
)

// burst is publications to one channel that have come together. They leave together, which costs each subscriber one write.
type burst struct {
	channel  channel.Name
	paced    bool // the client can't be told to wait, and is made to
	messages []*broker.Message
	receipts []receipt
	bytes    int

	identified bool // some have an id that is to be stored before they are
}

// receipt is who is to be told what became of a publication. The zero value, with QoS 0, is nobody.
type receipt struct {
	ack     *ack
	arrival *arrival // of QoS 2
}

// publish takes PUBLISH. The error is one that ends the connection.
func (c *conn) publish(raw packet.Raw) error {
	p, err := packet.ParsePublish(raw, c.version)
	if err == nil {
		err = c.resolveAlias(p)
	}
	if p == nil || err != nil && p.QoS == 0 {
		return err
	}
	r, again, fault := c.receipt(p)
	if fault != nil || again {
		return fault
	}
	name, m, err := c.message(p, err)
	if err != nil {
		if broken, ok := errors.AsType[*packet.Error](err); ok && broken.Code != packet.TopicNameInvalid && broken.Code != packet.PayloadFormatInvalid && broken.Code != packet.QuotaExceeded {
			return err
		}
		c.refusePublication(r, err)
		return nil
	}
	c.gather(name, m, r)
	return nil
}

// resolveAlias finds the topic that an alias stands for, or what it shall stand for from now on.
func (c *conn) resolveAlias(p *packet.Publish) error {
	if !p.Properties.Has(packet.TopicAlias) {
		return nil
	}
	alias := int(p.Properties.Number(packet.TopicAlias))
	if alias > topicAliasMaximum {
		return &packet.Error{Code: packet.TopicAliasInvalid, Reason: "the topic alias is larger than the Topic Alias Maximum of CONNACK"}
	}
	if c.aliases == nil {
		c.aliases = make([]string, topicAliasMaximum+1)
	}
	if p.Topic == "" {
		p.Topic = c.aliases[alias]
	}
	if p.Topic == "" {
		return &packet.Error{Code: packet.TopicAliasInvalid, Reason: "the topic alias stands for no topic on this connection"}
	}
	c.aliases[alias] = p.Topic
	return nil
}

// receipt prepares to answer a publication. It is again if the publication with QoS 2 has come before: then it will be
// answered, and nothing else is to be done.
func (c *conn) receipt(p *packet.Publish) (r receipt, again bool, err error) {
	t := packet.TypePuback
	switch p.QoS {
	case 0:
		return receipt{}, false, nil
	case 2:
		t = packet.TypePubrec
		if r.arrival = c.session.arrivalOf(p.ID, c, p.Dup); r.arrival != nil && !c.session.adopt(r.arrival, c) {
			a := r.arrival
			c.answerAgain(a, p.ID)
			return receipt{}, true, nil
		}
	}
	for {
		var room bool
		if r.ack, room = c.acks.expect(t, p.ID); room {
			break
		}
		if c.version == packet.V5 {
			return r, false, &packet.Error{Code: packet.ReceiveMaximumExceeded, Reason: "you have begun more publications than the Receive Maximum of CONNACK"}
		}
		c.publishBurst() // it may be what is waited for
		if !c.acks.await(c.work) {
			return r, true, nil
		}
	}
	if p.QoS == 2 && r.arrival == nil {
		r.arrival = c.session.arrives(p.ID)
	}
	return r, false, nil
}

// message makes a message of PUBLISH, or returns why it is refused; fault is what is wrong with the packet itself.
func (c *conn) message(p *packet.Publish, fault error) (channel.Name, *broker.Message, error) {
	if fault != nil {
		return "", nil, fault
	}
	name, err := channelOf(p.Topic)
	if err != nil {
		return "", nil, err
	}
	if err := c.client.Allow(auth.Publish, name.Pattern()); err != nil {
		return "", nil, err
	}
	if most := c.handler.config.MaxMessageBytes; int64(len(p.Payload)) > most {
		return "", nil, &session.TooLargeError{Channel: name, LimitBytes: most}
	}
	m := &broker.Message{Channel: name, Payload: append([]byte(nil), p.Payload...), Source: c.session.source, Time: time.Now()}
	m.Meta, err = metaOf(p)
	if err == nil {
		m.Type, err = c.typeOf(m)
	}
	return name, m, err
}

// channelOf returns the channel of a topic that is published to.
func channelOf(topic string) (channel.Name, error) {
	name, err := channel.FromTopic(topic)
	if err == nil && (strings.HasPrefix(topic, "$SYS/") || strings.HasPrefix(topic, "$share/")) {
		err = errors.New("topics below $SYS and $share are the server's")
	}
	if err != nil {
		return "", &packet.Error{Code: packet.TopicNameInvalid, Reason: err.Error()}
	}
	return name, nil
}

// metaOf returns what PUBLISH says beside the payload.
func metaOf(p *packet.Publish) (*broker.Meta, error) {
	m := &broker.Meta{QoS: p.QoS, Retain: p.Retain}
	if props := p.Properties; props != nil {
		m.ContentType = props.Text(packet.ContentType)
		m.ResponseTopic = props.Text(packet.ResponseTopic)
		m.Correlation = props.Text(packet.CorrelationData)
		m.Lasts = time.Duration(props.Number(packet.MessageExpiry)) * time.Second
		m.Text = props.Number(packet.PayloadFormat) == 1
		for _, u := range props.User {
			m.Pairs = append(m.Pairs, broker.Pair{Name: u.Name, Value: u.Value})
		}
		if strings.ContainsAny(m.ResponseTopic, "+#") {
			return nil, &packet.Error{Code: packet.ProtocolError, Reason: "the response topic has a wildcard"}
		}
	}
	if err := m.Check(); err != nil {
		return nil, &packet.Error{Code: packet.QuotaExceeded, Reason: err.Error()}
	}
	return m, nil
}

// typeOf decides whether other clients get a message as text: if the publisher has declared it, or it looks like that.
// Devices seldom declare anything, and send text mostly. In a channel whose rule has a content, everything is binary.
func (c *conn) typeOf(m *broker.Message) (websocket.MessageType, error) {
	isText := utf8.Valid(m.Payload)
	switch {
	case m.Meta.Text && !isText:
		return 0, &packet.Error{Code: packet.PayloadFormatInvalid, Reason: "the payload is declared to be UTF-8 and is not"}
	case c.handler.channels.Rule(m.Channel).Content != nil:
		return websocket.Binary, nil
	case m.Meta.Text, isText && !hasControls(m.Payload):
		return websocket.Text, nil
	}
	return websocket.Binary, nil
}

// hasControls tells whether there is a character that text does not have.
func hasControls(p []byte) bool {
	for _, b := range p {
		if b < ' ' && b != '\n' && b != '\r' && b != '\t' {
			return true
		}
	}
	return false
}

// gather has a message published together with those that come with it.
func (c *conn) gather(name channel.Name, m *broker.Message, r receipt) {
	paced := c.version < packet.V5 || m.Meta.QoS == 0
	if name != c.burst.channel || paced != c.burst.paced {
		c.publishBurst()
	}
	if !c.client.Pace(c.work.Done(), 1, len(m.Payload)) || !c.begin(len(m.Payload)) {
		if r.arrival != nil {
			c.session.forgetArrival(r.ack.ID) // the client sends it again
		}
		return // the connection is over
	}
	b := &c.burst
	b.channel, b.paced = name, paced
	if r.arrival != nil && c.handler.config.Sessions != nil && c.handler.channels.Epoch(name) != "" {
		m.ID = c.session.identify(r.arrival)
		b.identified = b.identified || m.ID != ""
	}
	b.messages, b.receipts = append(b.messages, m), append(b.receipts, r)
	b.bytes += len(m.Payload)
	if len(b.messages) == maxBurst || b.bytes >= maxBurstBytes {
		c.publishBurst()
	}
}

// begin waits until there is room for a message in flight. It returns false if the connection is over.
func (c *conn) begin(bytes int) bool {
	if c.flight == nil {
		c.flight = semaphore.NewWeighted(maxInFlightBytes)
	}
	if c.flight.TryAcquire(weigh(bytes)) {
		return true
	}
	c.publishBurst() // it may be what holds the room
	return c.flight.Acquire(c.work, weigh(bytes)) == nil
}

func weigh(bytes int) int64 { return min(max(int64(bytes), messageWeight), maxInFlightBytes) }

// publishBurst publishes what has gathered.
func (c *conn) publishBurst() {
	b := c.burst
	if len(b.messages) == 0 {
		return
	}
	c.burst = burst{}
	if b.identified {
		if err := c.session.journal.await(); err != nil {
			for i, m := range b.messages {
				c.published(m, b.receipts[i], err)
			}
			return
		}
	}
	done := func(i int, _ broker.Ack, err error) { c.published(b.messages[i], b.receipts[i], err) }
	if b.paced {
		c.handler.channels.PublishPaced(c.handler.work, c.client, c.handler.work.Done(), hub.Bundle(b.messages...), done)
	} else {
		c.handler.channels.Publish(c.handler.work, c.client, hub.Bundle(b.messages...), done)
	}
}

// published goes on with a message that is stored, or was given to all who are subscribed.
func (c *conn) published(m *broker.Message, r receipt, err error) {
	c.flight.Release(weigh(len(m.Payload)))
	if err != nil {
		c.refusePublication(r, err)
		return
	}
	c.accept(r)
}

// accept tells the client that a publication has been taken.
func (c *conn) accept(r receipt) {
	if r.arrival != nil {
		r.arrival.settle(packet.Success, "")
	}
	if r.ack != nil {
		c.acks.give(r.ack, packet.Success, "")
	}
}

// refusePublication tells the client that a publication has not been taken. One that can't be told is disconnected.
func (c *conn) refusePublication(r receipt, err error) {
	if r.ack == nil || c.version < packet.V5 {
		c.refuses(err)
		return
	}
	code, reason := ackReason(err), refText(err.Error(), c.handler.door.Tell(c.client, err))
	if r.arrival != nil {
		c.session.forgetArrival(r.ack.ID)
		r.arrival.settle(code, reason)
	}
	c.acks.give(r.ack, code, reason)
}
