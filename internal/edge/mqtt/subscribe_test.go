package mqtt

import (
	"slices"
	"testing"

	"github.com/holdfast-dev/holdfast/internal/edge/mqtt/packet"
)

func TestOverlappingSubscriptionsBringOneMessage(t *testing.T) {
	for _, topic := range []string{"TopicA/C", "kept/C"} {
		everyWay(t, func(t *testing.T, _ *edge, dial func(packet.Version) *client, v packet.Version) {
			top := topic[:len(topic)-2]
			c := dial(v).connect("c").subscribe(top+"/#", 2).subscribe(top+"/+", 1).subscribe(topic, 0)
			c.publish(topic, "overlapping", 2)
			if p := c.want(topic, "overlapping"); p.QoS != 2 {
				t.Errorf("it came with QoS %d", p.QoS)
			}
			c.wantNothing()
		})
	}
}

func TestMessagesBearTheIdentifiersOfTheSubscriptionsThatSelectThem(t *testing.T) {
	e := start(t)
	id := func(n uint32) *packet.Properties {
		p := new(packet.Properties)
		p.AddSubscriptionID(n)
		return p
	}
	a := e.connect(packet.V5, "a")
	a.ask(id(456789), "TopicA", 2)
	b := e.connect(packet.V5, "b")
	b.ask(id(2), "TopicA", 2)
	b.ask(id(3), "TopicA/#", 2)
	b.publish("TopicA", "identified", 1)
	if got := a.want("TopicA", "identified").Properties.SubIDs; !slices.Equal(got, []uint32{456789}) {
		t.Errorf("a got the identifiers %v", got)
	}
	got := b.want("TopicA", "identified").Properties.SubIDs
	if slices.Sort(got); !slices.Equal(got, []uint32{2, 3}) {
		t.Errorf("b got the identifiers %v", got)
	}
	b.wantNothing()
}

func TestWhoWantsNothingOfItsOwnGetsNothingOfItsOwn(t *testing.T) {
	e := start(t)
	noLocal := func(s *packet.Subscription) { s.NoLocal = true }
	for _, topic := range []string{"TopicA", "kept/a"} {
		a := e.connect(packet.V5, "a").subscribe(topic, 2, noLocal)
		b := e.connect(packet.V5, "b").subscribe(topic, 2, noLocal)
		a.publish(topic, "request", 1, func(p *packet.Publish) {
			p.Properties.SetText(packet.ResponseTopic, topic)
			p.Properties.SetText(packet.CorrelationData, "334")
		})
		p := b.want(topic, "request").Properties
		if p.Text(packet.ResponseTopic) != topic || p.Text(packet.CorrelationData) != "334" {
			t.Errorf("the request came with %+v", p)
		}
		b.publish(topic, "response", 1)
		a.want(topic, "response")
		a.wantNothing()
		b.wantNothing()
	}
}

func TestSubscriptionsThatAreUndoneBringNothing(t *testing.T) {
	everyWay(t, func(t *testing.T, e *edge, dial func(packet.Version) *client, v packet.Version) {
		b := dial(v).connect("b").subscribe("TopicA", 2).subscribe("TopicA/B", 2).subscribe("Topic/C", 2)
		if codes := b.unsubscribe("TopicA"); v == packet.V5 && codes[0] != packet.Success {
			t.Errorf("UNSUBACK says %v", codes)
		}
		if codes := b.unsubscribe("TopicA"); v == packet.V5 && codes[0] != packet.NoSubscriptionExisted {
			t.Errorf("UNSUBACK says %v", codes)
		}
		a := dial(v).connect("a")
		a.publish("TopicA", "unsubscribed", 1)
		a.publish("TopicA/B", "one", 1)
		a.publish("Topic/C", "two", 1)
		b.want("TopicA/B", "one")
		b.want("Topic/C", "two")
		b.wantNothing()
	})
}

func TestAFilterThatBeginsWithAWildcardSelectsNoDollarTopics(t *testing.T) {
	everyWay(t, func(t *testing.T, e *edge, dial func(packet.Version) *client, v packet.Version) {
		b := dial(v).connect("b").subscribe("+/+", 2).subscribe("#", 2)
		c := dial(v).connect("c").subscribe("$TopicA/#", 2)
		b.publish("$TopicA/B", "hidden", 1)
		c.want("$TopicA/B", "hidden")
		b.wantNothing()
	})
}

func TestARefusedSubscriptionIsAnsweredWithTheReason(t *testing.T) {
	everyWay(t, func(t *testing.T, e *edge, dial func(packet.Version) *client, v packet.Version) {
		c := dial(v).connect("c")
		for filter, want := range map[string]packet.Reason{
			"test/nosubscribe": packet.UnspecifiedError,
			"a/#/b":            packet.TopicFilterInvalid,
			"~x":               packet.TopicFilterInvalid,
			"$share/x":         packet.TopicFilterInvalid,
		} {
			if v < packet.V5 {
				want = packet.UnspecifiedError
			}
			if codes := c.ask(nil, filter, 2); codes[0] != want {
				t.Errorf("SUBACK for %q says %#x, want %#x", filter, codes, want)
			}
		}
	})
}

func TestAWildcardBringsWhatTheClientMayRead(t *testing.T) {
	e := start(t)
	c := e.connect(packet.V5, "c").subscribe("test/#", 1)
	c.publish("test/nosubscribe", "secret", 1)
	c.publish("test/open", "open", 1)
	c.want("test/open", "open")
	c.wantNothing()
}

func TestWhatAMemberOfAShareLeavesGoesToAnother(t *testing.T) {
	e := start(t)
	a := e.connect(packet.V5, "a").subscribe("$share/workers/jobs", 1)
	b := e.connect(packet.V5, "b")
	b.publish("jobs", "job", 1)
	await[*packet.Publish](a) // and does not acknowledge it
	b.subscribe("$share/workers/jobs", 1)
	a.drop()
	b.want("jobs", "job")
}

func TestSharedSubscriptionsDivideTheMessages(t *testing.T) {
	for _, topic := range []string{"jobs/x", "kept/x"} {
		everyWay(t, func(t *testing.T, e *edge, dial func(packet.Version) *client, v packet.Version) {
			a := dial(v).connect("a").subscribe("$share/workers/"+topic, 2).subscribe("all", 0)
			b := dial(v).connect("b").subscribe("$share/workers/"+topic, 2).subscribe("all", 0)
			b.publish("all", "both", 0)
			a.want("all", "both")
			b.want("all", "both")
			const count = 10
			for range count {
				b.publish(topic, "job", 1)
			}
			for range count / 2 {
				a.want(topic, "job")
				b.want(topic, "job")
			}
			a.wantNothing()
			b.wantNothing()
			a.disconnect()
			b.publish(topic, "job", 1)
			b.want(topic, "job")
		})
	}
}
