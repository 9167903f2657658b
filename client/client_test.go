package client

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/holdfast-dev/holdfast/protocol"
)

// with runs a test in fake time with a fake server, which is gone afterwards.
func with(t *testing.T, test func(t *testing.T, f *fake)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		defer func() {
			f.close()
			synctest.Wait()
		}()
		test(t, f)
	})
}

// shutDown closes a client that has nothing to wait for.
func shutDown(t *testing.T, c *Client) {
	t.Helper()
	if err := c.Close(context.Background()); err != nil {
		t.Error(err)
	}
}

func subscribe(t *testing.T, c *Client, name string, o *SubscribeOptions) *Subscription {
	t.Helper()
	s, err := c.Channel(name).Subscribe(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func publish(t *testing.T, c *Client, name string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if _, err := c.Channel(name).Publish(t.Context(), Text(text), nil); err != nil {
			t.Fatal(err)
		}
	}
}

// want reads messages that have to come in this order; a text that begins with "!" is an error's.
func want(t *testing.T, s *Subscription, texts ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	for message, err := range s.Messages(ctx) {
		if len(texts) == 0 {
			t.Fatalf("%q, %v came, and nothing should", message.Text(), err)
		}
		got := message.Text()
		if err != nil {
			got = "!" + err.Error()
		}
		if got != texts[0] {
			t.Fatalf("%q came, want %q", got, texts[0])
		}
		if texts = texts[1:]; len(texts) == 0 {
			return
		}
	}
}

func TestWhatIsPublishedArrives(t *testing.T) {
	for _, encoding := range []protocol.Encoding{protocol.JSON, protocol.MessagePack} {
		with(t, func(t *testing.T, f *fake) {
			o := f.options()
			o.Encoding = encoding
			c := f.dial(t, o)
			defer shutDown(t, c)
			s := subscribe(t, c, "chat/lobby", nil)
			ack, err := c.Channel("chat/lobby").Publish(t.Context(), Text("hello"), &PublishOptions{ID: "mine", Key: "k"})
			if err != nil || ack != (Ack{ID: "mine", Offset: 3, Epoch: "e1"}) {
				t.Fatal(ack, err)
			}
			for m, err := range s.Messages(t.Context()) {
				if err != nil || m.Text() != "hello" || m.ID != "mine" || m.Key != "k" || m.Channel != "chat/lobby" || m.Offset != 3 || m.Epoch != "e1" {
					t.Fatalf("%+v, %v", m, err)
				}
				break
			}
			if s.Position() != "3:e1" {
				t.Error(s.Position())
			}
		})
	}
}

func TestASubscriptionBeginsWhereItIsAskedTo(t *testing.T) {
	with(t, func(t *testing.T, f *fake) {
		c := f.dial(t, nil)
		defer shutDown(t, c)
		publish(t, c, "a", "one", "two", "three")
		publish(t, c, "b", "other")
		want(t, subscribe(t, c, "a", &SubscribeOptions{Last: 2}), "two", "three")
		want(t, subscribe(t, c, "a", &SubscribeOptions{Since: "3:e1"}), "two", "three")
		everything, err := c.Pattern("#").Subscribe(t.Context(), &SubscribeOptions{Since: "0:e1"})
		if err != nil {
			t.Fatal(err)
		}
		want(t, everything, "one", "two", "three", "other")
		if _, err := c.Channel("a").Subscribe(t.Context(), &SubscribeOptions{Since: "now"}); err == nil {
			t.Error("a position that is none was taken")
		}
	})
}

func TestNothingIsLostOrRepeatedAcrossADrop(t *testing.T) {
	with(t, func(t *testing.T, f *fake) {
		c, other := f.dial(t, nil), f.dial(t, nil)
		defer shutDown(t, c)
		defer shutDown(t, other)
		s := subscribe(t, c, "a", nil)
		publish(t, other, "a", "one")
		want(t, s, "one")
		f.dropAll()
		publish(t, other, "a", "two", "three")
		want(t, s, "two", "three")
		n := 0
		if f.with(func() { n = len(f.sessions) }); n != 2 {
			t.Errorf("%d sessions; a session was not resumed", n)
		}
	})
}

func TestAPublicationWhoseAnswerWasLostIsStoredOnce(t *testing.T) {
	with(t, func(t *testing.T, f *fake) {
		c := f.dial(t, nil)
		defer shutDown(t, c)
		publish(t, c, "a", "first")
		f.breakAt(1, true)
		ack, err := c.Channel("a").Publish(t.Context(), Text("second"), nil)
		if err != nil || !ack.Duplicate || f.stored() != 2 {
			t.Fatalf("%+v, %v, %d stored", ack, err, f.stored())
		}
	})
}

// The server has forgotten the id by the time the client is back, so the history has to be asked.
func TestAfterALongDropTheHistoryTellsWhatIsStored(t *testing.T) {
	for _, wasStored := range []bool{true, false} {
		with(t, func(t *testing.T, f *fake) {
			c := f.dial(t, nil)
			defer shutDown(t, c)
			f.breakAt(3, wasStored) // the question for a position, its answer, the publication
			f.stayAway()
			p, err := c.Channel("a").PublishAsync(t.Context(), Text("once"), nil)
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(2 * time.Minute)
			f.letIn(true)
			ack, err := p.Wait(t.Context())
			if err != nil || ack.Duplicate != wasStored || ack.Offset != 3 || ack.Epoch != "e1" || f.stored() != 1 {
				t.Errorf("%+v, %v, %d stored", ack, err, f.stored())
			}
		})
	}
}

func TestWhenTheHistoryDoesNotKnowEitherTheOutcomeIsUncertain(t *testing.T) {
	with(t, func(t *testing.T, f *fake) {
		c := f.dial(t, nil)
		defer shutDown(t, c)
		publish(t, c, "a", "first")
		f.breakAt(1, true)
		f.stayAway()
		p, err := c.Channel("a").PublishAsync(t.Context(), Text("once"), nil)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Minute)
		f.store("a", Text("x"), "", "")
		f.forget(9)
		f.letIn(true)
		if _, err := p.Wait(t.Context()); !errors.Is(err, ErrUncertain) {
			t.Errorf("%v, want ErrUncertain", err)
		}
	})
}

