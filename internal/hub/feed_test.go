package hub_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/hub"
	"github.com/holdfast-dev/holdfast/internal/hub/hubtest"
	"github.com/holdfast-dev/holdfast/websocket"
)

// sink remembers publications, each as its payloads, and what it was told.
type sink struct {
	mu      sync.Mutex // guards what follows
	full    bool
	got     []string
	batches []*websocket.Batch
}

func (s *sink) Deliver(p *hub.Publication) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.full {
		return false
	}
	var all []string
	for _, m := range p.Messages {
		all = append(all, string(m.Payload))
	}
	s.got = append(s.got, strings.Join(all, " "))
	s.batches = append(s.batches, p.Batch())
	return true
}

func (s *sink) tell(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.got = append(s.got, what)
}

func (s *sink) Lost()              { s.tell("lost") }
func (s *sink) Live(offset uint64) { s.tell(fmt.Sprint("live ", offset)) }
func (s *sink) Behind()            { s.tell("behind") }

func (s *sink) want(t *testing.T, want ...string) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Equal(s.got, want) {
		t.Errorf("got %q, want %q", s.got, want)
	}
}

// follow runs a test with a hub that follows a log, where time is fake. Whatever is missed is read from the log.
func follow(t *testing.T, test func(t *testing.T, log *hubtest.Log, f *hub.Feed)) {
	synctest.Test(t, func(t *testing.T) {
		h, log := hub.New(), hubtest.NewLog()
		defer h.Close()
		f, err := h.Follow(t.Context(), log, broker.Retention{Bytes: 1})
		if err != nil {
			t.Fatal(err)
		}
		test(t, log, f)
	})
}

// live makes a live follower.
func live(t *testing.T, f *hub.Feed, p channel.Pattern, s *sink) *hub.Follower {
	t.Helper()
	w := f.Join(p, s)
	if !w.Live(w.Start().Offset) {
		t.Fatal("not live")
	}
	return w
}

func store(log *hubtest.Log, names ...channel.Name) {
	for _, name := range names {
		log.Append(name)
	}
}

func TestWhatComesTogetherLeavesTogetherForEachChannel(t *testing.T) {
	follow(t, func(t *testing.T, log *hubtest.Log, f *hub.Feed) {
		var a, b, all sink
		defer live(t, f, "a", &a).Cancel()
		defer live(t, f, "b", &b).Cancel()
		defer live(t, f, "#", &all).Cancel()
		store(log, "a", "b", "a", "c")
		log.Flow()
		a.want(t, "live 0", "a@1 a@3")
		b.want(t, "live 0", "b@2")
		all.want(t, "live 0", "a@1 b@2 a@3 c@4")
	})
}

func TestOneEncodingServesAChannelAndItsPatterns(t *testing.T) {
	follow(t, func(t *testing.T, log *hubtest.Log, f *hub.Feed) {
		var a, again, all sink
		defer live(t, f, "a", &a).Cancel()
		defer live(t, f, "a", &again).Cancel()
		defer live(t, f, "#", &all).Cancel()
		store(log, "a")
		log.Flow()
		if a.batches[0] != again.batches[0] || a.batches[0] != all.batches[0] {
			t.Error("the message was encoded more than once")
		}
	})
}

func TestAHoleIsFilledFromTheLogBeforeWhatIsBehindIt(t *testing.T) {
	follow(t, func(t *testing.T, log *hubtest.Log, f *hub.Feed) {
		var a, b, all sink
		defer live(t, f, "a", &a).Cancel()
		defer live(t, f, "b", &b).Cancel()
		defer live(t, f, "#", &all).Cancel()
		store(log, "a", "a", "b", "a")
		m := log.Waiting()
		log.Deliver(m[0], m[2], m[3])
		b.want(t, "live 0", "b@3") // not concerned, and does not wait
		synctest.Wait()
		a.want(t, "live 0", "a@1", "a@2 a@4")
		all.want(t, "live 0", "a@1", "a@2 b@3 a@4")
		log.Deliver(m[1], m[3]) // late, and again
		store(log, "a")
		log.Flow()
		a.want(t, "live 0", "a@1", "a@2 a@4", "a@5")
	})
}

