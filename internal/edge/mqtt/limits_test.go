package mqtt

import (
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/internal/edge/door/doortest"
	"github.com/holdfast-dev/holdfast/internal/edge/mqtt/packet"
	"github.com/holdfast-dev/holdfast/internal/policy"
)

func alias(n uint32) func(*packet.Publish) {
	return func(p *packet.Publish) { p.Properties.SetNumber(packet.TopicAlias, n) }
}

func TestClientsMayAbbreviateTopics(t *testing.T) {
	e := start(t)
	c := e.connect(packet.V5, "c", lasting(999)).subscribe("TopicA", 2)
	if n := c.connack.Properties.Number(packet.TopicAliasMaximum); n != topicAliasMaximum {
		t.Errorf("CONNACK says %d", n)
	}
	c.publish("TopicA", "one", 1, alias(1))
	c.publish("", "two", 1, alias(1))
	c.want("TopicA", "one")
	c.want("TopicA", "two")
	c.disconnect()
	c = e.connect(packet.V5, "c", resuming)
	c.publish("TopicA", "three", 1)
	c.want("TopicA", "three")
	c.send((&packet.Publish{QoS: 1, ID: 9, Properties: aliased(1)}).Append(nil, packet.V5))
	c.wantEnd(packet.TopicAliasInvalid) // it ended with the connection
	for _, n := range []uint32{0, topicAliasMaximum + 1} {
		c = e.connect(packet.V5, "c")
		c.send((&packet.Publish{Topic: "TopicA", QoS: 1, ID: 9, Properties: aliased(n)}).Append(nil, packet.V5))
		c.wantEnd(packet.TopicAliasInvalid)
	}
}

func aliased(n uint32) *packet.Properties {
	p := new(packet.Properties)
	p.SetNumber(packet.TopicAlias, n)
	return p
}

func TestTheServerAbbreviatesTopicsForWhoAllowsIt(t *testing.T) {
	e := start(t)
	c := e.connect(packet.V5, "c", property(packet.TopicAliasMaximum, 1)).subscribe("TopicA", 2).subscribe("TopicB", 2)
	for qos := range byte(3) {
		c.publish("TopicA", "one", qos)
	}
	if n := c.want("TopicA", "one").Properties.Number(packet.TopicAlias); n != 1 {
		t.Errorf("the first message has the alias %d", n)
	}
	for range 2 {
		if n := c.want("", "one").Properties.Number(packet.TopicAlias); n != 1 {
			t.Errorf("another message has the alias %d", n)
		}
	}
	c.publish("TopicB", "two", 1)
	if c.want("TopicB", "two").Properties.Has(packet.TopicAlias) {
		t.Error("there are more aliases than the client allows")
	}
	c = e.connect(packet.V5, "none").subscribe("TopicA", 2)
	c.publish("TopicA", "three", 1)
	if c.want("TopicA", "three").Properties.Has(packet.TopicAlias) {
		t.Error("there is an alias that the client does not allow")
	}
}

func TestPacketsAreNoLargerThanTheOtherSideTakes(t *testing.T) {
	e := start(t)
	c := e.connect(packet.V5, "c", property(packet.MaximumPacketSize, 64)).subscribe("TopicA", 2)
	c.publish("TopicA", strings.Repeat(".", 32), 0)
	c.publish("TopicA", strings.Repeat(".", 64), 1)
	c.publish("TopicA", "small", 1)
	c.want("TopicA", strings.Repeat(".", 32))
	c.want("TopicA", "small")
	c.wantNothing()
	most := int(c.connack.Properties.Number(packet.MaximumPacketSize))
	big := (&packet.Publish{Topic: "TopicA", Payload: make([]byte, most)}).Append(nil, packet.V5)
	c.send(big[:8])
	c.wantEnd(packet.PacketTooLarge)
}

func TestTheServerShortensTheKeepAlive(t *testing.T) {
	e := start(t)
	c := e.connect(packet.V5, "c", keepAlive(120))
	if n := c.connack.Properties.Number(packet.ServerKeepAlive); n != 60 {
		t.Errorf("CONNACK says %d s", n)
	}
	if e.connect(packet.V5, "d", keepAlive(30)).connack.Properties.Has(packet.ServerKeepAlive) {
		t.Error("CONNACK changes a keep alive that is short enough")
	}
}

