package hub

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/websocket"
)

// inbox remembers what it was given.
type inbox struct {
	mu  sync.Mutex
	got []string
}

func (b *inbox) Deliver(p *Publication) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, f := range p.Batch().Frames() {
		b.got = append(b.got, string(f.Payload()))
	}
}

func (b *inbox) Missed() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.got = append(b.got, "(something is missing)")
}

func (b *inbox) messages() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.got)
}

func (b *inbox) want(t rapid.TB, want ...string) {
	t.Helper()
	if got := b.messages(); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func text(name channel.Name, messages ...string) *Publication {
	var all []websocket.Message
	for _, m := range messages {
		all = append(all, websocket.Message{Type: websocket.Text, Payload: []byte(m)})
	}
	return NewPublication(name, all...)
}

func TestAMessageReachesTheSubscribersOfItsChannelOnly(t *testing.T) {
	h := New()
	var a, b, elsewhere inbox
	h.Subscribe("chat/lobby", &a)
	h.Subscribe("chat/lobby", &b)
	h.Subscribe("chat", &elsewhere)
	h.Publish(text("chat/lobby", "hello"), nil)
	h.Publish(text("nobody/here", "lost"), nil)
	a.want(t, "hello")
	b.want(t, "hello")
	elsewhere.want(t)
}

func TestMessagesPublishedTogetherArriveTogetherAndInOrder(t *testing.T) {
	h := New()
	var a inbox
	h.Subscribe("c", &a)
	h.Publish(text("c", "1", "2", "3"), nil)
	a.want(t, "1", "2", "3")
}

func TestASubscriptionCanBeLeftOut(t *testing.T) {
	h := New()
	var sender, other inbox
	sub := h.Subscribe("c", &sender)
	h.Subscribe("c", &other)
	h.Publish(text("c", "1"), sub)
	h.Publish(text("c", "2"), nil)
	sender.want(t, "2")
	other.want(t, "1", "2")
}

func TestASubscriberMaySubscribeTwiceAndGetsEachMessageTwice(t *testing.T) {
	h := New()
	var a inbox
	first := h.Subscribe("c", &a)
	h.Subscribe("c", &a)
	h.Publish(text("c", "1"), nil)
	first.Cancel()
	h.Publish(text("c", "2"), nil)
	a.want(t, "1", "1", "2")
}

func TestACancelledSubscriptionGetsNothingAndCancellingTwiceIsHarmless(t *testing.T) {
	h := New()
	var gone, stays inbox
	sub := h.Subscribe("c", &gone)
	h.Subscribe("c", &stays)
	sub.Cancel()
	sub.Cancel()
	h.Publish(text("c", "1"), nil)
	gone.want(t)
	stays.want(t, "1")
	if n := h.Subscribers("c"); n != 1 {
		t.Errorf("Subscribers = %d, want 1", n)
	}
}

func TestAChannelWithoutSubscribersTakesNoMemory(t *testing.T) {
	h := New()
	for i := range 100 {
		h.Subscribe(channel.Name(fmt.Sprint("c", i)), &inbox{}).Cancel()
	}
	if h.topics.size() != 0 {
		t.Errorf("%d topics are left", h.topics.size())
	}
}

func TestEverySubscriberSeesTheSameOrderFromConcurrentSenders(t *testing.T) {
	h := New()
	boxes := make([]inbox, 5)
	for i := range boxes {
		h.Subscribe("c", &boxes[i])
	}
	var senders sync.WaitGroup
	for s := range 4 {
		senders.Go(func() {
			for i := range 200 {
				h.Publish(text("c", fmt.Sprintf("%d/%03d", s, i)), nil)
			}
		})
	}
	senders.Wait()
	first := boxes[0].messages()
	if len(first) != 800 {
		t.Fatalf("got %d messages, want 800", len(first))
	}
	for i := range boxes {
		boxes[i].want(t, first...)
	}
	for s := range 4 { // in order per sender
		var own []string
		for _, m := range first {
			if m[0] == byte('0'+s) {
				own = append(own, m)
			}
		}
		if !slices.IsSorted(own) {
			t.Errorf("sender %d's messages are out of order", s)
		}
	}
}

func TestComingAndGoingDuringAFanOutIsSafe(t *testing.T) {
	h := New()
	var stays inbox
	h.Subscribe("c", &stays)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 300 {
				h.Subscribe("c", &inbox{}).Cancel()
			}
		})
		all.Go(func() {
			for range 300 {
				h.Publish(text("c", "x"), nil)
			}
		})
	}
	all.Wait()
	if got := len(stays.messages()); got != 1200 {
		t.Errorf("the one that stayed got %d messages, want 1200", got)
	}
	if n := h.Subscribers("c"); n != 1 {
		t.Errorf("Subscribers = %d, want 1", n)
	}
}

// The hub agrees with a list of who is subscribed to what, whatever is done to it.
func TestTheHubAgreesWithASimpleModel(t *testing.T) {
	names := []channel.Name{"a", "b", "c/d"}
	rapid.Check(t, func(t *rapid.T) {
		type member struct {
			sub  *Subscription
			box  *inbox
			name channel.Name
			want []string
		}
		h := New()
		var members []*member
		count := 0
		t.Repeat(map[string]func(*rapid.T){
			"subscribe": func(t *rapid.T) {
				m := &member{box: &inbox{}, name: rapid.SampledFrom(names).Draw(t, "name")}
				m.sub = h.Subscribe(m.name, m.box)
				members = append(members, m)
			},
			"cancel": func(t *rapid.T) {
				if len(members) == 0 {
					t.Skip("nobody to cancel")
				}
				i := rapid.IntRange(0, len(members)-1).Draw(t, "who")
				members[i].sub.Cancel()
				members[i].box.want(t, members[i].want...)
				members = slices.Delete(members, i, i+1)
			},
			"publish": func(t *rapid.T) {
				name := rapid.SampledFrom(names).Draw(t, "name")
				var except *Subscription
				if len(members) > 0 && rapid.Bool().Draw(t, "leave one out") {
					except = rapid.SampledFrom(members).Draw(t, "except").sub
				}
				count++
				payload := fmt.Sprint(count)
				h.Publish(text(name, payload), except)
				for _, m := range members {
					if m.name == name && m.sub != except {
						m.want = append(m.want, payload)
					}
				}
			},
			"": func(t *rapid.T) {
				for _, m := range members {
					m.box.want(t, m.want...)
				}
				for _, name := range names {
					want := 0
					for _, m := range members {
						if m.name == name {
							want++
						}
					}
					if got := h.Subscribers(name); got != want {
						t.Fatalf("Subscribers(%q) = %d, want %d", name, got, want)
					}
				}
			},
		})
	})
}

// BenchmarkFanOut measures the hub alone: what a publication costs per subscriber besides writing.
func BenchmarkFanOut(b *testing.B) {
	for _, n := range []int{1, 100, 10_000} {
		b.Run(fmt.Sprint(n, " subscribers"), func(b *testing.B) {
			h := New()
			for range n {
				h.Subscribe("c", discard{})
			}
			m := text("c", "hello")
			b.ReportAllocs()
			for b.Loop() {
				h.Publish(m, nil)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/subscriber")
		})
	}
}

type discard struct{}

func (discard) Deliver(*Publication) {}
func (discard) Missed()              {}
