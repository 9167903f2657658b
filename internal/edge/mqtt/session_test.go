package mqtt

import (
	"strconv"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/internal/edge/mqtt/packet"
)

// stays is how a session outlives its connection in each version.
func stays(p *packet.Connect) {
	p.CleanStart = false
	if p.Version == packet.V5 {
		p.Properties.SetNumber(packet.SessionExpiry, 999)
	}
}

func TestASessionGetsWhatCameWhileItWasAway(t *testing.T) {
	for _, prefix := range []string{"live", "kept"} {
		everyWay(t, func(t *testing.T, e *edge, dial func(packet.Version) *client, v packet.Version) {
			a := dial(v).connect("a", stays).subscribe(prefix+"/+/+", 2)
			if a.connack.SessionPresent {
				t.Error("there was a session before")
			}
			a.disconnect()
			b := dial(v).connect("b")
			b.publish(prefix+"/a/b", "zero", 0)
			for i := range 50 {
				b.publish(prefix+"/a/c", strconv.Itoa(i), byte(1+i%2))
			}
			a = dial(v).connect("a", stays)
			if !a.connack.SessionPresent && v != packet.V31 {
				t.Error("the session is not there any more")
			}
			p := await[*packet.Publish](a)
			if string(p.Payload) == "zero" {
				p = await[*packet.Publish](a)
			}
			if string(p.Payload) != "0" {
				t.Fatalf("the first message is %q", p.Payload)
			}
			a.complete(p)
			for i := range 49 {
				if p := a.want(prefix+"/a/c", strconv.Itoa(i+1)); p.QoS != byte(1+(i+1)%2) {
					t.Errorf("message %d came with QoS %d", i+1, p.QoS)
				}
			}
			a.wantNothing()
		})
	}
}

func TestWhatWasNotAcknowledgedIsSentAgain(t *testing.T) {
	everyWay(t, func(t *testing.T, e *edge, dial func(packet.Version) *client, v packet.Version) {
		b := dial(v).connect("b", stays).subscribe("TopicA/#", 2)
		b.publish("TopicA/B", "one", 1)
		b.publish("TopicA/C", "two", 2)
		b.publish("TopicA/C", "three", 2)
		first, second, third := await[*packet.Publish](b), await[*packet.Publish](b), await[*packet.Publish](b)
		b.ack(packet.TypePubrec, third.ID)
		await[*packet.Ack](b)
		b.disconnect()
		b = dial(v).connect("b", stays)
		for _, before := range []*packet.Publish{first, second} {
			p := await[*packet.Publish](b)
			if p.ID != before.ID || !p.Dup || string(p.Payload) != string(before.Payload) {
				t.Errorf("got %q again with the identifier %d, dup %t; it was %d", p.Payload, p.ID, p.Dup, before.ID)
			}
		}
		if rel := await[*packet.Ack](b); rel.Type != packet.TypePubrel || rel.ID != third.ID {
			t.Errorf("got %v; want PUBREL of %d", rel, third.ID)
		}
		b.ack(packet.TypePubcomp, third.ID)
		b.ack(packet.TypePuback, first.ID)
		b.complete(second)
		b.wantNothing()
	})
}

func TestASessionLastsForAsLongAsTheClientAsks(t *testing.T) {
	t.Parallel()
	e := start(t)
	c := e.connect(packet.V5, "c", lasting(0)).subscribe("TopicA", 2)
	c.disconnect()
	if c = e.connect(packet.V5, "c", resuming); c.connack.SessionPresent {
		t.Error("a session that was not to last is there")
	}
	c.disconnect()
	c = e.connect(packet.V5, "c", lasting(100))
	c.disconnect()
	if c = e.connect(packet.V5, "c", resuming, lasting(1)); !c.connack.SessionPresent {
		t.Error("a session that was to last is gone")
	}
	c.disconnect()
	until(t, "the session expires", func() bool { return e.sessions.count() == 0 })
	if c = e.connect(packet.V5, "c", resuming, lasting(1)); c.connack.SessionPresent {
		t.Error("a session that has expired is there")
	}
	ends := func(seconds uint32) {
		p := new(packet.Properties)
		p.SetNumber(packet.SessionExpiry, seconds)
		c.send((&packet.Disconnect{Properties: p}).Append(nil))
		c.wantClosed()
	}
	ends(100)
	if c = e.connect(packet.V5, "c", resuming, lasting(1)); !c.connack.SessionPresent {
		t.Error("a session that was prolonged by DISCONNECT is gone")
	}
	ends(0)
	if c = e.connect(packet.V5, "c", resuming); c.connack.SessionPresent {
		t.Error("a session that was ended by DISCONNECT is there")
	}
}