func TestLossIsToldAndTheSubscriptionGoesOn(t *testing.T) {
	with(t, func(t *testing.T, f *fake) {
		c := f.dial(t, nil)
		defer shutDown(t, c)
		s := subscribe(t, c, "a", nil)
		publish(t, c, "a", "one")
		want(t, s, "one")
		f.letIn(false)
		f.dropAll()
		for i := range 4 {
			f.store("a", Text(fmt.Sprint("missed ", i)), "", "")
		}
		f.forget(12)
		f.letIn(true)
		want(t, s, `!holdfast: messages of a behind 3:e1 are lost (expired); it goes on behind "12:e1"`, "missed 3")
	})
}

func TestChannelsWithoutHistoryTellThatSomethingMayBeMissed(t *testing.T) {
	with(t, func(t *testing.T, f *fake) {
		c := f.dial(t, nil)
		defer shutDown(t, c)
		s := subscribe(t, c, "live/a", nil)
		publish(t, c, "live/a", "one")
		want(t, s, "one")
		f.dropAll()
		want(t, s, "!holdfast: messages of live/a may be missed: there was no connection, and it has no history")
		publish(t, c, "live/a", "two")
		want(t, s, "two")
	})
}

func TestAMessageThatIsNotAheadIsARepeat(t *testing.T) {
	with(t, func(t *testing.T, f *fake) {
		c := f.dial(t, nil)
		defer shutDown(t, c)
		s := subscribe(t, c, "a", nil)
		publish(t, c, "a", "1", "2")
		want(t, s, "1", "2") // the acknowledgement may be ahead of them
		f.tell(&protocol.Message{Sub: s.number, Offset: 3, Payload: Text("1 again")})
		f.tell(&protocol.Message{Sub: s.number, Offset: 6, Payload: Text("2 again")})
		f.tell(&protocol.Live{Sub: s.number, Position: protocol.Positions{{Offset: 3, Epoch: "e1"}}}) // which sets nothing back
		publish(t, c, "a", "3")
		want(t, s, "3")
		if s.Position() != "9:e1" {
			t.Error(s.Position())
		}
	})
}
