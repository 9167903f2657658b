package socket

import (
	"fmt"
	"strings"
	"testing"

	"github.com/holdfast-dev/holdfast/protocol"
	"github.com/holdfast-dev/holdfast/websocket"
)

// flood publishes until a client that does not read has more than it can queue, and returns how many
// messages that were.
func (c *client) flood(channel string) int {
	c.t.Helper()
	const n = 180
	payload := strings.Repeat("x", 32<<10)
	first := c.ids + 1
	for i := range n {
		c.send(&protocol.Publish{Channel: channel, Payload: protocol.Text(fmt.Sprint(i, " ", payload))})
	}
	for i := range uint64(n) {
		c.reply(first+i, &protocol.PublishOK{})
	}
	return n
}

func TestASlowReaderOfAHistoryGetsEverythingInOrder(t *testing.T) {
	inBoth(t, func(t *testing.T, e *edge, dial func() *client) {
		slow, quick := dial(), dial()
		slow.subscribe(&protocol.Subscribe{Channel: "kept/a"})
		n := quick.flood("kept/a")
		next, lives := uint64(1), 0
		for next <= uint64(n) || lives < 2 {
			switch push := slow.next().Push.(type) {
			case *protocol.Message:
				if push.Offset != next {
					t.Fatalf("offset %d, want %d", push.Offset, next)
				}
				next++
			case *protocol.Live:
				lives++
			default:
				t.Fatalf("got %+v", push)
			}
		}
	})
}

func TestASlowReaderIsToldWhatItHasMissedWhereTheRuleIsToDrop(t *testing.T) {
	e := start(t)
	slow, quick := e.dial(), e.dial()
	slow.subscribe(&protocol.Subscribe{Channel: "drop/a"})
	n := quick.flood("drop/a")
	got, missed := 0, 0
	for got+missed < n {
		switch push := slow.next().Push.(type) {
		case *protocol.Message:
			got++
		case *protocol.Gap:
			missed += int(push.Missed)
		}
	}
	if missed == 0 {
		t.Error("nothing was missed, so nothing has been tested")
	}
}

func TestASlowReaderIsClosedWhereTheRuleIsToDisconnect(t *testing.T) {
	e := start(t)
	slow, quick := e.dial(), e.dial()
	slow.subscribe(&protocol.Subscribe{Channel: "e"})
	quick.flood("e")
	slow.wantClose(websocket.CloseTryAgainLater, "too slow")
}

func TestASlowReaderOfAShortHistoryIsToldThatMessagesAreLost(t *testing.T) {
	e := start(t)
	slow, quick := e.dial(), e.dial()
	ok := slow.subscribe(&protocol.Subscribe{Channel: "few/a"})
	n := quick.flood("few/a")
	at, lost := ok.Position, false
	for {
		switch push := slow.next().Push.(type) {
		case *protocol.Message:
			var ahead bool
			before := at[0].Offset
			if at, ahead = at.Advance(protocol.Position{Offset: push.Offset, Epoch: at[0].Epoch}); !ahead || push.Offset != before+1 {
				t.Fatalf("offset %d behind %d, and no word of it", push.Offset, before)
			}
		case *protocol.Lost:
			lost = true
			if push.Why != protocol.WhyExpired || push.Since.String() != at.String() {
				t.Errorf("at %v: lost %+v", at, push)
			}
			at = at.Without(push.Since).AdvanceAll(push.Position)
		}
		if at[0].Offset == uint64(n) {
			break
		}
	}
	if !lost {
		t.Error("nothing was lost, so nothing has been tested")
	}
}

// A client that asks for more than it reads is not read any more, and gets every answer in the end.
func TestAClientThatDoesNotReadItsAnswersIsNotReadEither(t *testing.T) {
	inBoth(t, func(t *testing.T, e *edge, dial func() *client) {
		const n = 30
		dial().flood("kept/a")
		c := dial()
		id := c.connect(nil).Session.ID
		first := c.ids + 1
		for range n {
			c.send(&protocol.History{Channel: "kept/a", Limit: 8})
		}
		waitUntil(t, "an answer waits", func() bool {
			e.sessions.mu.Lock()
			defer e.sessions.mu.Unlock()
			return e.sessions.open[id].out.full.Load()
		})
		answered := map[uint64]bool{}
		for range n {
			it := c.next()
			if it.Reply == nil || it.Reply.Err != nil || it.Reply.ID < first || answered[it.Reply.ID] {
				t.Fatalf("got %.200s", show(it))
			}
			answered[it.Reply.ID] = true
		}
	})
}
