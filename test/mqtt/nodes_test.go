package mqtt

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/eclipse/paho.golang/packets"
	"github.com/eclipse/paho.golang/paho"

	"github.com/holdfast-dev/holdfast/test/nodes"
	"github.com/holdfast-dev/holdfast/websocket"
)

// onNode connects Paho's client to a node, and returns it with whether its session was there.
func onNode(t *testing.T, ctx context.Context, n *nodes.Node, id string, lasts uint32, clean bool, will *paho.WillMessage) (c *paho.Client, got chan *paho.Publish, present bool) {
	t.Helper()
	ws, err := websocket.Dial(ctx, n.URL()+"/mqtt", &websocket.DialOptions{Subprotocols: []string{"mqtt"}})
	if err != nil {
		t.Fatal(err)
	}
	got = make(chan *paho.Publish, 100)
	c = paho.NewClient(paho.ClientConfig{
		ClientID: id, Conn: packets.NewThreadSafeConn(websocket.NetConn(ws, websocket.Binary)),
		OnPublishReceived: []func(paho.PublishReceived) (bool, error){func(r paho.PublishReceived) (bool, error) {
			got <- r.Packet
			return true, nil
		}},
	})
	ack, err := c.Connect(ctx, &paho.Connect{
		ClientID: id, CleanStart: clean, KeepAlive: 30, WillMessage: will,
		Properties: &paho.ConnectProperties{SessionExpiryInterval: &lasts},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(ws.CloseNow)
	return c, got, ack.SessionPresent
}

func receive(t *testing.T, ctx context.Context, got <-chan *paho.Publish, payload string) {
	t.Helper()
	select {
	case p := <-got:
		if string(p.Payload) != payload {
			t.Fatalf("got %q of %s, want %q", p.Payload, p.Topic, payload)
		}
	case <-ctx.Done():
		t.Fatalf("%q does not come", payload)
	}
}

func TestWhenANodeIsKilledItsDevicesGoOnElsewhere(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	defer cancel()
	c := nodes.Start(t, 3, nodes.Options{})
	one, two, three := c.Nodes[0], c.Nodes[1], c.Nodes[2]
	subscribe := func(c *paho.Client, filter string) {
		t.Helper()
		if _, err := c.Subscribe(ctx, &paho.Subscribe{Subscriptions: []paho.SubscribeOptions{{Topic: filter, QoS: 1}}}); err != nil {
			t.Fatal(err)
		}
	}
	will := func(of string) *paho.WillMessage {
		return &paho.WillMessage{Topic: "chat/wills", Payload: []byte(of), QoS: 1}
	}
	watcher, wills, _ := onNode(t, ctx, two, "watcher", 0, true, nil)
	subscribe(watcher, "chat/wills")
	back, _, _ := onNode(t, ctx, one, "back", 600, true, will("of the one that comes back"))
	subscribe(back, "chat/jobs")
	onNode(t, ctx, one, "lost", 0, true, will("of the one that is lost"))
	var work []chan *paho.Publish
	for i, n := range c.Nodes {
		worker, got, _ := onNode(t, ctx, n, fmt.Sprint("worker", i), 0, true, nil)
		subscribe(worker, "$share/workers/chat/work") // which the first node gives out
		work = append(work, got)
	}

	one.Kill(t)
	publisher, _, _ := onNode(t, ctx, two, "publisher", 0, true, nil)
	publish := func(topic string) {
		t.Helper()
		for {
			_, err := publisher.Publish(ctx, &paho.Publish{Topic: topic, QoS: 1, Payload: []byte("meanwhile")})
			if err == nil {
				return
			}
			t.Log("while the log finds another leader:", err)
			if ctx.Err() != nil {
				t.Fatal(err)
			}
		}
	}
	publish("chat/jobs")
	publish("chat/work")
	_, jobs, present := onNode(t, ctx, three, "back", 600, false, will("of the one that comes back"))
	if !present {
		t.Error("its session is gone")
	}
	receive(t, ctx, jobs, "meanwhile")
	select {
	case <-work[1]:
	case <-work[2]:
	case <-ctx.Done():
		t.Fatal("nobody has the work")
	}
	receive(t, ctx, wills, "of the one that is lost")
	select {
	case p := <-wills:
		t.Errorf("and then %q", p.Payload)
	case <-time.After(3 * time.Second):
	}
}
