package socket

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/protocol"
	"github.com/holdfast-dev/holdfast/websocket"
)

// floodText is what a flood consists of, behind a number.
var floodText = strings.Repeat("x", 32<<10)

// flood publishes until a client that does not read, and has said connect, has more than it can queue,
// and returns how many messages that were. How much the kernel takes for it differs.
func (e *edge) flood(id, channel string) (n int) {
	e.t.Helper()
	quick := e.dial()
	say := func() {
		quick.publish(channel, fmt.Sprint(n, " ", floodText))
		n++
	}
	e.sessions.mu.Lock()
	ws := e.sessions.open[id].carrier
	e.sessions.mu.Unlock()
	for stuck := false; !stuck; {
		say()
		ctx, cancel := context.WithTimeout(e.t.Context(), 5*time.Millisecond)
		stuck = ws.Flush(ctx) != nil
		cancel()
	}
	for range 32 { // four times the queue
		say()
	}
	return n
}

// fill publishes n messages of a flood.
func (c *client) fill(channel string, n int) {
	c.t.Helper()
	for i := range n {
		c.publish(channel, fmt.Sprint(i, " ", floodText))
	}
}

func TestASlowReaderOfAHistoryGetsEverythingInOrder(t *testing.T) {
	inAll(t, func(t *testing.T, e *edge, dial func() *client) {
		slow := dial()
		id := slow.connect(nil).Session.ID
		slow.subscribe(&protocol.Subscribe{Channel: "kept/a"})
		n := e.flood(id, "kept/a")
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
	slow := e.dial()
	id := slow.connect(nil).Session.ID
	slow.subscribe(&protocol.Subscribe{Channel: "drop/a"})
	n := e.flood(id, "drop/a")
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
	slow := e.dial()
	id := slow.connect(nil).Session.ID
	slow.subscribe(&protocol.Subscribe{Channel: "e"})
	e.flood(id, "e")
	slow.wantClose(websocket.CloseTryAgainLater, "too slow")
}

func TestASlowReaderOfAShortHistoryIsToldThatMessagesAreLost(t *testing.T) {
	e := start(t)
	slow := e.dial()
	id := slow.connect(nil).Session.ID
	ok := slow.subscribe(&protocol.Subscribe{Channel: "few/a"})
	n := e.flood(id, "few/a")
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
		const n = 40
		dial().fill("kept/a", 60)
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
