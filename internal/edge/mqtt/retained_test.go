package mqtt

import (
	"slices"
	"testing"

	"github.com/holdfast-dev/holdfast/internal/edge/mqtt/packet"
)

func TestRetainedMessagesComeToWhoSubscribesLater(t *testing.T) {
	everyWay(t, func(t *testing.T, e *edge, dial func(packet.Version) *client, v packet.Version) {
		a := dial(v).connect("a")
		topics := []string{"TopicA/B", "Topic/C", "/TopicA"}
		for qos, topic := range topics {
			a.publish(topic, "retained", byte(qos), retaining, userProperties)
		}
		b := dial(v).connect("b").subscribe("+/+", 2)
		b.wantRetained(topics, []byte{0, 1, 2})
		for qos, topic := range topics {
			a.publish(topic, "", byte(qos), retaining)
			b.want(topic, "") // it is a message too
		}
		dial(v).connect("c").subscribe("+/+", 2).wantNothing()
	})
}

func userProperties(p *packet.Publish) {
	p.Properties.User = []packet.Pair{{Name: "a", Value: "2"}, {Name: "c", Value: "3"}}
}

// wantRetained wants a retained message of each topic, in any order, with these QoS, and what userProperties sets.
func (c *client) wantRetained(topics []string, qos []byte) {
	c.t.Helper()
	for range topics {
		p := await[*packet.Publish](c)
		c.complete(p)
		i := slices.Index(topics, p.Topic)
		if i < 0 || p.QoS != qos[i] || !p.Retain {
			c.t.Errorf("got %q with QoS %d, retain %t", p.Topic, p.QoS, p.Retain)
		}
		if c.version == packet.V5 && !slices.Equal(p.Properties.User, []packet.Pair{{Name: "a", Value: "2"}, {Name: "c", Value: "3"}}) {
			c.t.Errorf("%q has the user properties %v", p.Topic, p.Properties)
		}
	}
	c.wantNothing()
}

func TestRetainedMessagesComeAsTheSubscriptionAsks(t *testing.T) {
	e := start(t)
	a := e.connect(packet.V5, "a")
	topics := []string{"TopicA/B", "Topic/C", "TopicA/C"}
	for qos, topic := range topics {
		a.publish(topic, "retained", byte(qos), retaining, userProperties)
	}
	handling := func(h byte) func(*packet.Subscription) {
		return func(s *packet.Subscription) { s.RetainHandling = h }
	}
	onlyNew := e.connect(packet.V5, "only new").subscribe("+/+", 2, handling(1))
	onlyNew.wantRetained(topics, []byte{0, 1, 2})
	onlyNew.subscribe("+/+", 2, handling(1)).wantNothing()
	never := e.connect(packet.V5, "never").subscribe("+/+", 2, handling(2))
	never.wantNothing()
	never.subscribe("+/+", 2, handling(2)).wantNothing()
	always := e.connect(packet.V5, "always").subscribe("+/+", 2, handling(0))
	always.wantRetained(topics, []byte{0, 1, 2})
	always.subscribe("+/+", 2, handling(0)).wantRetained(topics, []byte{0, 1, 2})
}

func TestTheRetainFlagIsSentAsPublishedOnRequest(t *testing.T) {
	e := start(t)
	asPublished := func(s *packet.Subscription) { s.RetainAsPublished = true }
	c := e.connect(packet.V5, "c").subscribe("TopicA", 2, asPublished)
	plain := e.connect(packet.V5, "plain").subscribe("TopicA", 2)
	for _, retain := range []bool{false, true} {
		c.publish("TopicA", "message", 1, func(p *packet.Publish) { p.Retain = retain })
		if p := c.want("TopicA", "message"); p.Retain != retain {
			t.Errorf("published with %t, it came with %t", retain, p.Retain)
		}
		if p := plain.want("TopicA", "message"); p.Retain {
			t.Error("it came with the retain flag to who did not ask for it")
		}
	}
}

func TestWhatARuleRetainsComesAsRetained(t *testing.T) {
	e := start(t)
	a := e.connect(packet.V5, "a")
	a.publish("last/known", "one", 1)
	a.publish("last/known", "two", 1)
	b := e.connect(packet.V5, "b").subscribe("last/known", 1)
	if p := b.want("last/known", "two"); !p.Retain {
		t.Error("it has no retain flag")
	}
	a.publish("last/known", "three", 1)
	if p := b.want("last/known", "three"); p.Retain {
		t.Error("a live message has a retain flag")
	}
}
