package hub_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/hub"
	"github.com/holdfast-dev/holdfast/internal/hub/hubtest"
	"github.com/holdfast-dev/holdfast/websocket"
)

type nobody struct{}

func (nobody) Deliver(*hub.Publication) {}
func (nobody) Missed()                  {}

// list returns all pages one after the other.
func list(t rapid.TB, channels func(channel.Pattern, channel.Name, int) ([]hub.Listed, channel.Name), p channel.Pattern, most int) (all []hub.Listed) {
	t.Helper()
	for after, more := channel.Name(""), true; more; {
		page, upTo := channels(p, after, most)
		if len(page) > most {
			t.Fatalf("%d channels on a page of %d", len(page), most)
		}
		all = append(all, page...)
		after, more = upTo, upTo != ""
	}
	return all
}

func TestChannelsWithSubscribersAreListedInOrderOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := hub.New()
		users := map[channel.Name]int{}
		segment := rapid.SampledFrom([]string{"a", "a-b", "ab", "b", "z", "0"})
		for range rapid.IntRange(0, 60).Draw(t, "channels") {
			name := channel.Name(segment.Draw(t, "1"))
			for range rapid.IntRange(0, 2).Draw(t, "depth") {
				name += channel.Name("/" + segment.Draw(t, "2"))
			}
			s := h.Subscribe(name, nobody{})
			if rapid.Bool().Draw(t, "stays") {
				users[name]++
			} else {
				s.Cancel()
			}
		}
		h.SubscribeAll("a/#", nobody{}) // is no channel
		p := rapid.SampledFrom([]channel.Pattern{"#", "a", "a/#", "a/+", "+/b", "+", "a/b/#", "none/#"}).Draw(t, "pattern")
		var want []hub.Listed
		for _, name := range slices.Sorted(maps.Keys(users)) {
			if p.Matches(name) {
				want = append(want, hub.Listed{Name: name, Subscribers: users[name]})
			}
		}
		if got := list(t, h.Channels, p, rapid.IntRange(1, 20).Draw(t, "most")); !slices.Equal(got, want) {
			t.Fatalf("%s: got %v, want %v", p, got, want)
		}
	})
}

func TestALookThroughManyChannelsGoesOnWhereItHasStopped(t *testing.T) {
	h := hub.New()
	for i := range 2500 {
		h.Subscribe(channel.Name(fmt.Sprintf("a/%05d", i)), nobody{})
	}
	h.Subscribe("a/99999/x", nobody{})
	if got := list(t, h.Channels, "a/+/x", 10); len(got) != 1 || got[0].Name != "a/99999/x" {
		t.Errorf("%v", got)
	}
	if got := list(t, h.Channels, "#", 1000); len(got) != 2501 {
		t.Errorf("%d channels", len(got))
	}
	if page, upTo := h.Channels("#", "", 1000); len(page) != 1000 || upTo != "a/00999" {
		t.Errorf("%d channels up to %s", len(page), upTo)
	}
}

func TestChannelsOfALogAreListedWithWhereTheyAre(t *testing.T) {
	follow(t, func(t *testing.T, log *hubtest.Log, f *hub.Feed) {
		w := live(t, f, "a", &sink{})
		defer w.Cancel()
		pattern := live(t, f, "#", &sink{})
		defer pattern.Cancel()
		other := f.Join("b", &sink{})
		store(log, "a", "a")
		log.Flow()
		want := []hub.Listed{{Name: "a", Subscribers: 1, Offset: 2}, {Name: "b", Subscribers: 1, Offset: 0}}
		if got := list(t, f.Channels, "#", 1); !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
		other.Cancel()
		if got := list(t, f.Channels, "#", 10); !slices.Equal(got, want[:1]) {
			t.Errorf("got %v, want %v", got, want[:1])
		}
	})
}

func TestSubscriptionsChannelsAndDeliveriesAreCounted(t *testing.T) {
	h := hub.New()
	defer h.Close()
	log := hubtest.NewLog()
	f, err := h.Follow(t.Context(), log, broker.Retention{})
	if err != nil {
		t.Fatal(err)
	}
	w := live(t, f, "kept", &sink{})
	s := h.Subscribe("a", nobody{})
	h.SubscribeAll("#", nobody{})
	word := websocket.Message{Type: websocket.Text, Payload: []byte("x")}
	h.Publish(hub.NewPublication("a", word, word), nil)
	h.Publish(hub.NewPublication("b", word), nil)
	store(log, "kept")
	log.Flow()
	if got, want := h.Counts(), (hub.Counts{Channels: 2, Subscriptions: 3, Delivered: 6}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	s.Cancel()
	s.Cancel()
	w.Cancel()
	if got, want := h.Counts(), (hub.Counts{Channels: 0, Subscriptions: 1, Delivered: 6}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}