func TestAHoleThatCanNotBeFilledIsTold(t *testing.T) {
	follow(t, func(t *testing.T, log *hubtest.Log, f *hub.Feed) {
		var a sink
		store(log, "a")
		log.Flow()
		defer live(t, f, "a", &a).Cancel()
		store(log, "a", "a")
		m := log.Waiting()
		log.Evict(2)
		log.Deliver(m[1])
		synctest.Wait()
		a.want(t, "live 1", "lost", "a@3")
	})
}

func TestTheEndOfALogIsReconciledWithWhatCameLive(t *testing.T) {
	follow(t, func(t *testing.T, log *hubtest.Log, f *hub.Feed) {
		var a, b sink
		store(log, "a")
		log.Flow()
		defer live(t, f, "a", &a).Cancel()
		defer live(t, f, "b", &b).Cancel()
		store(log, "a", "b", "a")
		log.Waiting() // dropped, and nothing follows
		time.Sleep(9 * time.Second)
		a.want(t, "live 1")
		time.Sleep(2 * time.Second)
		synctest.Wait()
		a.want(t, "live 1", "a@2 a@4")
		b.want(t, "live 1", "b@3")
	})
}

// In the empty log, a follower is at offset 0, from where a log can't know what has gone since.
func TestALossSinceTheLogWasEmptyIsTold(t *testing.T) {
	follow(t, func(t *testing.T, log *hubtest.Log, f *hub.Feed) {
		var a sink
		defer live(t, f, "a", &a).Cancel()
		store(log, "a", "a")
		log.Evict(1)
		log.Deliver(log.Waiting()[1])
		synctest.Wait()
		a.want(t, "live 0", "lost", "a@2")
	})
}

func TestAFeedThatIsLateIsNotTakenForOneThatMisses(t *testing.T) {
	follow(t, func(t *testing.T, log *hubtest.Log, f *hub.Feed) {
		var a sink
		defer live(t, f, "a", &a).Cancel()
		store(log, "a", "a", "a")
		late := log.Waiting()
		before := log.Reads()
		time.Sleep(10*time.Second + 20*time.Millisecond) // the ends are compared
		log.Deliver(late[0])
		time.Sleep(time.Second)
		log.Deliver(late[1:]...)
		a.want(t, "live 0", "a@1", "a@2 a@3")
		if reads := log.Reads() - before; reads != 1 {
			t.Errorf("%d reads", reads)
		}
	})
}

func TestAMissedMessageOfAQuietChannelIsFoundSoonAfterAnother(t *testing.T) {
	follow(t, func(t *testing.T, log *hubtest.Log, f *hub.Feed) {
		var a sink
		defer live(t, f, "a", &a).Cancel()
		store(log, "a", "b")
		log.Deliver(log.Waiting()[1])
		time.Sleep(time.Second / 10)
		synctest.Wait()
		a.want(t, "live 0", "a@1")
	})
}

func TestAQuietFeedCostsOneQuestionAnInterval(t *testing.T) {
	follow(t, func(t *testing.T, log *hubtest.Log, f *hub.Feed) {
		for i := range 100 {
			defer live(t, f, channel.Pattern(fmt.Sprint("c", i)), &sink{}).Cancel()
		}
		before := log.Reads()
		time.Sleep(10*time.Minute + time.Second)
		if reads := log.Reads() - before; reads != 60 {
			t.Errorf("%d reads in ten minutes", reads)
		}
	})
}

func TestAFollowerThatTakesNothingHasToCatchUp(t *testing.T) {
	follow(t, func(t *testing.T, log *hubtest.Log, f *hub.Feed) {
		a := sink{full: true}
		w := live(t, f, "a", &a)
		defer w.Cancel()
		store(log, "a", "a")
		log.Flow()
		store(log, "a")
		log.Flow()
		a.want(t, "live 0", "behind")
		page, err := w.Read(t.Context(), 0)
		if err != nil || len(page.Messages) != 3 || page.More {
			t.Fatalf("%+v, %v", page, err)
		}
		a.full = false
		store(log, "a") // between page and live
		log.Flow()
		if !w.Live(page.End) {
			t.Fatal("not live")
		}
		a.want(t, "live 0", "behind", "a@4", "live 4")
	})
}

