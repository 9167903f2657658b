package protocol

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// drawn values are in the bounds of the document, and favour what is awkward to write.
var (
	drawnText   = rapid.StringOfN(rapid.RuneFrom([]rune("aZ0 \"\\/\n\x00\x1f\x7f<>&é\u2028\ufffd🌍")), 0, 20, 64)
	drawnSome   = rapid.StringOfN(rapid.RuneFrom([]rune("aZ0 \"\\/é🌍")), 1, 20, 64)
	drawnWhole  = rapid.OneOf(rapid.Uint64Range(1, 300), rapid.Uint64Range(1, MaxWhole), rapid.Just(uint64(MaxWhole)))
	drawnEpoch  = rapid.StringMatching(`[A-Za-z0-9_-]{1,32}`)
	drawnLength = rapid.Custom(func(t *rapid.T) time.Duration {
		return time.Duration(rapid.Int64Range(0, 1e9).Draw(t, "ms")) * time.Millisecond
	})
	drawnPositions = rapid.Custom(func(t *rapid.T) (all Positions) {
		for range rapid.IntRange(0, 3).Draw(t, "logs") {
			all, _ = all.Advance(Position{drawnWhole.Draw(t, "offset"), drawnEpoch.Draw(t, "epoch")})
		}
		return all
	})
	drawnPayload = rapid.Custom(func(t *rapid.T) Payload {
		if rapid.Bool().Draw(t, "binary") {
			return Binary(append([]byte{}, rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "bytes")...))
		}
		return Payload{Data: []byte(strings.Repeat(drawnText.Draw(t, "text"), rapid.IntRange(1, 20).Draw(t, "times")))}
	})
)

func TestEveryCommandIsReadAsItWasWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := rapid.SampledFrom(encodings).Draw(t, "encoding")
		var want []Command
		var objects [][]byte
		for range rapid.IntRange(1, 20).Draw(t, "commands") {
			c := Command{ID: rapid.OneOf(rapid.Just(uint64(0)), drawnWhole).Draw(t, "id"), Verb: drawVerb(t)}
			want = append(want, c)
			objects = append(objects, e.AppendCommand(nil, c))
		}
		got, err := e.DecodeCommands(e.Join(nil, objects...), len(want))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%+v is read as %+v, %v", want, got, err)
		}
	})
}

func drawVerb(t *rapid.T) Verb {
	switch rapid.SampledFrom([]string{"publish", "subscribe", "history", "rpc"}).Draw(t, "verb") {
	case "publish":
		return &Publish{Channel: drawnSome.Draw(t, "channel"), Payload: drawnPayload.Draw(t, "payload"), ID: drawnText.Draw(t, "id") + "i", Key: drawnText.Draw(t, "key")}
	case "subscribe":
		s := &Subscribe{Sub: drawnWhole.Draw(t, "sub"), Since: drawnPositions.Draw(t, "since"), NoEcho: rapid.Bool().Draw(t, "quiet"), Latest: rapid.Bool().Draw(t, "latest")}
		if rapid.Bool().Draw(t, "by name") {
			s.Channel, s.Presence = drawnSome.Draw(t, "channel"), rapid.Bool().Draw(t, "presence")
		} else {
			s.Pattern = drawnSome.Draw(t, "pattern")
		}
		return s
	case "history":
		return &History{Channel: drawnSome.Draw(t, "channel"), Last: drawnWhole.Draw(t, "last"), Limit: rapid.IntRange(0, MaxPage).Draw(t, "limit")}
	}
	return &RPC{Method: drawnSome.Draw(t, "method"), Payload: drawnPayload.Draw(t, "payload")}
}

func TestEveryPushIsReadAsItWasWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := rapid.SampledFrom(encodings).Draw(t, "encoding")
		want := drawPush(t)
		got, err := e.DecodeServer(e.AppendPush(nil, want))
		if err != nil || len(got) != 1 || !reflect.DeepEqual(got[0].Push, want) {
			t.Fatalf("%+v is read as %+v, %v", want, got, err)
		}
	})
}

func drawPush(t *rapid.T) Push {
	sub := drawnWhole.Draw(t, "sub")
	switch rapid.SampledFrom([]string{"message", "lost", "move", "presence"}).Draw(t, "push") {
	case "message":
		return &Message{
			Sub: sub, Channel: drawnSome.Draw(t, "channel"), Epoch: drawnEpoch.Draw(t, "epoch"), Offset: drawnWhole.Draw(t, "offset"),
			Payload: drawnPayload.Draw(t, "payload"), ID: drawnText.Draw(t, "id"), Key: drawnText.Draw(t, "key"),
			Time: time.UnixMilli(int64(drawnWhole.Draw(t, "time"))).UTC(),
		}
	case "lost":
		return &Lost{Sub: sub, Since: drawnPositions.Draw(t, "since"), Position: drawnPositions.Draw(t, "position"), Why: WhyReset}
	case "move":
		return &Move{After: drawnLength.Draw(t, "after"), Spread: drawnLength.Draw(t, "spread"), Why: WhyDrain, Endpoints: rapid.SliceOfN(drawnText, 1, 40).Draw(t, "endpoints")}
	}
	return &PresenceChange{
		Sub: sub, Count: Count{Users: drawnWhole.Draw(t, "users"), Connections: drawnWhole.Draw(t, "connections")},
		Join: rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Entry {
			return Entry{User: drawnText.Draw(t, "user"), ID: drawnSome.Draw(t, "id"), Info: drawnText.Draw(t, "info")}
		}), 1, 40).Draw(t, "join"),
	}
}

func TestAMessageThatEndsTooEarlyIsRefusedWhereverItEnds(t *testing.T) {
	for _, g := range goldens {
		for _, e := range encodings {
			whole := g.encode(e)
			for n := range whole {
				if g.command != nil {
					if commands, err := e.DecodeCommands(whole[:n], 1); err == nil || (err.Code != CodeBadJSON && err.Code != CodeBadMessagePack) {
						t.Errorf("the first %d bytes of %s in %v are read as %+v, %v", n, g.name, e, commands, err)
					}
				} else if got, err := e.DecodeServer(whole[:n]); err == nil {
					t.Errorf("the first %d bytes of %s in %v are read as %+v", n, g.name, e, got)
				}
			}
		}
	}
}
