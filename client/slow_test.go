package client

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/holdfast-dev/holdfast/protocol"
)

func TestAReaderThatDoesNotKeepUpMissesNothingAndHoldsUpNobody(t *testing.T) {
	with(t, func(t *testing.T, f *fake) {
		o := f.options()
		o.Queue = 4
		c := f.dial(t, o)
		defer shutDown(t, c)
		slow, brisk := subscribe(t, c, "a", nil), subscribe(t, c, "a", nil)
		var texts []string
		for i := range 100 {
			texts = append(texts, fmt.Sprint(i))
			start := time.Now()
			publish(t, c, "a", texts[i])
			if waited := time.Since(start); waited > patience {
				t.Errorf("publishing %d took %v", i, waited)
			}
			want(t, brisk, texts[i])
		}
		synctest.Wait()
		slow.queue.mu.Lock()
		if n := len(slow.queue.entries); n > 5 {
			t.Errorf("%d events wait", n)
		}
		slow.queue.mu.Unlock()
		want(t, slow, texts...)
		publish(t, c, "a", "more")
		want(t, slow, "more")
	})
}

func TestAReaderThatIsPausedWhileTheConnectionBreaksGoesOnWhereItWas(t *testing.T) {
	with(t, func(t *testing.T, f *fake) {
		o := f.options()
		o.Queue = 2
		c := f.dial(t, o)
		defer shutDown(t, c)
		s := subscribe(t, c, "a", nil)
		publish(t, c, "a", "1", "2", "3", "4", "5")
		f.dropAll()
		time.Sleep(time.Minute)
		want(t, s, "1", "2", "3", "4", "5")
		publish(t, c, "a", "6")
		want(t, s, "6")
	})
}

func TestAMessageThatAnswersAnotherCanBePublishedFromTheLoop(t *testing.T) {
	with(t, func(t *testing.T, f *fake) {
		o := f.options()
		o.Queue = 2
		c, other := f.dial(t, o), f.dial(t, nil)
		defer shutDown(t, c)
		defer shutDown(t, other)
		s := subscribe(t, c, "questions", nil)
		for i := range 50 {
			publish(t, other, "questions", fmt.Sprint(i))
		}
		answered := 0
		for m, err := range s.Messages(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			publish(t, c, "answers", m.Text())
			if answered++; answered == 50 {
				break
			}
		}
	})
}

func TestWithoutHistoryASlowReaderIsToldHowManyItMissed(t *testing.T) {
	with(t, func(t *testing.T, f *fake) {
		o := f.options()
		o.Queue = 2
		c := f.dial(t, o)
		defer shutDown(t, c)
		s := subscribe(t, c, "live/a", nil)
		publish(t, c, "live/a", "1", "2", "3", "4", "5")
		want(t, s, "1", "2", "!holdfast: 3 messages of live/a are missed: they were read too slowly, and it has no history")
		publish(t, c, "live/a", "6")
		want(t, s, "6")
	})
}

func TestWithLatestANewerMessageReplacesAnOlderOneOfItsKey(t *testing.T) {
	with(t, func(t *testing.T, f *fake) {
		o := f.options()
		o.Queue = 3
		c := f.dial(t, o)
		defer shutDown(t, c)
		s := subscribe(t, c, "a", &SubscribeOptions{Latest: true})
		for i := range 10 {
			for _, key := range []string{"x", "y"} {
				if _, err := c.Channel("a").Publish(t.Context(), Text(fmt.Sprint(key, i)), &PublishOptions{Key: key}); err != nil {
					t.Fatal(err)
				}
			}
		}
		synctest.Wait()
		last := map[string]string{}
		n := 0
		for m, err := range s.Messages(t.Context()) {
			if err != nil || m.Text() <= last[m.Key] {
				t.Fatalf("%q after %q, %v", m.Text(), last[m.Key], err)
			}
			n++
			if last[m.Key] = m.Text(); last["x"] == "x9" && last["y"] == "y9" {
				break
			}
		}
		if n > 4 {
			t.Errorf("%d messages came of 20", n)
		}
	})
}

func TestPresenceIsBoundedByCountingWhatDoesNotFit(t *testing.T) {
	with(t, func(t *testing.T, f *fake) {
		o := f.options()
		o.Queue = 3
		c := f.dial(t, o)
		defer shutDown(t, c)
		s := subscribe(t, c, "a", &SubscribeOptions{Presence: true})
		for i := range 10 {
			f.tell(&protocol.PresenceChange{Sub: s.number, Join: []protocol.Entry{{ID: fmt.Sprint(i)}}, Count: protocol.Count{Connections: uint64(i + 1)}})
		}
		synctest.Wait()
		var last *Presence
		n := 0
		for event, err := range s.Events(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			if p, ok := event.(*Presence); ok {
				last = p
				if n++; p.Partial {
					break
				}
			}
		}
		if n > 3 || last.Count.Connections != 10 {
			t.Errorf("%d changes, the last %+v", n, last)
		}
	})
}

func TestPublishWaitsWhileTooManyAreUnacknowledged(t *testing.T) {
	with(t, func(t *testing.T, f *fake) {
		o := f.options()
		o.Window = 3
		c := f.dial(t, o)
		f.letIn(false)
		f.dropAll()
		synctest.Wait()
		var waiting []*Publication
		for range 3 {
			p, err := c.Channel("a").PublishAsync(t.Context(), Text("x"), nil)
			if err != nil {
				t.Fatal(err)
			}
			waiting = append(waiting, p)
		}
		ctx, cancel := contextFor(t, time.Second)
		defer cancel()
		if _, err := c.Channel("a").PublishAsync(ctx, Text("x"), nil); !errors.Is(err, ctx.Err()) || ctx.Err() == nil {
			t.Errorf("error %v", err)
		}
		f.letIn(true)
		publish(t, c, "a", "fourth")
		for _, p := range waiting {
			if _, err := p.Wait(t.Context()); err != nil {
				t.Error(err)
			}
		}
		shutDown(t, c)
	})
}
