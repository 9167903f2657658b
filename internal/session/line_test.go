package session

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/holdfast-dev/holdfast/internal/auth"
	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/hooks"
	"github.com/holdfast-dev/holdfast/internal/hooks/hookstest"
	"github.com/holdfast-dev/holdfast/internal/hub"
	"github.com/holdfast-dev/holdfast/internal/policy"
	"github.com/holdfast-dev/holdfast/protocol"
	"github.com/holdfast-dev/holdfast/websocket"
)

// admitted returns a client whose backend is asked, until the end of the test.
func admitted(t *testing.T, c *Channels, b Backend, who *auth.Identity) *Client {
	t.Helper()
	cs := NewClients(c.rules, policy.Limits{}, nil)
	cs.Backend = b
	client, err := cs.Admit("test", netip.Addr{}, who)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		client.Leave()
		cs.Close(context.Background(), "over")
	})
	return client
}

// ask publishes texts together for a client, and has results say what became of each.
func (c *Channels) ask(by *Client, name channel.Name, results []string, texts ...string) {
	var all []websocket.Message
	for _, s := range texts {
		all = append(all, websocket.Message{Type: websocket.Text, Payload: []byte(s)})
	}
	c.Publish(context.Background(), by, hub.NewPublication(name, all...), func(i int, _ broker.Ack, err error) {
		if results[i] != "" {
			panic(fmt.Sprintf("%q is done twice", texts[i]))
		}
		if results[i] = "ok"; err != nil {
			results[i] = err.Error()
		}
	})
}

func TestWhatTheBackendRefusesIsNotPublishedAndWhatItChangesIsPublishedSo(t *testing.T) {
	inChannels(t, func(t *testing.T, c *Channels) {
		by := admitted(t, c, &hookstest.Backend{OnPublish: func(_ context.Context, r *hooks.PublishRequest) (*protocol.Payload, error) {
			switch text := string(r.Data); {
			case r.User != "ada" || r.Edge != "test" || r.Channel != "e" && r.Channel != "kept/a":
				return nil, fmt.Errorf("asked about %+v", r)
			case text == "bad":
				return nil, hookstest.Refuse("rude", "mind your words")
			case strings.HasPrefix(text, "change"):
				instead := protocol.Text("changed")
				return &instead, nil
			}
			return nil, nil
		}}, &auth.Identity{User: "ada"})
		for _, name := range []channel.Name{"e", "kept/a"} {
			to := c.listen(t, name.Pattern(), Start{})
			got := make([]string, 4)
			c.ask(by, name, got, "one", "bad", "change me", "four")
			synctest.Wait()
			if want := []string{"ok", "mind your words", "ok", "ok"}; !slices.Equal(got, want) {
				t.Errorf("%s: got %q, want %q", name, got, want)
			}
			want := []string{"one", "changed", "four"}
			if name == "kept/a" {
				want = append([]string{"live 0"}, want...)
			}
			to.want(t, want...)
		}
	})
}

func TestTheBackendIsAskedOnlyAboutWhatTheChannelTakesAndItsChangesHaveToFitToo(t *testing.T) {
	inChannels(t, func(t *testing.T, c *Channels) {
		var asked atomic.Int32
		by := admitted(t, c, &hookstest.Backend{OnPublish: func(context.Context, *hooks.PublishRequest) (*protocol.Payload, error) {
			asked.Add(1)
			instead := protocol.Text(strings.Repeat("x", 11))
			return &instead, nil
		}}, &auth.Identity{User: "ada"})
		got := make([]string, 2)
		c.ask(by, "small/a", got, "much too long", "short")
		synctest.Wait()
		for i, has := range []string{"the message is larger than the limit of 10 bytes", "the backend has made something of the message that the channel does not take"} {
			if !strings.HasPrefix(got[i], has) {
				t.Errorf("got %q, want %q", got[i], has)
			}
		}
		over := make([]string, 20)
		c.ask(by, "slow/a", over, slices.Repeat([]string{"x"}, 20)...) // ten at once
		synctest.Wait()
		if n := asked.Load(); n != 1+10 {
			t.Errorf("asked %d times", n)
		}
	})
}

