package mqtt

import (
	"slices"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/internal/edge/mqtt/packet"
)

// lastWord is a will.
func lastWord(delay uint32) func(*packet.Connect) {
	w := &packet.Will{Topic: "Topic/C", Payload: []byte("lost"), QoS: 1, Properties: new(packet.Properties)}
	w.Properties.User = []packet.Pair{{Name: "a", Value: "2"}, {Name: "c", Value: "3"}}
	if delay > 0 {
		w.Properties.SetNumber(packet.WillDelay, delay)
	}
	return withWill(w)
}

func TestAWillIsPublishedWhenTheClientIsLost(t *testing.T) {
	everyWay(t, func(t *testing.T, e *edge, dial func(packet.Version) *client, v packet.Version) {
		b := dial(v).connect("b").subscribe("Topic/C", 2)
		dial(v).connect("a", lastWord(0)).disconnect()
		b.wantNothing()
		dial(v).connect("a", lastWord(0)).drop()
		if p := b.want("Topic/C", "lost"); v == packet.V5 && !slices.Equal(p.Properties.User, []packet.Pair{{Name: "a", Value: "2"}, {Name: "c", Value: "3"}}) {
			t.Errorf("the will has %+v", p.Properties)
		}
	})
}

func TestAClientThatSaysNothingIsLost(t *testing.T) {
	everyWay(t, func(t *testing.T, e *edge, dial func(packet.Version) *client, v packet.Version) {
		b := dial(v).connect("b", keepAlive(0)).subscribe("Topic/C", 2)
		a := dial(v).connect("a", lastWord(0), keepAlive(1))
		since := time.Now()
		b.want("Topic/C", "lost")
		if took := time.Since(since); took < 1200*time.Millisecond {
			t.Errorf("it was given up after %v", took)
		}
		a.wantEnd(packet.KeepAliveTimeout)
	})
}

func TestAWillWaitsForItsDelayOrTheEndOfTheSession(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		delay, session uint32
		least, most    time.Duration
	}{
		{1, 5, time.Second, 3 * time.Second},
		{5, 0, 0, 3 * time.Second},
		{15, 1, time.Second, 8 * time.Second},
	} {
		e := start(t)
		b := e.connect(packet.V5, "b").subscribe("Topic/C", 2)
		a := e.connect(packet.V5, "a", lastWord(test.delay), lasting(test.session))
		since := time.Now()
		a.drop()
		b.want("Topic/C", "lost")
		if took := time.Since(since); took < test.least || took > test.most {
			t.Errorf("with a delay of %d s and a session of %d s, the will came after %v", test.delay, test.session, took)
		}
	}
}

func TestAWillIsNotPublishedIfTheClientComesBackInTime(t *testing.T) {
	t.Parallel()
	e := start(t)
	b := e.connect(packet.V5, "b").subscribe("Topic/C", 2)
	e.connect(packet.V5, "a", lastWord(1), lasting(60)).drop()
	a := e.connect(packet.V5, "a", resuming, lasting(60))
	if !a.connack.SessionPresent {
		t.Fatal("the session is gone")
	}
	due := time.Now().Add(1200 * time.Millisecond)
	until(t, "the delay is over", func() bool { return time.Now().After(due) })
	b.wantNothing()
}

func TestAWillThatMayNotBePublishedIsRefusedAtOnce(t *testing.T) {
	e := start(t)
	for topic, want := range map[string]packet.Reason{"$SYS/x": packet.TopicNameInvalid, "~x": packet.TopicNameInvalid} {
		c := e.dial(packet.V5)
		if c.hello("c", withWill(&packet.Will{Topic: topic, Payload: []byte("x")})); c.connack.Code != want {
			t.Errorf("CONNACK says %#x for a will on %q", byte(c.connack.Code), topic)
		}
		c.wantClosed()
	}
}
