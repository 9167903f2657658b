package hub

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/hub/hubtest"
)

// What a tail answers is what the log would have answered.
func TestATailAnswersAsTheLogWould(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		log := hubtest.NewLog()
		f := followed(t, log)
		defer f.hub.Close()
		for range rapid.IntRange(0, 60).Draw(t, "stored") {
			name := channel.Name(fmt.Sprint("c/", rapid.IntRange(1, 5).Draw(t, "channel")))
			if rapid.IntRange(0, 9).Draw(t, "purge") == 0 {
				log.Purge(name)
			} else {
				log.Append(name)
			}
			switch rapid.SampledFrom([]string{"flow", "flow", "flow", "flow", "drop", "repeat", "swap"}).Draw(t, "comes") {
			case "flow":
				log.Flow()
			case "drop":
				log.Waiting()
			case "repeat":
				m := log.Waiting()
				log.Deliver(m...)
				log.Deliver(m...)
			case "swap": // it comes late
				m := log.Waiting()
				log.Append("c/1")
				log.Flow()
				log.Deliver(m...)
			}
		}
		log.Append("c/1")
		log.Flow() // which shows whether the one before has come
		stored := len(log.All())
		for range 10 {
			key := pageKey{
				pattern: rapid.SampledFrom([]channel.Pattern{"c/1", "c/2", "c/3", "c/#", "c/+", "#", "d"}).Draw(t, "pattern"),
				after:   uint64(rapid.IntRange(0, stored+1).Draw(t, "after")),
			}
			page, end := f.tail.page(key, f.highest())
			if page == nil {
				continue
			}
			want, err := f.pages.ask(context.Background(), key)
			if err != nil {
				t.Fatal(err)
			}
			if payloads(page) != payloads(want) || page.Lost != want.Lost || page.More || page.End != end || end != uint64(stored) {
				t.Errorf("%s behind %d: %s, end %d, lost %v; the log answers %s, end %d, lost %v",
					key.pattern, key.after, payloads(page), page.End, page.Lost, payloads(want), want.End, want.Lost)
			}
		}
	})
}

// tailOf returns a tail with messages of channels, each of a second.
func tailOf(keeps broker.Retention, names ...channel.Name) *tail {
	t := newTail(keeps)
	for i, name := range names {
		t.add(&broker.Message{Channel: name, Offset: uint64(i + 1), Payload: []byte{'x'}, Time: time.Now().Add(time.Duration(i) * time.Second)})
	}
	return t
}

func TestATailDoesNotAnswerForWhatIsNotKeptAnyMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		few := tailOf(broker.Retention{Count: 2}, "a", "b", "a", "a", "b")
		short := tailOf(broker.Retention{Age: 10 * time.Second}, "a", "a", "a")
		time.Sleep(11 * time.Second) // the first two have expired
		for _, test := range []struct {
			tail    *tail
			pattern channel.Pattern
			after   uint64
			answers bool
		}{
			{few, "a", 0, false},
			{few, "a", 1, true},
			{few, "b", 0, true},
			{few, "#", 0, false},
			{few, "#", 1, true},
			{short, "a", 1, false},
			{short, "a", 2, true},
		} {
			if page, _ := test.tail.page(pageKey{pattern: test.pattern, after: test.after}, 0); (page != nil) != test.answers {
				t.Errorf("%s behind %d of %+v: %+v", test.pattern, test.after, test.tail.keeps, page)
			}
		}
	})
}

func TestATailDoesNotAnswerForWhatHasNotCome(t *testing.T) {
	tail := tailOf(broker.Retention{}, "a", "a")
	for _, test := range []struct{ after, head uint64 }{{3, 0}, {2, 3}} {
		if page, _ := tail.page(pageKey{pattern: "a", after: test.after}, test.head); page != nil {
			t.Errorf("behind %d, with a head of %d: %+v", test.after, test.head, page)
		}
	}
	if page, end := tail.page(pageKey{pattern: "a"}, 3); page == nil || !page.More || page.End != 2 || end != 2 {
		t.Errorf("a part: %+v, %d", page, end)
	}
	if page, _ := newTail(broker.Retention{}).page(pageKey{pattern: "a"}, 0); page != nil {
		t.Errorf("an empty one: %+v", page)
	}
	if page, _ := tail.page(pageKey{pattern: "a", newest: 1}, 0); page != nil {
		t.Errorf("the newest: %+v", page)
	}
}

func TestATailIsBoundedInBytesAndAge(t *testing.T) {
	tail := newTail(broker.Retention{})
	add := func(offset uint64, bytes int, age time.Duration) {
		tail.add(&broker.Message{Channel: channel.Name(fmt.Sprint("c", offset%3)), Offset: offset, Payload: make([]byte, bytes), Time: time.Unix(0, 0).Add(age)})
	}
	for i := range uint64(200) {
		add(i+1, 1<<20, 0)
	}
	if n := len(tail.all); n < 30 || tail.bytes > maxTailBytes || tail.base != uint64(200-n) {
		t.Errorf("%d messages, %d bytes, behind %d", n, tail.bytes, tail.base)
	}
	add(201, 1, 2*maxTailAge)
	if len(tail.all) != 1 || len(tail.channels) != 1 || tail.bytes != messageBytes+1 || tail.base != 200 {
		t.Errorf("%d messages of %d channels, %d bytes, behind %d", len(tail.all), len(tail.channels), tail.bytes, tail.base)
	}
}

func TestWhoWasThereFromTheBeginningIsNotToldOfALossThatATailCanRuleOut(t *testing.T) {
	log := hubtest.NewLog()
	f := followed(t, log)
	defer f.hub.Close()
	for _, name := range []channel.Name{"a", "b"} {
		log.Append(name)
		log.Flow()
	}
	w := f.Join("b", nothing{})
	defer w.Cancel()
	w.resumes = true // as if it had been live in the empty log
	if page, err := w.Read(t.Context(), 0); err != nil || page.Lost || payloads(page) != "[b@2]" {
		t.Errorf("%+v, %v", page, err)
	}
}

type nothing struct{}

func (nothing) Deliver(*Publication) bool { return true }
func (nothing) Lost()                     {}
func (nothing) Live(uint64)               {}
func (nothing) Behind()                   {}

func TestThoseWhoComeBackSoonCostTheLogNothing(t *testing.T) {
	log := hubtest.NewLog()
	f := followed(t, log)
	defer f.hub.Close()
	for i := range 500 {
		log.Append(channel.Name(fmt.Sprint("c", i%50)))
		log.Flow()
	}
	before := log.Reads()
	var all sync.WaitGroup
	for i := range 500 {
		all.Go(func() {
			name := channel.Name(fmt.Sprint("c", i%50))
			page, err := f.pages.read(t.Context(), pageKey{pattern: name.Pattern(), after: uint64(i + 1)}, f.highest())
			if err != nil {
				t.Error(err)
				return
			}
			n := 0
			if page.Publication != nil {
				n = len(page.Messages)
			}
			if n != (499-i)/50 || page.End != 500 {
				t.Errorf("behind %d: %d messages, end %d", i+1, n, page.End)
			}
		})
	}
	all.Wait()
	if n := log.Reads() - before; n > 0 {
		t.Errorf("%d reads", n)
	}
}