func TestABurstIsAskedAboutConcurrentlyAndStaysInOrder(t *testing.T) {
	inChannels(t, func(t *testing.T, c *Channels) {
		var asking, most atomic.Int32
		by := admitted(t, c, &hookstest.Backend{OnPublish: func(_ context.Context, r *hooks.PublishRequest) (*protocol.Payload, error) {
			now := asking.Add(1)
			most.Store(max(most.Load(), now)) // two at the same moment do no harm: the maximum is reached again
			time.Sleep(time.Second)
			asking.Add(-1)
			return nil, nil
		}}, &auth.Identity{User: "ada"})
		to := c.listen(t, "e", Start{})
		began := time.Now()
		var want []string
		for i := range 4 {
			texts := make([]string, 8)
			for j := range texts {
				texts[j] = fmt.Sprint(8*i + j)
			}
			want = append(want, texts...)
			c.ask(by, "e", make([]string, 8), texts...)
		}
		if waited := time.Since(began); waited != 0 {
			t.Errorf("Publish waited %s", waited)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		to.want(t, want...)
		if got := most.Load(); got != maxAsking {
			t.Errorf("asked %d at the same time", got)
		}
	})
}

func TestWhateverTheBackendAnswersAndWhenAChannelHasAClientsMessagesInOrder(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		type said struct {
			channel channel.Name
			texts   []string
		}
		answer := rapid.StringMatching("[okc][0-9]") // publish, refuse or change; after so many milliseconds
		bursts := rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) said {
			return said{rapid.SampledFrom([]channel.Name{"e", "f", "kept/a"}).Draw(rt, "channel"), rapid.SliceOfN(answer, 1, 20).Draw(rt, "texts")}
		}), 1, 12).Draw(rt, "bursts")
		inChannels(t, func(t *testing.T, c *Channels) {
			by := admitted(t, c, &hookstest.Backend{OnPublish: func(_ context.Context, r *hooks.PublishRequest) (*protocol.Payload, error) {
				what, number, _ := strings.Cut(string(r.Data), " ")
				time.Sleep(time.Duration(what[1]-'0') * time.Millisecond)
				switch instead := protocol.Text("changed " + number); what[0] {
				case 'k':
					return nil, hookstest.Refuse("no", "no")
				case 'c':
					return &instead, nil
				}
				return nil, nil
			}}, &auth.Identity{User: "ada"})
			want, listeners, number := map[channel.Name][]string{"kept/a": {"live 0"}}, map[channel.Name]*client{}, 0
			for _, name := range []channel.Name{"e", "f", "kept/a"} {
				listeners[name] = c.listen(t, name.Pattern(), Start{})
			}
			var results [][]string
			for _, b := range bursts {
				for i, text := range b.texts {
					number++
					b.texts[i] = fmt.Sprint(text, " ", number)
					switch text[0] {
					case 'o':
						want[b.channel] = append(want[b.channel], b.texts[i])
					case 'c':
						want[b.channel] = append(want[b.channel], fmt.Sprint("changed ", number))
					}
				}
				results = append(results, make([]string, len(b.texts)))
				c.ask(by, b.channel, results[len(results)-1], b.texts...)
			}
			time.Sleep(time.Second)
			synctest.Wait()
			for name, to := range listeners {
				to.want(t, want[name]...)
			}
			for i, b := range bursts {
				for j, text := range b.texts {
					if result := results[i][j]; (text[0] == 'k') != (result == "no") || result == "" {
						t.Errorf("%q: %q", text, result)
					}
				}
			}
			if left := len(by.line().last); left != 0 {
				t.Errorf("%d channels are still remembered", left)
			}
		})
	})
}