func TestNoMoreIsUnderWayThanTheClientReceives(t *testing.T) {
	e := start(t)
	for _, topic := range []string{"TopicA", "kept/a"} {
		c := e.connect(packet.V5, "c", property(packet.ReceiveMaximum, 2)).subscribe(topic, 2)
		for range 3 {
			c.publish(topic, "message", 1)
		}
		first, second := await[*packet.Publish](c), await[*packet.Publish](c)
		c.wantNothing()
		c.ack(packet.TypePuback, first.ID)
		third := await[*packet.Publish](c)
		c.ack(packet.TypePuback, second.ID)
		c.ack(packet.TypePuback, third.ID)
		c.wantNothing()
	}
}

func TestWhoBeginsMoreThanTheServerReceivesIsDisconnected(t *testing.T) {
	e := start(t)
	c := e.connect(packet.V5, "c")
	most := c.connack.Properties.Number(packet.ReceiveMaximum)
	for id := uint16(1); uint32(id) <= most+1; id++ {
		c.send((&packet.Publish{Topic: "TopicA", Payload: []byte("x"), QoS: 2, ID: id}).Append(nil, packet.V5))
	}
	c.wantEnd(packet.ReceiveMaximumExceeded)
}

func TestAClientWithoutAnIdentifierGetsOne(t *testing.T) {
	e := start(t)
	if id := e.connect(packet.V5, "").connack.Properties.Text(packet.AssignedClientID); id == "" {
		t.Error("CONNACK has none")
	}
	e.connect(packet.V5, "", resuming)
	e.connect(packet.V311, "")
	for _, v := range []packet.Version{packet.V31, packet.V311} {
		c := e.dial(v)
		if c.hello("", resuming); c.connack.Code != 2 {
			t.Errorf("CONNACK says %d to version %d", c.connack.Code, v)
		}
		c.wantClosed()
	}
}

func TestWhatIsNotMQTTIsClosed(t *testing.T) {
	e := start(t)
	for _, said := range []string{
		"\x10\x0c\x00\x02hj\x04\x02\x00\x00\x00\x02id", // another protocol
		"\xc0\x00", // PINGREQ before CONNECT
		"GET / HTTP/1.1\r\nHost: example\r\n\r\n",              // HTTP
		"\x10\xff\xff\xff\xff\xff",                             // a length that can't be
		"\x30\x05\x00\x01aaa",                                  // PUBLISH before CONNECT
		"\x00\x00",                                             // no packet
		"\x10\x0c\x00\x04MQTT\x04\x03\x00\x00\x00\x00\x00\x00", // a reserved flag
	} {
		c := e.dial(packet.V311)
		c.send([]byte(said))
		c.wantClosed()
	}
	c := e.dial(packet.V311)
	c.send([]byte("\x10\x0e\x00\x04MQTT\x09\x02\x00\x00\x00\x02id"))
	if ack := await[*packet.Connack](c); ack.Code != 1 {
		t.Errorf("CONNACK says %d to an unknown version", ack.Code)
	}
}

func TestAClientThatDoesNotConnectIsClosed(t *testing.T) {
	e := startOn(t, testChannels(t), policy.Limits{}, Config{FirstPacket: 50 * time.Millisecond})
	e.dial(packet.V311).wantClosed()
}

