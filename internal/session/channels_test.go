package session

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/hub"
	"github.com/holdfast-dev/holdfast/internal/hub/hubtest"
	"github.com/holdfast-dev/holdfast/internal/policy"
	"github.com/holdfast-dev/holdfast/internal/schema"
	"github.com/holdfast-dev/holdfast/websocket"
)

// appendable is a log in memory that takes messages.
type appendable struct{ *hubtest.Log }

func (l appendable) Append(_ context.Context, m *broker.Message, done func(broker.Ack, error)) {
	if m.Purge {
		mark := l.Log.Purge(m.Channel)
		l.Flow()
		done(broker.Ack{Position: broker.Position{Epoch: l.Epoch(), Offset: mark.Offset}}, nil)
		return
	}
	stored := l.Log.Append(m.Channel, func(s *broker.Message) { s.Payload, s.Source = m.Payload, m.Source })
	l.Flow()
	done(broker.Ack{Position: broker.Position{Epoch: l.Epoch(), Offset: stored.Offset}}, nil)
}

// numbers is the schema of objects with a number n.
var numbers = func() *schema.Schema {
	s, err := schema.Parse("numbers", []byte(`{"type":"object","properties":{"n":{"type":"integer"}},"required":["n"]}`))
	if err != nil {
		panic(err)
	}
	return s
}()

// inChannels runs a test with channels that have history below kept/, keep the last message below
// last/, take ten bytes below small/, JSON with a number n below json/ and jsonkept/, PNGs below images/, and
// five messages a second below slow/.
func inChannels(t *testing.T, test func(t *testing.T, c *Channels)) {
	synctest.Test(t, func(t *testing.T) {
		kept, last, small := policy.Default(), policy.Default(), policy.Default()
		kept.Channels, kept.History.Count, kept.Slow = "kept/#", 100, policy.SlowCatchUp
		last.Channels, last.RetainLast, last.Slow = "last/#", true, policy.SlowCatchUp
		small.Channels, small.MaxMessageBytes = "small/#", 10
		json, jsonKept, images, slow := policy.Default(), kept, policy.Default(), policy.Default()
		json.Channels, json.Schema = "json/#", numbers
		jsonKept.Channels, jsonKept.Schema = "jsonkept/#", numbers
		images.Channels, images.Content = "images/#", &policy.Content{Magic: [][]byte{[]byte("\x89PNG")}}
		slow.Channels, slow.Rate = "slow/#", policy.Rate{PerSecond: 5, Burst: 10}
		rules, err := policy.NewRules(kept, last, small, json, jsonKept, images, slow)
		if err != nil {
			t.Fatal(err)
		}
		h := hub.New()
		defer h.Close()
		c, err := NewChannels(t.Context(), h, rules, func(context.Context, *policy.Rule) (Log, error) {
			return appendable{hubtest.NewLog()}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		test(t, c)
	})
}

// say publishes texts together and returns what became of each.
func (c *Channels) say(name channel.Name, texts ...string) []string {
	var all []websocket.Message
	for _, s := range texts {
		all = append(all, websocket.Message{Type: websocket.Text, Payload: []byte(s)})
	}
	results := make([]string, len(texts))
	c.Publish(context.Background(), nil, hub.NewPublication(name, all...), func(i int, a broker.Ack, err error) {
		if err != nil {
			results[i] = err.Error()
			return
		}
		results[i] = fmt.Sprint(a.Offset)
	})
	return results
}

// listen subscribes a new client.
func (c *Channels) listen(t *testing.T, p channel.Pattern, start Start) *client {
	t.Helper()
	to := newClient()
	s, err := c.Subscribe(p, start, "", to)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(s.Cancel)
	synctest.Wait()
	return to
}

func TestAChannelDoesWhatItsRuleSays(t *testing.T) {
	inChannels(t, func(t *testing.T, c *Channels) {
		if got := c.say("kept/a", "one", "two"); !slices.Equal(got, []string{"1", "2"}) {
			t.Errorf("stored at %q", got)
		}
		if got := c.say("e", "gone"); !slices.Equal(got, []string{"0"}) {
			t.Errorf("ephemeral: %q", got)
		}
		kept, ephemeral := c.listen(t, "kept/a", Start{All: true}), c.listen(t, "e", Start{All: true})
		c.say("kept/a", "three")
		c.say("e", "here")
		kept.want(t, "one", "two", "live 2", "three")
		ephemeral.want(t, "here")
		if n, m := c.Subscribers("kept/a"), c.Subscribers("e"); n != 1 || m != 1 {
			t.Errorf("%d and %d subscribers", n, m)
		}
	})
}

func TestAPatternCollectsChannelsOfAllKindsOnce(t *testing.T) {
	inChannels(t, func(t *testing.T, c *Channels) {
		to := c.listen(t, "#", Start{})
		c.say("kept/a", "kept")
		c.say("small/a", "small")
		c.say("other", "other")
		to.want(t, "live 0", "live 0", "live 0", "kept", "small", "other")
	})
}

func TestAChannelThatRetainsItsLastMessageBeginsWithIt(t *testing.T) {
	inChannels(t, func(t *testing.T, c *Channels) {
		c.say("last/a", "one", "two")
		to := c.listen(t, "last/a", Start{})
		c.say("last/a", "three")
		to.want(t, "two", "live 2", "three")
	})
}

func TestTheHistoryOfAChannelCanBeRead(t *testing.T) {
	inChannels(t, func(t *testing.T, c *Channels) {
		c.say("kept/a", "one", "two", "three")
		for name, test := range map[string]struct {
			start Start
			most  int
			want  string
			lost  bool
		}{
			"all":                  {Start{}, 10, "one two three", false},
			"the first":            {Start{}, 2, "one two", false},
			"the last":             {Start{Last: 2}, 10, "two three", false},
			"behind a position":    {since(1), 10, "two three", false},
			"behind another log's": {Start{Since: []broker.Position{{Epoch: "old", Offset: 1}}}, 10, "one two three", true},
		} {
			page, err := c.History(t.Context(), "kept/a", test.start, test.most)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, m := range page.Messages {
				got = append(got, string(m.Payload))
			}
			if strings.Join(got, " ") != test.want || page.Lost != test.lost {
				t.Errorf("%s: got %q, lost %v", name, got, page.Lost)
			}
		}
		if _, err := c.History(t.Context(), "e", Start{}, 1); !errors.Is(err, ErrNoHistory) {
			t.Errorf("of an ephemeral channel: %v", err)
		}
	})
}