func TestThoseWhoReadTheSameShareOneRead(t *testing.T) {
	follow(t, func(t *testing.T, log *hubtest.Log, f *hub.Feed) {
		store(log, "a", "a", "a")
		log.Flow()
		before := log.Reads()
		var all sync.WaitGroup
		pages := make([]*hub.Page, 50)
		for i := range pages {
			w := f.Join("a", &sink{})
			defer w.Cancel()
			all.Go(func() {
				var err error
				if pages[i], err = w.Read(t.Context(), 1); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		for _, p := range pages {
			if p.Publication != pages[0].Publication {
				t.Fatal("not shared")
			}
		}
		if reads := log.Reads() - before; reads != 1 {
			t.Errorf("%d reads", reads)
		}
	})
}

func TestAReplicaThatIsBehindIsReadAgain(t *testing.T) {
	follow(t, func(t *testing.T, log *hubtest.Log, f *hub.Feed) {
		var other, a sink
		store(log, "a")
		log.Flow()
		defer live(t, f, "a", &other).Cancel()
		w := f.Join("a", &a)
		defer w.Cancel()
		store(log, "a")
		log.Flow()
		log.SetBehind(1)
		page, err := w.Read(t.Context(), 1)
		if err != nil || page.Publication != nil {
			t.Fatalf("%+v, %v", page, err)
		}
		if w.Live(page.End) {
			t.Fatal("live, though the page lacked what has come live")
		}
		log.SetBehind(0)
		page, err = w.Read(t.Context(), page.End)
		if err != nil || page.Publication == nil || !w.Live(page.End) {
			t.Fatalf("%+v, %v", page, err)
		}
	})
}

// A node that was cut off may be behind for seconds.
func TestWhatAReplicaLacksForSecondsDoesNotCountAsLost(t *testing.T) {
	follow(t, func(t *testing.T, log *hubtest.Log, f *hub.Feed) {
		var a sink
		store(log, "a")
		log.Flow()
		w := f.Join("a", &a)
		defer w.Cancel()
		store(log, "a")
		log.Flow()
		log.SetBehind(1)
		recovered := time.AfterFunc(5*time.Second, func() { log.SetBehind(0) })
		defer recovered.Stop()
		for after := uint64(1); ; {
			page, err := w.Read(t.Context(), after)
			if err != nil {
				t.Fatal(err)
			}
			if after = page.End; w.Live(after) {
				break
			}
		}
		a.want(t, "live 2")
	})
}

func TestAHistoryExistsWhileSomebodyFollowsIt(t *testing.T) {
	follow(t, func(t *testing.T, log *hubtest.Log, f *hub.Feed) {
		var a sink
		w, other := live(t, f, "a", &a), f.Join("a", &sink{})
		if n := f.Followers("a"); n != 2 {
			t.Errorf("%d followers", n)
		}
		w.Cancel()
		w.Cancel()
		other.Cancel()
		if n := f.Followers("a"); n != 0 {
			t.Errorf("%d followers", n)
		}
		store(log, "a")
		log.Flow()
		a.want(t, "live 0")
	})
}

func TestALogThatIsAwayCanNotBeFollowed(t *testing.T) {
	log := hubtest.NewLog()
	log.SetAway(true)
	h := hub.New()
	defer h.Close()
	if _, err := h.Follow(t.Context(), log, broker.Retention{}); err == nil {
		t.Error("no error")
	}
}

// BenchmarkFeed is what one live message costs before it is written, beside Publish of an ephemeral
// one.
func BenchmarkFeed(b *testing.B) {
	for _, n := range []int{1, 1000} {
		b.Run(fmt.Sprint(n, " followers"), func(b *testing.B) {
			h, log := hub.New(), hubtest.NewLog()
			defer h.Close()
			f, err := h.Follow(b.Context(), log, broker.Retention{})
			if err != nil {
				b.Fatal(err)
			}
			for range n {
				w := f.Join("c", nothing{})
				w.Live(w.Start().Offset)
				defer w.Cancel()
			}
			offset := uint64(0)
			b.ReportAllocs()
			for b.Loop() {
				offset++
				m := &broker.Message{Channel: "c", Type: websocket.Text, Payload: []byte("hello"), Offset: offset}
				log.Deliver(broker.Live{Message: m, Previous: offset - 1})
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/follower")
		})
	}
}

type nothing struct{}

func (nothing) Deliver(*hub.Publication) bool { return true }
func (nothing) Lost()                         {}
func (nothing) Live(uint64)                   {}
func (nothing) Behind()                       {}
