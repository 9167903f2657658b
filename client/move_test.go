package client

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/holdfast-dev/holdfast/protocol"
	"github.com/holdfast-dev/holdfast/websocket"
)

// moving runs a test with a client that follows a channel while another one publishes to it twice a second,
// and checks that all of it arrives.
func moving(t *testing.T, test func(t *testing.T, f *fake, c *Client)) {
	with(t, func(t *testing.T, f *fake) {
		o := f.options()
		o.Endpoints = []string{"ws://fake2/socket"}
		c := f.dial(t, o)
		other := f.dial(t, nil)
		s, quiet := subscribe(t, c, "a", nil), subscribe(t, c, "live/b", nil)
		var texts []string
		published := make(chan struct{})
		for i := range 60 {
			texts = append(texts, fmt.Sprint(i))
		}
		go func() {
			defer close(published)
			for i, text := range texts {
				from := []*Client{c, other}[i%2]
				if _, err := from.Channel("a").Publish(t.Context(), Text(text), nil); err != nil {
					t.Error(err)
				}
				time.Sleep(500 * time.Millisecond)
			}
		}()
		time.Sleep(5 * time.Second)
		test(t, f, c)
		<-published
		want(t, s, texts...)
		publish(t, c, "live/b", "still here")
		for m, err := range quiet.Messages(t.Context()) {
			if err == nil && m.Text() == "still here" {
				break
			}
		}
		shutDown(t, c)
		shutDown(t, other)
		if n := f.stored(); n != len(texts) {
			t.Errorf("%d messages are stored, want %d", n, len(texts))
		}
	})
}

// first returns the connection of the session that was made first, the newest of them.
func (f *fake) first() []*fakeConn {
	var found []*fakeConn
	for _, k := range f.all() {
		if k.session == sessionID(1) {
			found = append(found, k)
		}
	}
	return found
}

func advise(k *fakeConn) {
	k.write(k.encoding.AppendPush(nil, &protocol.Move{After: time.Second, Spread: 4 * time.Second, Why: protocol.WhyDrain}))
}

func TestAClientConnectsAnewBeforeItLeaves(t *testing.T) {
	moving(t, func(t *testing.T, f *fake, c *Client) {
		old := f.first()[0]
		collected := changes(t, c)
		advise(old)
		time.Sleep(900 * time.Millisecond)
		if n := len(f.first()); n != 1 {
			t.Errorf("%d connections before the time", n)
		}
		time.Sleep(6 * time.Second)
		synctest.Wait()
		if now := f.first(); len(now) != 1 || now[0] == old {
			t.Errorf("%d connections after it", len(now))
		}
		if end := old.conn.(*websocket.Conn).End(); end == nil || end.Code != 1000 {
			t.Errorf("the old connection ended with %v", end)
		}
		go func() {
			for _, change := range collected() {
				if change.State == Waiting || change.State == Connecting {
					t.Errorf("%+v", change)
				}
			}
		}()
	})
}

func TestAClientThatCanGoNowhereStaysAndGoesOnTrying(t *testing.T) {
	moving(t, func(t *testing.T, f *fake, c *Client) {
		old := f.first()[0]
		f.letIn(false)
		advise(old)
		time.Sleep(15 * time.Second)
		if now := f.first(); len(now) != 1 || now[0] != old || c.State() != Ready {
			t.Errorf("%d connections, %v", len(now), c.State())
		}
		f.letIn(true)
		time.Sleep(31 * time.Second)
		if now := f.first(); len(now) != 1 || now[0] == old {
			t.Errorf("%d connections, or the old one", len(now))
		}
	})
}

func TestADropWhileMovingLosesNothing(t *testing.T) {
	for n := 1; n <= 25; n++ {
		for _, afterwards := range []bool{false, true} {
			moving(t, func(t *testing.T, f *fake, c *Client) {
				advise(f.first()[0])
				time.Sleep(time.Second - time.Nanosecond)
				f.breakAt(n, afterwards)
				time.Sleep(10 * time.Second)
			})
		}
	}
}

func TestTheOldConnectionMayEndWhileTheClientMoves(t *testing.T) {
	moving(t, func(t *testing.T, f *fake, c *Client) {
		old := f.first()[0]
		advise(old)
		time.Sleep(500 * time.Millisecond)
		old.conn.CloseNow()
		time.Sleep(10 * time.Second)
		if n := len(f.first()); n != 1 {
			t.Errorf("%d connections", n)
		}
	})
}

// The old connection is slow, so that messages come on it that were published before the new one has the subscription,
// and after others.
func TestAMoveLosesRepeatsAndMixesNothingOfAChannelWithoutHistory(t *testing.T) {
	for _, name := range []string{"live/b", "live/#"} {
		for lag := range 8 {
			with(t, func(t *testing.T, f *fake) {
				c, other := f.dial(t, nil), f.dial(t, nil)
				var s *Subscription
				if name == "live/#" {
					var err error
					if s, err = c.Pattern(name).Subscribe(t.Context(), nil); err != nil {
						t.Fatal(err)
					}
				} else {
					s = subscribe(t, c, name, nil)
				}
				old := f.first()[0]
				old.sending.Lock()
				old.lag = time.Duration(lag) * 10 * time.Millisecond
				old.sending.Unlock()
				var texts []string
				for i := range 100 {
					texts = append(texts, fmt.Sprint(i))
				}
				published := make(chan struct{})
				go func() {
					defer close(published)
					for i, text := range texts {
						if i == 20 {
							old.write(old.encoding.AppendPush(nil, &protocol.Move{After: time.Second, Why: protocol.WhyDrain}))
						}
						// Of two publishers, one moves. Each waits, so that there is an order.
						publish(t, []*Client{c, other}[i%2], "live/b", text)
						time.Sleep(time.Duration(i) * time.Millisecond)
					}
				}()
				want(t, s, texts...)
				<-published
				if now := f.first(); len(now) != 1 || now[0] == old {
					t.Errorf("%d connections, or the old one", len(now))
				}
				shutDown(t, c)
				shutDown(t, other)
			})
		}
	}
}

