package socket

import (
	"fmt"
	"testing"

	"github.com/holdfast-dev/holdfast/protocol"
)

func TestAMinuteWithTheProtocol(t *testing.T) {
	inAll(t, func(t *testing.T, e *edge, dial func() *client) {
		ada, bob := dial(), dial()
		ok := ada.subscribe(&protocol.Subscribe{Channel: "kept/lobby"})
		epoch := ok.Position[0].Epoch
		if ok.Sub != 1 || ok.Position.String() != "0:"+epoch || ok.Lost || ok.Replay != 0 {
			t.Errorf("begins at %+v", ok)
		}
		ada.want(`{"live":{"sub":1,"position":"0:` + epoch + `"}}`)
		stored := bob.publish("kept/lobby", "hello")
		if stored.Offset != 1 || stored.Epoch != epoch || stored.Duplicate {
			t.Errorf("stored at %+v", stored)
		}
		ada.want(`{"message":{"sub":1,"offset":1,"data":"hello"}}`)
	})
}

func TestASubscriptionSinceAPositionReplaysAndGoesOn(t *testing.T) {
	inAll(t, func(t *testing.T, e *edge, dial func() *client) {
		c, live := dial(), dial()
		begins := live.subscribe(&protocol.Subscribe{Channel: "kept/a"})
		live.want(`{"live":{"sub":1,"position":"` + begins.Position.String() + `"}}`)
		var at *protocol.PublishOK
		for i, text := range []string{"one", "two", "three"} {
			at = c.publish("kept/a", text)
			live.want(fmt.Sprintf(`{"message":{"sub":1,"offset":%d,"data":"%s"}}`, i+1, text)) // until then a replay may end before it
		}
		ok := c.subscribe(&protocol.Subscribe{Channel: "kept/a", Sub: 7, Since: protocol.Positions{{Offset: 1, Epoch: at.Epoch}}})
		if ok.Sub != 7 || ok.Position.String() != "1:"+at.Epoch || ok.Replay != 2 || ok.Lost {
			t.Errorf("begins at %+v", ok)
		}
		c.want(`{"message":{"sub":7,"offset":2,"data":"two"}}`, `{"message":{"sub":7,"offset":3,"data":"three"}}`,
			`{"live":{"sub":7,"position":"3:`+at.Epoch+`"}}`)

		ok = c.subscribe(&protocol.Subscribe{Channel: "kept/a", Last: 1})
		if ok.Sub != 8 || ok.Position.String() != "2:"+at.Epoch || ok.Replay != 1 {
			t.Errorf("begins at %+v", ok)
		}
		c.want(`{"message":{"sub":8,"offset":3,"data":"three"}}`, `{"live":{"sub":8,"position":"3:`+at.Epoch+`"}}`)
	})
}

func TestWhatIsNotKeptAnyMoreIsToldInTheAnswer(t *testing.T) {
	inAll(t, func(t *testing.T, e *edge, dial func() *client) {
		c, live := dial(), dial()
		begins := live.subscribe(&protocol.Subscribe{Channel: "few/a"})
		live.want(`{"live":{"sub":1,"position":"` + begins.Position.String() + `"}}`)
		var at *protocol.PublishOK
		for i := range 8 {
			at = c.publish("few/a", fmt.Sprint(i+1))
			live.want(fmt.Sprintf(`{"message":{"sub":1,"offset":%d,"data":"%d"}}`, i+1, i+1)) // until then it is not known to be kept
		}
		replay := func(sub int) (all []string) {
			for i := range 5 {
				all = append(all, fmt.Sprintf(`{"message":{"sub":%d,"offset":%d,"data":"%d"}}`, sub, i+4, i+4))
			}
			return append(all, fmt.Sprintf(`{"live":{"sub":%d,"position":"8:%s"}}`, sub, at.Epoch))
		}
		for i, test := range []struct {
			since protocol.Position
			why   string
		}{
			{protocol.Position{Offset: 1, Epoch: at.Epoch}, "expired"},
			{protocol.Position{Offset: 8, Epoch: "other"}, "reset"},
		} {
			ok := c.subscribe(&protocol.Subscribe{Channel: "few/a", Since: protocol.Positions{test.since}})
			if !ok.Lost || ok.Why != test.why || ok.Position.String() != "3:"+at.Epoch || ok.Oldest.String() != "4:"+at.Epoch || ok.Replay != 5 {
				t.Errorf("since %v: %+v", test.since, ok)
			}
			c.want(replay(i + 1)...)
		}
		ok := c.subscribe(&protocol.Subscribe{Channel: "e", Since: protocol.Positions{{Offset: 1, Epoch: "x"}}})
		if !ok.Lost || ok.Why != "no_history" || ok.Position != nil || ok.Oldest != nil {
			t.Errorf("without history: %+v", ok)
		}
		c.want(`{"live":{"sub":3}}`)
	})
}

