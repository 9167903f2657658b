package socket

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/holdfast-dev/holdfast/internal/edge/door/doortest"
	"github.com/holdfast-dev/holdfast/internal/policy"
	"github.com/holdfast-dev/holdfast/internal/schema"
	"github.com/holdfast-dev/holdfast/protocol"
)

// strictEdge has channels that take JSON with a number n below json/, with history below keptjson/, PNGs below
// images/, and few messages below slow/.
func strictEdge(t *testing.T) *edge {
	t.Helper()
	numbers, err := schema.Parse("numbers", []byte(`{"type":"object","properties":{"n":{"type":"integer"}},"required":["n"]}`))
	if err != nil {
		t.Fatal(err)
	}
	json, kept, images, slow := doortest.OpenRule(), doortest.OpenRule(), doortest.OpenRule(), doortest.OpenRule()
	json.Channels, json.Schema = "json/#", numbers
	kept.Channels, kept.Schema, kept.History.Count, kept.Slow = "keptjson/#", numbers, 10_000, policy.SlowCatchUp
	images.Channels, images.Content = "images/#", &policy.Content{Magic: [][]byte{[]byte("\x89PNG")}}
	slow.Channels, slow.Rate = "slow/#", policy.Rate{PerSecond: 0.001, Burst: 2}
	return startOn(t, doortest.Channels(t, testLimit, json, kept, images, slow, doortest.OpenRule()), Config{})
}

func TestAPublishIsHeldToWhatTheChannelTakes(t *testing.T) {
	e := strictEdge(t)
	c := e.dial()
	for _, test := range []struct {
		channel string
		payload protocol.Payload
		has     string // "" if it is taken
	}{
		{"json/a", protocol.Text(`{"n":1}`), ""},
		{"json/a", protocol.Text(`{"n":"x"}`), "the message is refused: at /n: got string, want integer (rule json/#)"},
		{"json/a", protocol.Text(`n`), "it is not JSON"},
		{"json/a", protocol.Binary([]byte(`{"n":1}`)), "it is binary"},
		{"images/a", protocol.Binary([]byte("\x89PNG\r\n")), ""},
		{"images/a", protocol.Binary([]byte("GIF89a")), "it does not begin"},
		{"images/a", protocol.Text("PNG"), "it is text"},
	} {
		id := c.send(&protocol.Publish{Channel: test.channel, Payload: test.payload})
		if test.has == "" {
			c.reply(id, &protocol.PublishOK{})
		} else if refused := c.wantRefused(id, protocol.CodeInvalidData, test.has); refused.Retry || refused.Ref == "" {
			t.Errorf("got %+v", refused)
		}
	}
}

func TestOfABurstWhatFitsIsStoredInOrderAndNothingElse(t *testing.T) {
	e := strictEdge(t)
	c, run := e.dial(), 0
	rapid.Check(t, func(rt *rapid.T) {
		run++
		name := fmt.Sprint("keptjson/", run)
		var together [][]byte
		good := rapid.SliceOfN(rapid.Bool(), 1, 40).Draw(rt, "good")
		for i, fits := range good {
			text := fmt.Sprintf(`{"n":%d}`, i)
			if !fits {
				text = fmt.Sprintf(`{"n":"%d"}`, i)
			}
			together = append(together, c.encoding.AppendCommand(nil, protocol.Command{ID: uint64(i + 1), Verb: &protocol.Publish{Channel: name, Payload: protocol.Text(text)}}))
		}
		c.raw(string(c.encoding.Join(nil, together...)))
		var want, got []string
		for i, fits := range good {
			if !fits {
				c.wantRefused(uint64(i+1), protocol.CodeInvalidData, "at /n")
				continue
			}
			c.reply(uint64(i+1), &protocol.PublishOK{})
			want = append(want, fmt.Sprintf(`{"n":%d}`, i))
		}
		page := new(protocol.HistoryOK)
		c.reply(c.send(&protocol.History{Channel: name, Limit: 100}), page)
		for _, m := range page.Messages {
			got = append(got, string(m.Data))
		}
		if !slices.Equal(got, want) {
			rt.Fatalf("stored %q, want %q", got, want)
		}
	})
}

func TestAPublishBeyondTheRateOfTheChannelIsToldWhenToTryAgain(t *testing.T) {
	e := strictEdge(t)
	one, other := e.dial(), e.dial()
	one.publish("slow/a", "1")
	other.publish("slow/a", "2")
	refused := one.wantRefused(one.send(&protocol.Publish{Channel: "slow/a", Payload: protocol.Text("3")}), protocol.CodeRateLimited, "channels[].rate")
	if !refused.Retry || refused.After.Seconds() < 900 || refused.After.Seconds() > 1000 {
		t.Errorf("got %+v", refused)
	}
	one.publish("slow/b", "1")
}
