package session

import (
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/hub"
	"github.com/holdfast-dev/holdfast/internal/policy"
	"github.com/holdfast-dev/holdfast/websocket"
)

// say publishes n ephemeral messages, "1" to n, in e.
func (w *world) say(n int) {
	for i := range n {
		w.hub.Publish(said("e", "", fmt.Sprint(i+1)), nil)
	}
}

func TestAnEphemeralMessageThatDoesNotFitIsDroppedAndTheGapIsTold(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		slow, quick := newClient(), newClient()
		rule := Part{Delivery: policy.DeliverAll, Slow: policy.SlowDrop}
		defer w.subscribe(slow, "e", Start{}, rule).Cancel()
		defer w.subscribe(quick, "e", Start{}, rule).Cancel()
		slow.stall()
		w.say(7)
		slow.drain()
		synctest.Wait()
		w.say(1)
		slow.want(t, "1", "2", "3", "4", "gap 3", "1")
		quick.want(t, "1", "2", "3", "4", "5", "6", "7", "1")
	})
}

func TestASlowReaderIsDisconnectedIfTheRuleSaysSo(t *testing.T) {
	for _, history := range []bool{false, true} {
		t.Run(fmt.Sprint("history ", history), func(t *testing.T) {
			in(t, func(t *testing.T, w *world) {
				c := newClient()
				rule := Part{Delivery: policy.DeliverAll, Slow: policy.SlowDisconnect}
				if history {
					rule.Feed = w.feed
				}
				s := w.subscribe(c, "e", Start{}, rule)
				c.stall()
				for range 9 {
					w.say(1)
					w.publish("e", 1)
				}
				c.drain()
				synctest.Wait()
				w.say(1)
				w.publish("e", 1)
				s.Cancel()
				if history {
					c.want(t, "live 0", "e@1", "e@2", "e@3", "e@4", "too slow")
				} else {
					c.want(t, "1", "1", "1", "1", "too slow")
				}
			})
		})
	}
}

func TestANewerMessageReplacesAnOlderOneThatHasNotLeft(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		c := newClient()
		s := w.subscribe(c, "#", Start{}, Part{Feed: w.feed, Delivery: policy.DeliverLatest, Slow: policy.SlowCatchUp})
		defer s.Cancel()
		key := func(key string) func(*broker.Message) { return func(m *broker.Message) { m.Key = key } }
		put := func(keys ...string) {
			for _, k := range keys {
				w.log.Append("a", key(k))
				w.log.Flow()
			}
		}
		put("x")
		c.stall()
		put("x", "x", "y", "x", "y", "") // the first is queued: it is on its way
		w.publish("b", 2)
		c.drain()
		synctest.Wait()
		put("x")
		c.want(t, "live 0", "a@1", "a@2", "a@5", "a@6", "a@7", "b@9", "a@10")
	})
}

func TestWhatIsHeldForOneClientIsBounded(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		c := newClient()
		s := w.subscribe(c, "e", Start{}, Part{Delivery: policy.DeliverLatest, Slow: policy.SlowDrop})
		defer s.Cancel()
		c.stall()
		for i := range maxHeld + 11 {
			m := &broker.Message{Channel: "e", Type: websocket.Text, Key: fmt.Sprint(i), Payload: []byte("x")}
			w.hub.Publish(hub.Bundle(m), nil)
		}
		c.drain()
		synctest.Wait()
		got := c.events()
		if len(got) != 1+1+maxHeld || got[1].String() != "gap 10" {
			t.Errorf("got %d events, %v…", len(got), got[:3])
		}
	})
}

func TestWhatComesBeforeStartIsHeldAndBounded(t *testing.T) {
	for slow, want := range map[policy.Slow]string{policy.SlowDrop: "gap 5", policy.SlowDisconnect: "too slow"} {
		in(t, func(t *testing.T, w *world) {
			c := newClient()
			s, err := Open(w.hub, Request{Channels: "e", Parts: []Part{{Delivery: policy.DeliverAll, Slow: slow}}}, c)
			if err != nil {
				t.Fatal(err)
			}
			w.say(maxHeld + 5)
			s.Start()
			synctest.Wait()
			s.Cancel()
			got := c.events()
			if got[0].String() != want {
				t.Errorf("%s: told %q first, want %q", slow, got[0], want)
			}
			if slow == policy.SlowDrop && (len(got) != 1+maxHeld || got[1].String() != "6") {
				t.Errorf("got %d events", len(got))
			}
		})
	}
}
