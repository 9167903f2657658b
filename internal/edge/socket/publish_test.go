package socket

import (
	"fmt"
	"testing"

	"github.com/holdfast-dev/holdfast/protocol"
)

func TestManyPublishesInFlightAreStoredAndAnsweredInOrder(t *testing.T) {
	inAll(t, func(t *testing.T, e *edge, dial func() *client) {
		const n = 2000
		c := dial()
		go func() {
			for i := range n {
				message := c.encoding.AppendCommand(nil, protocol.Command{ID: uint64(i + 1), Verb: &protocol.Publish{Channel: "kept/a", Payload: protocol.Text(fmt.Sprint(i + 1))}})
				if err := c.ws.Write(patience(t), frameOf(c.encoding), message); err != nil {
					t.Error(err)
					return
				}
			}
		}()
		for i := range uint64(n) {
			ok := new(protocol.PublishOK)
			c.reply(i+1, ok)
			if ok.Offset != i+1 {
				t.Fatalf("publish %d is at %d", i+1, ok.Offset)
			}
		}
	})
}

func TestOtherJSONIsPublishedAsItsCompactText(t *testing.T) {
	c := start(t).dial()
	c.raw(`[{"id":1,"publish":{"channel":"few/a","data":"one"}},` +
		`{"id":2,"publish":{"channel":"few/a","data":{"a": [1, null]}}},{"id":3,"publish":{"channel":"few/a","data":null}}]`)
	for id := range uint64(3) {
		c.reply(id+1, &protocol.PublishOK{})
	}
	c.subscribe(&protocol.Subscribe{Channel: "few/a", Last: 2})
	c.want(`{"message":{"sub":1,"offset":2,"data":"{\"a\":[1,null]}"}}`, `{"message":{"sub":1,"offset":3,"data":"null"}}`)
}

func TestAPublishWithTheSameIDIsStoredOnce(t *testing.T) {
	inAll(t, func(t *testing.T, e *edge, dial func() *client) {
		c := dial()
		v := &protocol.Publish{Channel: "kept/a", Payload: protocol.Text("one"), ID: "p-1"}
		first, second := new(protocol.PublishOK), new(protocol.PublishOK)
		c.reply(c.send(v), first)
		c.reply(c.send(v), second)
		if first.Duplicate || !second.Duplicate || first.Offset != second.Offset {
			t.Errorf("stored at %+v and %+v", first, second)
		}
	})
}

func TestPublishesThatComeTogetherLeaveTogether(t *testing.T) {
	inAll(t, func(t *testing.T, e *edge, dial func() *client) {
		c, listener := dial(), dial()
		listener.subscribe(&protocol.Subscribe{Channel: "small/a"})
		listener.want(`{"live":{"sub":1}}`)
		listener.subscribe(&protocol.Subscribe{Channel: "e"})
		listener.want(`{"live":{"sub":2}}`)
		var together [][]byte
		for i, p := range []protocol.Publish{
			{Channel: "small/a", Payload: protocol.Text("one")},
			{Channel: "small/a", Payload: protocol.Text("two")},
			{Channel: "small/a", Payload: protocol.Text("much too long")},
			{Channel: "small/a", Payload: protocol.Text("three")},
			{Channel: "e", Payload: protocol.Text("four")},
		} {
			together = append(together, c.encoding.AppendCommand(nil, protocol.Command{ID: uint64(i + 1), Verb: &p}))
		}
		c.raw(string(c.encoding.Join(nil, together...)))
		for _, id := range []uint64{1, 2} {
			c.reply(id, &protocol.PublishOK{})
		}
		c.wantRefused(3, protocol.CodeTooLarge, "10 bytes")
		for _, id := range []uint64{4, 5} {
			c.reply(id, &protocol.PublishOK{})
		}
		if listener.next(); len(listener.pending) != 2 {
			t.Errorf("the three came in messages of their own")
		}
		listener.want(`{"message":{"sub":1,"data":"two"}}`, `{"message":{"sub":1,"data":"three"}}`, `{"message":{"sub":2,"data":"four"}}`)
	})
}