func TestThePasswordIsAToken(t *testing.T) {
	rules := doortest.Guarded()
	e := startOn(t, doortest.Channels(t, testLimit, rules[:len(rules)-1]...), policy.Limits{}, Config{})
	token := doortest.Token(t, "alice", time.Hour, map[string]string{"staff/#": "rw"})
	c := e.connect(packet.V5, "c", withPassword(token)).subscribe("staff/a", 1).subscribe("mine/alice/a", 1)
	c.publish("staff/a", "hello", 1)
	c.want("staff/a", "hello")
	if codes := c.ask(nil, "mine/bob/a", 1); codes[0] != packet.NotAuthorized {
		t.Errorf("SUBACK says %#x", codes)
	}
	if code := c.publish("mine/bob/a", "x", 1); code != packet.NotAuthorized {
		t.Errorf("PUBACK says %#x", byte(code))
	}
	if code := c.publish("mine/bob/a", "x", 2); code != packet.NotAuthorized {
		t.Errorf("PUBREC says %#x", byte(code))
	}
	c.send((&packet.Publish{Topic: "mine/bob/a"}).Append(nil, packet.V5))
	if reason := c.wantEnd(packet.NotAuthorized); !strings.Contains(reason, "mine/bob/a") {
		t.Errorf("the reason is %q", reason)
	}
	for v, want := range map[packet.Version]packet.Reason{packet.V5: packet.BadUserNameOrPassword, packet.V311: 4} {
		c = e.dial(v)
		if c.hello("c", withPassword("wrong")); c.connack.Code != want {
			t.Errorf("CONNACK says %#x", byte(c.connack.Code))
		}
		c.wantClosed()
	}
	c = e.dial(packet.V5)
	c.hello("c", func(p *packet.Connect) { p.Properties.SetText(packet.AuthMethod, "SCRAM-SHA-256") })
	if c.connack.Code != packet.BadAuthMethod {
		t.Errorf("CONNACK says %#x", byte(c.connack.Code))
	}
}

func TestNobodyTakesOverTheSessionOfAnotherUser(t *testing.T) {
	e := start(t)
	alice := e.connect(packet.V5, "device", lasting(99), withPassword(doortest.Token(t, "alice", time.Hour, nil))).subscribe("TopicA", 1)
	mallory := e.connect(packet.V5, "device", resuming, lasting(99), withPassword(doortest.Token(t, "mallory", time.Hour, nil)))
	if mallory.connack.SessionPresent {
		t.Error("the session of another user was there")
	}
	mallory.publish("TopicA", "hello", 1)
	mallory.wantNothing()
	alice.want("TopicA", "hello")
}

func TestAPublicationThatIsRefusedSaysWhy(t *testing.T) {
	e := start(t)
	c := e.connect(packet.V5, "c").subscribe("#", 1)
	for _, test := range []struct {
		topic, payload string
		set            func(*packet.Publish)
		want           packet.Reason
	}{
		{"small/a", "more than ten bytes", nil, packet.QuotaExceeded},
		{"~x", "a", nil, packet.TopicNameInvalid},
		{"$SYS/x", "a", nil, packet.TopicNameInvalid},
		{strings.Repeat("x", 300), "a", nil, packet.TopicNameInvalid},
		{"a", "\xff", func(p *packet.Publish) { p.Properties.SetNumber(packet.PayloadFormat, 1) }, packet.PayloadFormatInvalid},
		{"a", "a", func(p *packet.Publish) {
			p.Properties.User = []packet.Pair{{Name: "n", Value: strings.Repeat("v", 5000)}}
		}, packet.QuotaExceeded},
	} {
		set := test.set
		if set == nil {
			set = func(*packet.Publish) {}
		}
		for qos := byte(1); qos <= 2; qos++ {
			if code := c.publish(test.topic, test.payload, qos, set); code != test.want {
				t.Errorf("%.20q with QoS %d: %#x, want %#x", test.topic, qos, byte(code), byte(test.want))
			}
		}
	}
	c.wantNothing()
	old := e.connect(packet.V311, "old")
	old.send((&packet.Publish{Topic: "small/a", Payload: []byte("more than ten bytes"), QoS: 1, ID: 1}).Append(nil, packet.V311))
	old.wantClosed() // it can't be told otherwise
}

func TestWhatAClientSendsIsLimited(t *testing.T) {
	e := startOn(t, testChannels(t), policy.Limits{ConnectionsPerAddress: 2}, Config{})
	e.connect(packet.V5, "a")
	e.connect(packet.V5, "b")
	e.dial(packet.V5).wantClosed()
}

func TestAStoppingServerSaysSoAndPublishesNoWills(t *testing.T) {
	e := start(t)
	c := e.connect(packet.V5, "c", lastWord(0)).subscribe("Topic/C", 1)
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		e.door.Clients.Close(patience(t), "the server is shutting down")
	}()
	if reason := c.wantEnd(packet.ServerShuttingDown); reason != "the server is shutting down" {
		t.Errorf("it says %q", reason)
	}
	c.drop()
	<-closed
}
