package mqtt

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/cluster"
	"github.com/holdfast-dev/holdfast/internal/edge/door/doortest"
	"github.com/holdfast-dev/holdfast/internal/edge/mqtt/packet"
	"github.com/holdfast-dev/holdfast/internal/hub"
	"github.com/holdfast-dev/holdfast/internal/policy"
	"github.com/holdfast-dev/holdfast/internal/session"
)

// logs are what outlives an edge.
type logs struct {
	t *testing.T
	*broker.Broker
}

func openLogs(t *testing.T) *logs {
	t.Helper()
	b, err := broker.Open(patience(t), broker.Config{Dir: t.TempDir(), MaxMessageBytes: MaxRecordBytes, SyncInterval: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(patience(t)); err != nil {
			t.Error(err)
		}
	})
	return &logs{t, b}
}

// start starts an edge on the logs, alone or as one of several nodes.
func (l *logs) start(alone bool) *edge {
	l.t.Helper()
	if alone {
		e := l.startNode(Config{})
		e.Begin(patience(l.t))
		return e
	}
	return l.startNode(Config{})
}

// startNode starts an edge that does not know of others. Until Begin, it takes over no sessions of those that it takes to be gone.
func (l *logs) startNode(config Config) *edge {
	l.t.Helper()
	kept := doortest.OpenRule()
	kept.Channels, kept.History.Count, kept.Slow = "kept/#", 10_000, policy.SlowCatchUp
	rules, err := policy.NewRules(kept, doortest.OpenRule())
	if err != nil {
		l.t.Fatal(err)
	}
	h := hub.New()
	channels, err := session.NewChannels(patience(l.t), h, rules, func(ctx context.Context, r *policy.Rule) (session.Log, error) {
		return l.Log(ctx, string(r.Channels), broker.Retention{Count: r.History.Count})
	})
	if err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(h.Close)
	config.Sessions, config.Retained, config.Shares = l.own("//sessions"), l.own("//retained"), l.own("//shares")
	if config.Cluster == nil {
		config.Cluster = cluster.Alone(cluster.Node{ID: cluster.NewID()})
	}
	return startOn(l.t, channels, policy.Limits{}, config)
}

func (l *logs) own(name string) Log {
	log, err := l.Log(patience(l.t), name, broker.Retention{Count: 1})
	if err != nil {
		l.t.Fatal(err)
	}
	return log
}

func TestASessionOutlivesTheServer(t *testing.T) {
	for _, v := range []packet.Version{packet.V311, packet.V5} {
		t.Run(name(v), func(t *testing.T) {
			l := openLogs(t)
			e := l.start(true)
			a := e.connect(v, "a", stays).subscribe("kept/+", 2)
			b := e.connect(v, "b")
			b.publish("kept/x", "one", 1)
			b.publish("kept/x", "two", 2)
			b.publish("kept/x", "three", 2)
			a.want("kept/x", "one")
			two, three := await[*packet.Publish](a), await[*packet.Publish](a)
			a.ack(packet.TypePubrec, two.ID)
			await[*packet.Ack](a)
			a.drop()
			b.publish("kept/x", "four", 1)
			b.publish("live/x", "kept by the topic", 1, retaining)
			b.drop()
			e.stop()

			e = l.start(true)
			b = e.connect(v, "b")
			b.publish("kept/x", "five", 1)
			a = e.connect(v, "a", stays)
			if !a.connack.SessionPresent {
				t.Fatal("the session is gone")
			}
			if rel := await[*packet.Ack](a); rel.Type != packet.TypePubrel || rel.ID != two.ID {
				t.Errorf("got %v, want PUBREL of %d", rel, two.ID)
			}
			a.ack(packet.TypePubcomp, two.ID)
			if again := a.want("kept/x", "three"); again.ID != three.ID || !again.Dup {
				t.Errorf("three came with the identifier %d, dup %t; it was %d", again.ID, again.Dup, three.ID)
			}
			a.want("kept/x", "four")
			a.want("kept/x", "five")
			b.publish("kept/x", "six", 1)
			a.want("kept/x", "six")
			a.wantNothing()
			if p := e.connect(v, "c").subscribe("live/#", 1).want("live/x", "kept by the topic"); !p.Retain {
				t.Error("it is not retained")
			}
		})
	}
}

func TestASessionThatIsOverIsNotThereAfterARestart(t *testing.T) {
	t.Parallel()
	l := openLogs(t)
	e := l.start(true)
	e.connect(packet.V5, "clean", lasting(99)).drop()
	e.connect(packet.V5, "clean").disconnect()
	e.connect(packet.V5, "expired", lasting(1)).disconnect()
	e.connect(packet.V5, "kept", lasting(99)).disconnect()
	until(t, "one expires", func() bool { return e.sessions.count() == 1 })
	e.stop()
	e = l.start(true)
	for id, want := range map[string]bool{"clean": false, "expired": false, "kept": true} {
		if got := e.connect(packet.V5, id, resuming, lasting(99)).connack.SessionPresent; got != want {
			t.Errorf("the session of %q is there: %t", id, got)
		}
	}
}

func TestASessionMovesToAnotherNode(t *testing.T) {
	l := openLogs(t)
	one, two := l.start(false), l.start(false)
	old := one.connect(packet.V5, "a", lasting(99)).subscribe("kept/#", 1)
	b := one.connect(packet.V5, "b")
	b.publish("kept/x", "one", 1)
	old.want("kept/x", "one")
	until(t, "the other node knows the session", func() bool { return two.sessions.isStored(sessionKey{client: "a"}) })
	now := two.connect(packet.V5, "a", resuming, lasting(99))
	if !now.connack.SessionPresent {
		t.Fatal("the session has not moved")
	}
	old.wantEnd(packet.SessionTakenOver)
	b.publish("kept/x", "two", 1)
	if p := await[*packet.Publish](now); string(p.Payload) == "one" { // its acknowledgement was not stored yet
		now.complete(p)
		now.want("kept/x", "two")
	} else if string(p.Payload) != "two" {
		t.Errorf("got %q", p.Payload)
	}
}

func TestAPublicationWithQoS2IsStoredOnceThoughTheServerForgets(t *testing.T) {
	l := openLogs(t)
	e := l.start(true)
	c := e.connect(packet.V5, "c", lasting(99))
	publish := func(id uint16, dup bool, payload string) {
		c.send((&packet.Publish{Topic: "kept/x", Payload: []byte(payload), QoS: 2, ID: id, Dup: dup}).Append(nil, packet.V5))
		if rec := await[*packet.Ack](c); rec.Type != packet.TypePubrec || rec.Code != packet.Success {
			t.Fatalf("got %v", rec)
		}
	}
	for i := range uint16(5) {
		publish(i+1, false, strconv.Itoa(int(i)))
	}
	c.drop()
	e.stop()
	e = l.start(true)
	s := e.connect(packet.V5, "s").subscribe("kept/#", 2)
	c = e.connect(packet.V5, "c", resuming, lasting(99))
	for i := range uint16(5) {
		publish(i+1, true, strconv.Itoa(int(i)))
		c.ack(packet.TypePubrel, i+1)
		await[*packet.Ack](c)
	}
	publish(1, false, "new")
	s.want("kept/x", "new")
	s.wantNothing()
}
