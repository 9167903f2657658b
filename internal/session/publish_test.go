package session

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/hub"
	"github.com/holdfast-dev/holdfast/internal/policy"
	"github.com/holdfast-dev/holdfast/websocket"
)

func TestAMessageThatIsRefusedDoesNotKeepBackThoseItCameWith(t *testing.T) {
	for name, test := range map[channel.Name]struct{ good, bad, want string }{
		"small/a": {"short", "much too long", "the message is larger than the limit of 10 bytes of channel small/a"},
		"json/a":  {`{"n":1}`, `{"n":"x"}`, "the message is refused: at /n: got string, want integer (rule json/#)"},
		"json/b":  {`{"n":1}`, `{}`, `the message is refused: the member "n" is missing (rule json/#)`},
		"json/c":  {`{"n":1}`, `#1`, "the message is refused: it is not JSON at byte 0: invalid character '#' at start of value (rule json/#)"},
	} {
		inChannels(t, func(t *testing.T, c *Channels) {
			to := c.listen(t, name.Pattern(), Start{})
			if got, want := c.say(name, test.bad, test.good, test.bad, test.good), []string{test.want, "0", test.want, "0"}; !slices.Equal(got, want) {
				t.Errorf("%s:\n got  %q\n want %q", name, got, want)
			}
			to.want(t, test.good, test.good)
		})
	}
}

func TestMessagesBesideARefusedOneAreStoredInOrder(t *testing.T) {
	inChannels(t, func(t *testing.T, c *Channels) {
		to := c.listen(t, "jsonkept/a", Start{})
		got := c.say("jsonkept/a", `{"n":1}`, `{"n":2}`, `{"n":true}`, `{"n":4}`)
		if !slices.Equal([]string{got[0], got[1], got[3]}, []string{"1", "2", "3"}) || !strings.Contains(got[2], "at /n") {
			t.Errorf("got %q", got)
		}
		to.want(t, "live 0", `{"n":1}`, `{"n":2}`, `{"n":4}`)
	})
}

// tell publishes one message and returns what became of it.
func (c *Channels) tell(name channel.Name, typ websocket.MessageType, payload string) (result error) {
	c.Publish(context.Background(), nil, hub.NewPublication(name, websocket.Message{Type: typ, Payload: []byte(payload)}), func(_ int, _ broker.Ack, err error) { result = err })
	return result
}

func TestTextAndBinaryAreKeptApartWhereTheRuleSaysSo(t *testing.T) {
	inChannels(t, func(t *testing.T, c *Channels) {
		for _, test := range []struct {
			name    channel.Name
			typ     websocket.MessageType
			payload string
			want    string // "" if it is taken
		}{
			{"json/a", websocket.Text, `{"n":1}`, ""},
			{"json/a", websocket.Binary, `{"n":1}`, "the message is refused: it is binary, and the channel takes JSON text (rule json/#)"},
			{"images/a", websocket.Binary, "\x89PNG\r\n", ""},
			{"images/a", websocket.Binary, "GIF89a", "the message is refused: it does not begin as the messages of the channel have to (rule images/#)"},
			{"images/a", websocket.Text, "PNG", "the message is refused: it is text, and the channel takes binary messages (rule images/#)"},
			{"other", websocket.Text, "PNG", ""},
			{"other", websocket.Binary, "PNG", ""},
		} {
			err := c.tell(test.name, test.typ, test.payload)
			var invalid *InvalidDataError
			if test.want == "" && err != nil || test.want != "" && (!errors.As(err, &invalid) || err.Error() != test.want) {
				t.Errorf("%v %q in %s: got %v, want %q", test.typ, test.payload, test.name, err, test.want)
			}
		}
	})
}

func TestOnlyValidDocumentsReachAnybody(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		document := rapid.OneOf(rapid.StringMatching(`\{"n":-?[1-9][0-9]{0,3}\}`), rapid.StringMatching(`\{"n":("a"|null|1\.5|\[\])\}`), rapid.StringN(0, 10, -1), rapid.Just("{}"))
		burst := rapid.SliceOfN(document, 1, 20).Draw(rt, "burst")
		name := rapid.SampledFrom([]channel.Name{"json/a", "jsonkept/a"}).Draw(rt, "channel")
		inChannels(t, func(t *testing.T, c *Channels) {
			to := c.listen(t, name.Pattern(), Start{})
			want := slices.DeleteFunc(slices.Clone(burst), func(text string) bool { return c.Rule(name).Schema.Check([]byte(text)) != nil })
			for i, got := range c.say(name, burst...) {
				if refused := strings.HasPrefix(got, "the message is refused: "); refused == slices.Contains(want, burst[i]) {
					t.Errorf("%q: %s", burst[i], got)
				}
			}
			if name == "jsonkept/a" {
				want = append([]string{"live 0"}, want...)
			}
			to.want(t, want...)
		})
	})
}

func TestMoreThanAChannelTakesIsRefusedUntilItTakesMore(t *testing.T) {
	inChannels(t, func(t *testing.T, c *Channels) {
		to := c.listen(t, "slow/a", Start{})
		texts := strings.Fields("1 2 3 4 5 6 7 8 9 10 11 12")
		got := c.say("slow/a", texts...)
		if taken := slices.Index(got, "too much is published to the channel slow/a (rule slow/#) (channels[].rate); try again in 200ms"); taken != 10 {
			t.Errorf("%d are taken of %q", taken, got)
		}
		if other := c.say("slow/b", "x"); other[0] != "0" {
			t.Errorf("another channel is full, too: %q", other)
		}
		time.Sleep(200 * time.Millisecond) // of the bubble
		if later := c.say("slow/a", "13", "14"); later[0] != "0" || later[1] == "0" {
			t.Errorf("after 200 ms: %q", later)
		}
		to.want(t, append(texts[:10:10], "13")...)
	})
}