func TestAboutItselfTheBackendIsNotAsked(t *testing.T) {
	inChannels(t, func(t *testing.T, c *Channels) {
		b := &hookstest.Backend{
			OnPublish: func(context.Context, *hooks.PublishRequest) (*protocol.Payload, error) {
				return nil, errors.New("asked about a message")
			},
			OnSubscribe: func(context.Context, *hooks.SubscribeRequest) error { return errors.New("asked about a channel") },
		}
		server := admitted(t, c, b, &auth.Identity{Server: true})
		for _, by := range []*Client{nil, server} {
			got := make([]string, 1)
			if c.ask(by, "e", got, "x"); got[0] != "ok" {
				t.Errorf("got %q", got)
			}
		}
		if err := server.Ask(t.Context(), "e"); err != nil {
			t.Error(err)
		}
	})
}

func TestASingleRequestAndAClientThatCanNotBeToldWaitForTheBackend(t *testing.T) {
	inChannels(t, func(t *testing.T, c *Channels) {
		client := admitted(t, c, &hookstest.Backend{OnPublish: func(context.Context, *hooks.PublishRequest) (*protocol.Payload, error) {
			time.Sleep(time.Second)
			return nil, nil
		}}, &auth.Identity{User: "ada"})
		began, got := time.Now(), make([]string, 1)
		if c.ask(client.clients.Visit("test", netip.Addr{}, new(auth.Identity)), "e", got, "x"); got[0] != "ok" || time.Since(began) != time.Second {
			t.Errorf("got %q after %s", got, time.Since(began))
		}
		began, got = time.Now(), make([]string, 2)
		c.PublishPaced(context.Background(), client, nil, hub.NewPublication("e", websocket.Message{}, websocket.Message{}), func(i int, _ broker.Ack, err error) {
			if got[i] = "ok"; err != nil {
				got[i] = err.Error()
			}
		})
		if !slices.Equal(got, []string{"ok", "ok"}) || time.Since(began) != time.Second {
			t.Errorf("got %q after %s", got, time.Since(began))
		}
	})
}

func TestWhatIsLeftBehindByAClientThatHasGoneIsAskedAboutToo(t *testing.T) {
	inChannels(t, func(t *testing.T, c *Channels) {
		cs := NewClients(c.rules, policy.Limits{}, nil)
		cs.Backend = &hookstest.Backend{OnPublish: func(context.Context, *hooks.PublishRequest) (*protocol.Payload, error) {
			time.Sleep(time.Second)
			return nil, hookstest.Refuse("no", "no")
		}}
		by, err := cs.Admit("test", netip.Addr{}, new(auth.Identity))
		if err != nil {
			t.Fatal(err)
		}
		by.Leave()
		got := make([]string, 1)
		if c.ask(by, "e", got, "its will"); got[0] != "no" {
			t.Errorf("got %q", got)
		}
	})
}

func TestWhatWasSentBeforeAConnectionEndedIsPublishedUnlessTheServerStopsWaiting(t *testing.T) {
	inChannels(t, func(t *testing.T, c *Channels) {
		cs := NewClients(c.rules, policy.Limits{}, nil)
		cs.Backend = &hookstest.Backend{OnPublish: func(ctx context.Context, r *hooks.PublishRequest) (*protocol.Payload, error) {
			select {
			case <-time.After(10 * time.Second):
				return nil, nil
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}}
		var got [2][]string
		for i, before := range []time.Duration{0, 9 * time.Second} {
			got[i] = make([]string, 1)
			by, err := cs.Admit("test", netip.Addr{}, new(auth.Identity))
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(before)
			c.ask(by, "e", got[i], "x")
			by.Leave()
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		began := time.Now()
		cs.Close(ctx, "over")
		if want := [2][]string{{"ok"}, {"context canceled"}}; fmt.Sprint(got) != fmt.Sprint(want) || time.Since(began) != 5*time.Second {
			t.Errorf("got %q after %s", got, time.Since(began))
		}
	})
}