func TestAChannelWithoutHistoryIsLiveAtOnce(t *testing.T) {
	inAll(t, func(t *testing.T, e *edge, dial func() *client) {
		c := dial()
		ok := c.subscribe(&protocol.Subscribe{Channel: "e"})
		if ok.Position != nil {
			t.Errorf("begins at %v", ok.Position)
		}
		c.want(`{"live":{"sub":1}}`)
		id := c.send(&protocol.Publish{Channel: "e", Payload: protocol.Binary([]byte{0, 255}), ID: "x-1", Key: "k"})
		c.want(`{"message":{"sub":1,"data":"AP8=","binary":true,"id":"x-1","key":"k"}}`)
		stored := new(protocol.PublishOK)
		c.reply(id, stored)
		if *stored != (protocol.PublishOK{}) {
			t.Errorf("stored at %+v", stored)
		}
	})
}

func TestAPatternTellsChannelAndEpochAndBecomesLiveOnce(t *testing.T) {
	inAll(t, func(t *testing.T, e *edge, dial func() *client) {
		c := dial()
		kept, few := c.publish("kept/a", "one"), c.publish("few/a", "two")
		since := protocol.Positions{{Offset: 0, Epoch: kept.Epoch}, {Offset: 0, Epoch: few.Epoch}}
		ok := c.subscribe(&protocol.Subscribe{Pattern: "+/a", Since: since})
		if len(ok.Position) != 3 || ok.Lost { // last/ is a log, too
			t.Errorf("begins at %+v", ok)
		}
		got := map[string]bool{}
		for range 2 {
			got[show(c.next())] = true
		}
		for _, want := range []string{
			`{"message":{"sub":1,"channel":"kept/a","epoch":"` + kept.Epoch + `","offset":1,"data":"one"}}`,
			`{"message":{"sub":1,"channel":"few/a","epoch":"` + few.Epoch + `","offset":1,"data":"two"}}`,
		} {
			if !got[want] {
				t.Errorf("got %v, want %s", got, want)
			}
		}
		live, isLive := c.next().Push.(*protocol.Live)
		if !isLive || len(live.Position) != 3 {
			t.Fatalf("got %+v, want live with three positions", live)
		}
		if offset, _ := live.Position.Offset(kept.Epoch); offset != 1 {
			t.Errorf("live at %v", live.Position)
		}
		c.send(&protocol.Publish{Channel: "e/a", Payload: protocol.Text("three")})
		c.want(`{"message":{"sub":1,"channel":"e/a","data":"three"}}`)
	})
}

func TestAnEpochThatNoLogHasIsLostToAPattern(t *testing.T) {
	e := start(t)
	c := e.dial()
	kept := c.publish("kept/a", "one")
	ok := c.subscribe(&protocol.Subscribe{Pattern: "kept/#", Since: protocol.Positions{{Offset: 1, Epoch: kept.Epoch}, {Offset: 9, Epoch: "gone"}}})
	if !ok.Lost || ok.Why != protocol.WhyReset || ok.Position.String() != "1:"+kept.Epoch {
		t.Errorf("begins at %+v", ok)
	}
	c.want(`{"live":{"sub":1,"position":"1:` + kept.Epoch + `"}}`)
}

func TestAfterUnsubscribeNothingComesAndTheNumberIsFree(t *testing.T) {
	inAll(t, func(t *testing.T, e *edge, dial func() *client) {
		c := dial()
		c.subscribe(&protocol.Subscribe{Channel: "e", Sub: 3})
		c.want(`{"live":{"sub":3}}`)
		c.reply(c.send(&protocol.Unsubscribe{Sub: 3}), &protocol.UnsubscribeOK{})
		c.publish("e", "nobody hears it")
		if n := e.channels.Subscribers("e"); n != 0 {
			t.Errorf("%d subscribers", n)
		}
		c.wantRefused(c.send(&protocol.Unsubscribe{Sub: 3}), protocol.CodeUnknownSubscription, "number 3")
		c.subscribe(&protocol.Subscribe{Channel: "e", Sub: 3})
		c.want(`{"live":{"sub":3}}`)
		if ok := c.subscribe(&protocol.Subscribe{Channel: "e"}); ok.Sub != 4 {
			t.Errorf("took the number %d", ok.Sub)
		}
	})
}

func TestWithoutEchoASessionDoesNotGetItsOwn(t *testing.T) {
	inAll(t, func(t *testing.T, e *edge, dial func() *client) {
		c, other := dial(), dial()
		ok := c.subscribe(&protocol.Subscribe{Channel: "kept/a", NoEcho: true})
		c.want(`{"live":{"sub":1,"position":"` + ok.Position.String() + `"}}`)
		c.publish("kept/a", "mine")
		other.publish("kept/a", "theirs")
		c.want(`{"message":{"sub":1,"offset":2,"data":"theirs"}}`)
	})
}

func TestAChannelThatRetainsItsLastMessageBeginsWithIt(t *testing.T) {
	e := start(t)
	c := e.dial()
	c.publish("last/a", "one")
	at := c.publish("last/a", "two")
	if ok := c.subscribe(&protocol.Subscribe{Channel: "last/a"}); ok.Position.String() != "1:"+at.Epoch || ok.Lost {
		t.Errorf("begins at %+v", ok)
	}
	c.want(`{"message":{"sub":1,"offset":2,"data":"two"}}`, `{"live":{"sub":1,"position":"2:`+at.Epoch+`"}}`)
}