func (ss *sessions) count() int {
	all, _ := ss.counts()
	return all
}

func TestANewerConnectionTakesOverTheSession(t *testing.T) {
	e := start(t)
	old := e.connect(packet.V5, "c", stays).subscribe("TopicA", 1)
	now := e.connect(packet.V5, "c", stays)
	if !now.connack.SessionPresent {
		t.Error("the session has not gone over")
	}
	old.wantEnd(packet.SessionTakenOver)
	now.publish("TopicA", "hello", 1)
	now.want("TopicA", "hello")
	fresh := e.connect(packet.V5, "c")
	if fresh.connack.SessionPresent {
		t.Error("a clean start has found a session")
	}
	now.wantEnd(packet.SessionTakenOver)
	fresh.publish("TopicA", "hello", 1)
	fresh.wantNothing()
}

func TestAMessageThatHasExpiredDoesNotCome(t *testing.T) {
	t.Parallel()
	e := start(t)
	for _, topic := range []string{"TopicA", "kept/topic"} {
		b := e.connect(packet.V5, "b", stays).subscribe(topic, 2)
		b.disconnect()
		a := e.connect(packet.V5, "a")
		lasts := func(seconds uint32) func(*packet.Publish) {
			return func(p *packet.Publish) { p.Properties.SetNumber(packet.MessageExpiry, seconds) }
		}
		a.publish(topic, "qos 1, expires", 1, lasts(1))
		a.publish(topic, "qos 2, expires", 2, lasts(1))
		a.publish(topic, "qos 1", 1, lasts(60))
		a.publish(topic, "qos 2", 2, lasts(60))
		expired := time.Now().Add(1100 * time.Millisecond)
		until(t, "it expires", func() bool { return time.Now().After(expired) })
		b = e.connect(packet.V5, "b", stays)
		for _, payload := range []string{"qos 1", "qos 2"} {
			if left := b.want(topic, payload).Properties.Number(packet.MessageExpiry); left == 0 || left >= 60 {
				t.Errorf("%q lasts for another %d s", payload, left)
			}
		}
		b.wantNothing()
		b.disconnect()
	}
}

func TestAPublicationWithQoS2ThatComesAgainIsPublishedOnce(t *testing.T) {
	everyWay(t, func(t *testing.T, e *edge, dial func(packet.Version) *client, v packet.Version) {
		s := dial(v).connect("s").subscribe("kept/x", 2)
		c := dial(v).connect("c", stays)
		publish := func(dup bool, payload string) {
			c.send((&packet.Publish{Topic: "kept/x", Payload: []byte(payload), QoS: 2, ID: 7, Dup: dup}).Append(nil, v))
			if rec := await[*packet.Ack](c); rec.Type != packet.TypePubrec || rec.ID != 7 {
				t.Fatalf("got %v", rec)
			}
		}
		publish(false, "once")
		publish(true, "once")
		c.drop()
		c = dial(v).connect("c", stays)
		publish(true, "once")
		c.ack(packet.TypePubrel, 7)
		await[*packet.Ack](c)
		publish(false, "another")
		c.drop()
		c = dial(v).connect("c", stays)
		publish(false, "new") // a client that has forgotten what it began
		c.ack(packet.TypePubrel, 7)
		await[*packet.Ack](c)
		s.want("kept/x", "once")
		s.want("kept/x", "another")
		s.want("kept/x", "new")
		s.wantNothing()
	})
}