func TestWhatIsInvalidDoesNotCountTowardsTheRate(t *testing.T) {
	inChannels(t, func(t *testing.T, c *Channels) {
		rule := *c.Rule("slow/a")
		rule.MaxMessageBytes = 2
		var texts []string
		for range 100 {
			texts = append(texts, "much too long")
		}
		var all []websocket.Message
		for _, s := range append(texts, "ok") {
			all = append(all, websocket.Message{Type: websocket.Text, Payload: []byte(s)})
		}
		p := hub.NewPublication("slow/a", all...)
		if refused := c.spend(&rule, p, unfit(&rule, p)); refused[100] != nil {
			t.Errorf("got %v", refused[100])
		}
	})
}

// sayPaced publishes texts together as a client that can't be told to wait, and returns what became of each.
func (c *Channels) sayPaced(over chan struct{}, name channel.Name, n int) []string {
	var all []websocket.Message
	for i := range n {
		all = append(all, websocket.Message{Type: websocket.Text, Payload: fmt.Append(nil, i)})
	}
	results := make([]string, n)
	c.PublishPaced(context.Background(), nil, over, hub.NewPublication(name, all...), func(i int, a broker.Ack, err error) {
		if results[i] = "0"; err != nil {
			results[i] = err.Error()
		}
	})
	return results
}

func TestAClientThatCanNotBeToldToWaitIsMadeTo(t *testing.T) {
	inChannels(t, func(t *testing.T, c *Channels) {
		began := time.Now()
		got := c.sayPaced(nil, "slow/a", 30)
		if slices.ContainsFunc(got, func(s string) bool { return s != "0" }) || time.Since(began) != 4*time.Second {
			t.Errorf("after %v: %q", time.Since(began), got)
		}
	})
}

func TestAClientThatWouldHaveToWaitForTooLongIsRefusedFromThereOn(t *testing.T) {
	inChannels(t, func(t *testing.T, c *Channels) {
		began := time.Now()
		got := c.sayPaced(nil, "slow/a", 200)
		taken := slices.IndexFunc(got, func(s string) bool { return s != "0" })
		if took := time.Since(began); took != maxPace || taken != 10+15*5 || slices.Contains(got[taken:], "0") {
			t.Errorf("after %v %d are taken", took, taken)
		}
	})
}

func TestTheEndOfAConnectionEndsTheWait(t *testing.T) {
	inChannels(t, func(t *testing.T, c *Channels) {
		over := make(chan struct{})
		time.AfterFunc(time.Second, func() { close(over) })
		began := time.Now()
		if got := c.sayPaced(over, "slow/a", 50); time.Since(began) != time.Second || slices.ContainsFunc(got, func(s string) bool { return s != "" }) {
			t.Errorf("after %v: %q", time.Since(began), got)
		}
	})
}

func TestChannelsThatAreNotPublishedToAnyMoreAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, rule := newPaces(), &policy.Rule{Rate: policy.Rate{PerSecond: 5, Burst: 10}}
		most := 0
		for i := range 20 * leastSweep {
			take(p.of(rule, channel.Name(fmt.Sprint(i))), time.Now(), 1)
			time.Sleep(time.Millisecond) // of the bubble
			most = max(most, len(p.all.all))
		}
		if most > 3*leastSweep {
			t.Errorf("%d channels are remembered", most)
		}
	})
}

// BenchmarkPublish tells what a rate, a schema and a content cost besides making a message and publishing it
// to nobody: as times of what it takes without them, measured by turns.
func BenchmarkPublish(b *testing.B) {
	plain, limited, json, image := policy.Default(), policy.Default(), policy.Default(), policy.Default()
	plain.Channels = "plain"
	limited.Channels, limited.Rate = "rate", policy.Rate{PerSecond: 1e9, Burst: 1e9}
	json.Channels, json.Schema = "schema", numbers
	image.Channels, image.Content = "content", &policy.Content{Magic: [][]byte{[]byte(`{"n"`)}}
	rules, err := policy.NewRules(plain, limited, json, image)
	if err != nil {
		b.Fatal(err)
	}
	h := hub.New()
	defer h.Close()
	c, err := NewChannels(b.Context(), h, rules, nil)
	if err != nil {
		b.Fatal(err)
	}
	done := func(_ int, _ broker.Ack, err error) {
		if err != nil {
			b.Fatal(err)
		}
	}
	names := []channel.Name{"plain", "rate", "schema", "content"}
	took := map[channel.Name]time.Duration{}
	const turn = 100
	for b.Loop() {
		for _, name := range names {
			message := websocket.Message{Type: websocket.Text, Payload: []byte(`{"n":12345,"text":"a message of a usual length, in JSON"}`)}
			if name == "content" {
				message.Type = websocket.Binary
			}
			began := time.Now()
			for range turn {
				c.Publish(context.Background(), nil, hub.NewPublication(name, message), done)
			}
			took[name] += time.Since(began)
		}
	}
	for _, name := range names {
		b.ReportMetric(float64(took[name].Nanoseconds())/float64(turn*b.N), "ns/"+string(name))
		if name != "plain" {
			b.ReportMetric(float64(took[name])/float64(took["plain"]), string(name)+"/plain")
		}
	}
}
