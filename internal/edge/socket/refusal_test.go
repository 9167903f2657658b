package socket

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/protocol"
	"github.com/holdfast-dev/holdfast/websocket"
)

func TestEveryFaultOfACommandIsAnsweredWithItsCode(t *testing.T) {
	inAll(t, func(t *testing.T, e *edge, dial func() *client) {
		c := dial()
		c.subscribe(&protocol.Subscribe{Channel: "e", Sub: 1})
		c.want(`{"live":{"sub":1}}`)
		for _, test := range []struct {
			verb protocol.Verb
			code protocol.Code
			has  string
		}{
			{&protocol.Subscribe{Channel: "a//b"}, protocol.CodeBadChannel, "a//b"},
			{&protocol.Subscribe{Pattern: "a/#/b"}, protocol.CodeBadChannel, "a/#/b"},
			{&protocol.Publish{Channel: "a/+", Payload: protocol.Text("x")}, protocol.CodeBadChannel, "a/+"},
			{&protocol.History{Channel: "/a"}, protocol.CodeBadChannel, "/a"},
			{&protocol.Presence{Channel: ".."}, protocol.CodeBadChannel, ".."},
			{&protocol.Subscribe{Channel: "e", Pattern: "e"}, protocol.CodeBadCommand, "not both"},
			{&protocol.Subscribe{Channel: "e", Sub: 1}, protocol.CodeAlreadySubscribed, "number 1"},
			{&protocol.Subscribe{Channel: "e", Presence: true}, protocol.CodeNoPresence, `"e"`},
			{&protocol.Subscribe{Pattern: "#", Since: protocol.Positions{{Offset: 7}}}, protocol.CodeBadPosition, "epoch"},
			{&protocol.Unsubscribe{Sub: 99}, protocol.CodeUnknownSubscription, "99"},
			{&protocol.Publish{Channel: "small/a", Payload: protocol.Text("01234567890")}, protocol.CodeTooLarge, "10 bytes"},
			{&protocol.History{Channel: "e"}, protocol.CodeNoHistory, `"e"`},
			{&protocol.Presence{Channel: "e"}, protocol.CodeNoPresence, `"e"`},
			{&protocol.RPC{Method: "m", Payload: protocol.Text("x")}, protocol.CodeUnknownMethod, `"m"`},
			{&protocol.Refresh{Token: "t"}, protocol.CodeUnauthorized, "the token has"},
		} {
			c.wantRefused(c.send(test.verb), test.code, test.has)
		}
		c.reply(c.send(&protocol.Ping{}), &protocol.PingOK{})
	})
}

func TestAFaultOfOneCommandDoesNotKeepTheOthersFromRunning(t *testing.T) {
	c := start(t).dial()
	c.raw(`[{"id":1,"ping":{}},{"id":2,"dance":{}},{"id":3,"subscribe":{"channel":"e","since":"x"}},{"id":4,"ping":{}}]`)
	c.reply(1, &protocol.PingOK{})
	c.wantRefused(2, protocol.CodeUnknownCommand, "dance")
	c.wantRefused(3, protocol.CodeBadPosition, "since")
	c.reply(4, &protocol.PingOK{})
}

func TestOfAMessageThatIsBrokenNoCommandIsRun(t *testing.T) {
	c := start(t).dial()
	c.raw(`[{"id":1,"ping":{}},{"id":2,"ping":{}`)
	c.wantRefused(0, protocol.CodeBadJSON, "")
	c.raw(`[` + strings.Repeat(`{"ping":{}},`, maxCommands) + `{"ping":{}}]`)
	c.wantRefused(0, protocol.CodeTooMany, "256")
	c.reply(c.send(&protocol.Ping{}), &protocol.PingOK{})
}

func TestTheTenthBrokenMessageClosesTheConnection(t *testing.T) {
	inAll(t, func(t *testing.T, e *edge, dial func() *client) {
		c := dial()
		broken, code := "{", protocol.CodeBadJSON
		if c.encoding == protocol.MessagePack {
			broken, code = "\xc1", protocol.CodeBadMessagePack
		}
		for range maxBroken - 1 {
			c.raw(broken)
			c.wantRefused(0, code, "")
		}
		c.raw(broken)
		c.wantClose(websocket.CloseCode(protocol.CloseBadMessage), "10 messages")
	})
}

func TestAFrameOfTheOtherKindClosesTheConnection(t *testing.T) {
	inBoth(t, func(t *testing.T, e *edge, dial func() *client) {
		c := dial()
		other := websocket.Binary
		if c.encoding.Binary() {
			other = websocket.Text
		}
		if err := c.ws.Write(patience(t), other, []byte("{}")); err != nil {
			t.Fatal(err)
		}
		c.wantClose(websocket.CloseCode(protocol.CloseBadMessage), "frames")
	})
}

func TestAMessageOverTheLimitClosesTheConnection(t *testing.T) {
	c := start(t).dial()
	limit := c.connect(nil).Limits.MessageBytes
	c.raw(`{"publish":{"channel":"e","data":"` + strings.Repeat("x", int(limit)) + `"}}`)
	c.wantClose(websocket.CloseMessageTooBig, "")
}

func TestTheLargestPayloadFitsIntoAMessage(t *testing.T) {
	inAll(t, func(t *testing.T, e *edge, dial func() *client) {
		c := dial()
		id := c.send(&protocol.Publish{Channel: "kept/a", Payload: protocol.Binary(make([]byte, testLimit)), ID: strings.Repeat("i", 128), Key: strings.Repeat("k", 128)})
		c.reply(id, &protocol.PublishOK{})
		id = c.send(&protocol.Publish{Channel: "e", Payload: protocol.Binary(make([]byte, testLimit+1))})
		c.wantRefused(id, protocol.CodeTooLarge, "65536 bytes")
	})
}

func TestAConnectionHasSoManySubscriptionsAndNoMore(t *testing.T) {
	c := start(t).dial()
	for i := range maxSubscriptions {
		c.ids++
		c.raw(fmt.Sprintf(`{"id":%d,"subscribe":{"channel":"e/%d"}}`, c.ids, i))
		c.reply(c.ids, &protocol.SubscribeOK{})
		c.next() // live
	}
	c.wantRefused(c.send(&protocol.Subscribe{Channel: "e"}), protocol.CodeTooMany, "1000")
	c.reply(c.send(&protocol.Unsubscribe{Sub: 500}), &protocol.UnsubscribeOK{})
	c.subscribe(&protocol.Subscribe{Channel: "e"})
}

func TestFaultsOfTheLogHaveCodesAndARef(t *testing.T) {
	e := start(t)
	c := newConn(e.Handler, nil, protocol.JSON, nil, 1)
	defer c.stop()
	for _, test := range []struct {
		err  error
		code protocol.Code
		ref  bool
	}{
		{fmt.Errorf("%w: x", broker.ErrUnavailable), protocol.CodeLogUnavailable, true},
		{fmt.Errorf("%w: x", broker.ErrFull), protocol.CodeLogFull, true},
		{fmt.Errorf("%w: x", broker.ErrTooLarge), protocol.CodeTooLarge, false},
		{context.DeadlineExceeded, protocol.CodeLogUnavailable, true},
		{context.Canceled, protocol.CodeShuttingDown, true},
		{errors.New("x"), protocol.CodeInternal, true},
	} {
		got := c.refusal("publish", "a", test.err)
		if got.Code != test.code || got.Retry != test.code.Retry() || (got.Ref != "") != test.ref {
			t.Errorf("%v: %+v", test.err, got)
		}
	}
}