func TestAClientThatMovesGivesNothingOutTwiceNorOutOfOrder(t *testing.T) {
	with(t, func(t *testing.T, f *fake) {
		c := f.dial(t, nil)
		publish(t, c, "live/b", "first")
		var given []string
		f.with(func() {
			f.saw = func(v protocol.Verb) {
				if p, is := v.(*protocol.Publish); is {
					given = append(given, string(p.Data))
				}
			}
		})
		old := f.first()[0]
		old.sending.Lock()
		old.lag = 20 * time.Millisecond
		old.sending.Unlock()
		advise(old)
		var texts []string
		var publications []*Publication
		for i := range 200 {
			texts = append(texts, fmt.Sprint(i))
			p, err := c.Channel("live/b").PublishAsync(t.Context(), Text(texts[i]), nil)
			if err != nil {
				t.Fatal(err)
			}
			publications = append(publications, p)
			time.Sleep(30 * time.Millisecond)
		}
		for _, p := range publications {
			if _, err := p.Wait(t.Context()); err != nil {
				t.Error(err)
			}
		}
		if now := f.first(); len(now) != 1 || now[0] == old {
			t.Errorf("%d connections, or the old one", len(now))
		}
		if !slices.Equal(given, texts) {
			t.Errorf("given out: %q", given)
		}
		shutDown(t, c)
	})
}

func TestWhatComesAgainOfAChannelWithoutHistoryIsKnownByItsID(t *testing.T) {
	with(t, func(t *testing.T, f *fake) {
		c := f.dial(t, nil)
		s := subscribe(t, c, "live/b", nil)
		for _, id := range []string{"1", "2", "1", "", ""} {
			f.giveOut(&protocol.Publish{Channel: "live/b", Payload: Text("with " + id), ID: id})
		}
		want(t, s, "with 1", "with 2", "with ", "with ")
		shutDown(t, c)
	})
}

// halfMoved runs a test with a client of which one subscription, to "late", is not answered yet on the new
// connection, while "a" and "live/a" are.
func halfMoved(t *testing.T, test func(t *testing.T, f *fake, old *fakeConn, c *Client, a, quiet, late *Subscription)) {
	with(t, func(t *testing.T, f *fake) {
		c := f.dial(t, nil)
		defer shutDown(t, c)
		a, quiet, late := subscribe(t, c, "a", nil), subscribe(t, c, "live/a", nil), subscribe(t, c, "late", nil)
		f.with(func() {
			f.refuse = func(v protocol.Verb) *protocol.Error {
				if s, ok := v.(*protocol.Subscribe); ok && s.Channel == "late" {
					return protocol.Errorf(protocol.CodeUnavailable, "not yet")
				}
				return nil
			}
		})
		old := f.first()[0]
		advise(old)
		time.Sleep(10 * time.Second)
		if n := len(f.first()); n != 2 {
			t.Errorf("%d connections while a subscription is not answered", n)
		}
		test(t, f, old, c, a, quiet, late)
	})
}

// The others go on there, and what the old connection still pushes for them does not count.
func TestWhileTheClientMovesEachSubscriptionCountsOnOneConnection(t *testing.T) {
	halfMoved(t, func(t *testing.T, f *fake, _ *fakeConn, c *Client, a, quiet, late *Subscription) {
		for i := range 5 {
			for _, name := range []string{"a", "live/a", "late"} {
				publish(t, c, name, fmt.Sprint(i))
			}
		}
		for _, s := range []*Subscription{a, quiet, late} {
			want(t, s, "0", "1", "2", "3", "4")
		}
		f.with(func() { f.refuse = func(protocol.Verb) *protocol.Error { return nil } })
		time.Sleep(time.Minute)
		if n := len(f.first()); n != 1 {
			t.Errorf("%d connections in the end", n)
		}
		publish(t, c, "late", "5")
		want(t, late, "5")
	})
}

func TestWhereSubscriptionsHaveGoneOnTheOldConnectionIsNoUseAnyMore(t *testing.T) {
	halfMoved(t, func(t *testing.T, f *fake, old *fakeConn, c *Client, a, _, late *Subscription) {
		f.with(func() { f.refuse = func(protocol.Verb) *protocol.Error { return nil } })
		f.letIn(false)
		for _, k := range f.first() {
			if k != old {
				k.conn.CloseNow()
			}
		}
		time.Sleep(5 * time.Second)
		if n := len(f.first()); n != 0 || c.State() == Ready {
			t.Errorf("%d connections are left, %v", n, c.State())
		}
		f.letIn(true)
		for _, name := range []string{"a", "late"} {
			publish(t, c, name, "0", "1", "2")
		}
		want(t, a, "0", "1", "2")
		want(t, late, "0", "1", "2")
		if now := f.first(); len(now) != 1 || now[0] == old {
			t.Errorf("%d connections, or the old one", len(now))
		}
	})
}
