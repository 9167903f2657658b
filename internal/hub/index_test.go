package hub

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/holdfast-dev/holdfast/internal/channel"
)

// The index finds what asking every pattern would find, whatever has been put in and taken out.
func TestTheIndexAgreesWithAskingEveryPattern(t *testing.T) {
	segment := rapid.SampledFrom([]string{"a", "b", "c", "+"})
	rapid.Check(t, func(t *rapid.T) {
		var x index[channel.Pattern]
		kept := map[channel.Pattern]bool{}
		pattern := func() channel.Pattern {
			p := channel.Pattern(rapid.SampledFrom([]string{"#", "+", "a", "b"}).Draw(t, "first"))
			if p == "#" {
				return p
			}
			for _, s := range rapid.SliceOfN(segment, 0, 3).Draw(t, "segments") {
				p += channel.Pattern("/" + s)
			}
			if rapid.Bool().Draw(t, "all below") {
				p += "/#"
			}
			return p
		}
		for range rapid.IntRange(0, 30).Draw(t, "steps") {
			p := pattern()
			if kept[p] {
				x.remove(p)
				delete(kept, p)
			} else {
				x.put(p, p)
				kept[p] = true
			}
			if _, ok := x.get(p); ok != kept[p] {
				t.Fatalf("get(%q) = %v", p, ok)
			}
			name := channel.Name(rapid.SampledFrom([]string{"a", "b", "a/b", "a/c", "b/a/c", "a/b/c/a"}).Draw(t, "name"))
			var want []channel.Pattern
			for p := range kept {
				if p.Matches(name) {
					want = append(want, p)
				}
			}
			got := x.match(nil, name)
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Fatalf("match(%q) = %q, want %q", name, got, want)
			}
		}
		for p := range kept {
			x.remove(p)
		}
		if x.size() != 0 || len(x.wild.below) != 0 {
			t.Fatal("the empty index holds something")
		}
	})
}

func TestASubscriptionToAPatternGetsTheMessagesOfItsChannels(t *testing.T) {
	h := New()
	var all, one inbox
	sub := h.SubscribeAll("sensors/+/temp", &all)
	h.Subscribe("sensors/1/temp", &one)
	h.Publish(text("sensors/1/temp", "20"), nil)
	h.Publish(text("sensors/2/temp", "21"), nil)
	h.Publish(text("sensors/2/humidity", "60"), nil)
	all.want(t, "20", "21")
	one.want(t, "20")
	sub.Cancel()
	h.Publish(text("sensors/2/temp", "22"), nil)
	all.want(t, "20", "21")
}

// size returns how many patterns are in the index.
func (x *index[T]) size() int {
	return len(x.exact) + x.wild.size()
}

func (n *node[T]) size() int {
	total := 0
	if n.set {
		total = 1
	}
	for _, next := range n.below {
		total += next.size()
	}
	return total
}

// BenchmarkMatch shows what finding the subscribers costs beside many channels and patterns.
func BenchmarkMatch(b *testing.B) {
	for _, others := range []int{0, 1000, 100_000} {
		b.Run(fmt.Sprint(others, " others"), func(b *testing.B) {
			h := New()
			h.Subscribe("chat/lobby", discard{})
			h.SubscribeAll("chat/#", discard{})
			for i := range others {
				h.Subscribe(channel.Name(fmt.Sprint("rooms/", i)), discard{})
				h.SubscribeAll(channel.Pattern(fmt.Sprint("sensors/", i, "/#")), discard{})
			}
			p := text("chat/lobby", "hello")
			b.ReportAllocs()
			for b.Loop() {
				h.Publish(p, nil)
			}
		})
	}
}

// BenchmarkPublication is what one message costs before it is fanned out.
func BenchmarkPublication(b *testing.B) {
	h := New()
	h.Subscribe("c", discard{})
	b.ReportAllocs()
	for b.Loop() {
		h.Publish(text("c", "a message of some length, as people write them"), nil)
	}
}
