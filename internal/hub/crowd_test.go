package hub

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"

	"pgregory.net/rapid"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/hub/hubtest"
)

// followed returns a feed of a log. Close its hub.
func followed(t rapid.TB, log *hubtest.Log) *Feed {
	t.Helper()
	f, err := New().Follow(context.Background(), log, broker.Retention{})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// payloads returns what a page holds.
func payloads(p *Page) string {
	if p.Publication == nil {
		return "[]"
	}
	var all []string
	for _, m := range p.Messages {
		all = append(all, string(m.Payload))
	}
	return fmt.Sprint(all)
}

// What a sweep finds for an asker is what the log would have answered, without anything lost.
func TestASweepFindsWhatTheLogWouldAnswer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		log := hubtest.NewLog()
		names := rapid.IntRange(1, 8).Draw(t, "channels")
		stored := rapid.IntRange(0, 60).Draw(t, "stored")
		for range stored {
			log.Append(channel.Name(fmt.Sprint("c", rapid.IntRange(1, names).Draw(t, "channel"))))
		}
		evicted := rapid.SliceOfN(rapid.IntRange(1, 60), 0, 3).Draw(t, "evicted")
		for _, offset := range evicted {
			log.Evict(uint64(offset))
		}
		log.PageMessages = rapid.IntRange(1, 20).Draw(t, "page")
		f := followed(t, log)
		defer f.hub.Close()
		var askers []*asker
		for range rapid.IntRange(minCrowd, 2*minCrowd).Draw(t, "askers") {
			name := channel.Name(fmt.Sprint("c", rapid.IntRange(1, names).Draw(t, "of")))
			askers = append(askers, &asker{key: pageKey{pattern: name.Pattern(), after: uint64(rapid.IntRange(0, stored).Draw(t, "after"))}})
		}
		if err := f.pages.sweep(context.Background(), askers); err != nil {
			t.Fatal(err)
		}
		log.PageMessages = 0
		for _, a := range askers {
			if a.page == nil {
				if len(evicted) == 0 {
					t.Errorf("nothing was found for %s behind %d", a.key.pattern, a.key.after)
				}
				continue
			}
			want, err := f.pages.ask(context.Background(), a.key)
			if err != nil {
				t.Fatal(err)
			}
			if payloads(a.page) != payloads(want) || want.Lost || a.page.Lost || a.page.More || a.page.End < want.End {
				t.Errorf("%s behind %d: found %s, end %d; the log answers %s, end %d, lost %v",
					a.key.pattern, a.key.after, payloads(a.page), a.page.End, payloads(want), want.End, want.Lost)
			}
		}
	})
}

func TestAPageOfASweepIsBounded(t *testing.T) {
	log := hubtest.NewLog()
	for range maxPageMessages + 5 {
		log.Append("a")
	}
	f := followed(t, log)
	defer f.hub.Close()
	var askers []*asker
	for range minCrowd {
		askers = append(askers, &asker{key: pageKey{pattern: "a"}})
	}
	if err := f.pages.sweep(context.Background(), askers); err != nil {
		t.Fatal(err)
	}
	for _, a := range askers {
		if len(a.page.Messages) != maxPageMessages || !a.page.More || a.page.End != maxPageMessages {
			t.Errorf("%d messages, more %v, end %d", len(a.page.Messages), a.page.More, a.page.End)
		}
	}
}

func TestThoseFarBehindAndThoseOfPatternsAskTheLogThemselves(t *testing.T) {
	single := func(after uint64) *asker { return &asker{key: pageKey{pattern: "a", after: after}} }
	askers := []*asker{single(1), single(9_000), single(10_000), single(10_001), single(9_999),
		{key: pageKey{pattern: "a/#", after: 9_000}}, {key: pageKey{pattern: "a", newest: 3}}}
	var got []uint64
	for _, a := range sweepable(askers, 10_000) {
		got = append(got, a.key.after)
	}
	if fmt.Sprint(got) != "[10000 9999]" {
		t.Errorf("swept behind %v", got)
	}
}

func TestACrowdThatComesBackIsServedByFewReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const crowd = 500
		log := hubtest.NewLog()
		for i := range 3 * crowd {
			log.Append(channel.Name(fmt.Sprint("c", i%crowd)))
		}
		f := followed(t, log)
		defer f.hub.Close()
		for range maxReads { // keep all turns until everybody waits
			f.pages.turns <- struct{}{}
		}
		var all sync.WaitGroup
		for i := range crowd {
			all.Go(func() {
				name := channel.Name(fmt.Sprint("c", i))
				page, err := f.pages.read(t.Context(), pageKey{pattern: name.Pattern(), after: uint64(i + 1)}, f.highest())
				if err != nil {
					t.Error(err)
					return
				}
				if want := fmt.Sprintf("[%[1]s@%[2]d %[1]s@%[3]d]", name, i+1+crowd, i+1+2*crowd); payloads(page) != want {
					t.Errorf("got %s, want %s", payloads(page), want)
				}
			})
		}
		synctest.Wait()
		before := log.Reads()
		for range maxReads {
			<-f.pages.turns
		}
		all.Wait()
		if n := log.Reads() - before; n > crowd/10 {
			t.Errorf("%d reads for a crowd of %d", n, crowd)
		}
	})
}
