package hub_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/hub"
	"github.com/holdfast-dev/holdfast/internal/hub/hubtest"
)

// followKept is follow with what was missed being in memory mostly.
func followKept(t *testing.T, test func(t *testing.T, log *hubtest.Log, f *hub.Feed)) {
	synctest.Test(t, func(t *testing.T) {
		h, log := hub.New(), hubtest.NewLog()
		defer h.Close()
		f, err := h.Follow(t.Context(), log, broker.Retention{})
		if err != nil {
			t.Fatal(err)
		}
		test(t, log, f)
	})
}

// inBoth runs a test with memory of what was live, and without.
func inBoth(t *testing.T, test func(t *testing.T, log *hubtest.Log, f *hub.Feed)) {
	t.Run("from the log", func(t *testing.T) { follow(t, test) })
	t.Run("from memory", func(t *testing.T) { followKept(t, test) })
}

// wantPages reads all that is behind an offset, and checks what there is and whether something is lost.
func wantPages(t *testing.T, f *hub.Feed, p channel.Pattern, after uint64, lost bool, payloads ...string) {
	t.Helper()
	w := f.Join(p, &sink{})
	defer w.Cancel()
	got, told := &sink{}, false
	for more := true; more; {
		page, err := w.Read(t.Context(), after)
		if err != nil {
			t.Fatal(err)
		}
		if page.Publication != nil {
			for _, m := range page.Messages {
				got.got = append(got.got, string(m.Payload))
			}
		}
		after, more, told = page.End, page.More, told || page.Lost
	}
	if told != lost {
		t.Errorf("%s: lost %v, want %v", p, told, lost)
	}
	got.want(t, payloads...)
}

func TestWhoIsLiveGoesOnBehindAPurge(t *testing.T) {
	inBoth(t, func(t *testing.T, log *hubtest.Log, f *hub.Feed) {
		var a, all sink
		defer live(t, f, "a", &a).Cancel()
		defer live(t, f, "#", &all).Cancel()
		store(log, "a", "b")
		log.Flow()
		log.Purge("a")
		store(log, "a")
		log.Flow()
		synctest.Wait()
		a.want(t, "live 0", "a@1", "a@4")
		all.want(t, "live 0", "a@1 b@2", "a@4")
	})
}

func TestWhoComesBackFromBeforeAPurgeIsToldAndGetsNothingOfIt(t *testing.T) {
	inBoth(t, func(t *testing.T, log *hubtest.Log, f *hub.Feed) {
		store(log, "a", "a", "b", "a")
		log.Flow()
		wantPages(t, f, "a", 1, false, "a@2", "a@4") // and it is remembered for the next one
		wantPages(t, f, "#", 1, false, "a@2", "b@3", "a@4")
		log.Purge("a")
		log.Flow()
		wantPages(t, f, "a", 1, true)
		wantPages(t, f, "#", 1, true, "b@3")
		store(log, "a")
		log.Flow()
		wantPages(t, f, "a", 1, true, "a@6")
		wantPages(t, f, "a", 5, false, "a@6")
		wantPages(t, f, "b", 1, false, "b@3")
	})
}

func TestWhoCatchesUpAcrossAPurgeIsTold(t *testing.T) {
	inBoth(t, func(t *testing.T, log *hubtest.Log, f *hub.Feed) {
		store(log, "a")
		log.Flow()
		var s sink
		w := f.Join("a", &s)
		defer w.Cancel()
		page, err := w.Read(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		store(log, "a", "a")
		log.Flow()
		log.Purge("a")
		log.Flow()
		if w.Live(page.End) {
			t.Fatal("it went live across the purge")
		}
		if page, err = w.Read(t.Context(), page.End); err != nil || !page.Lost || page.Publication != nil {
			t.Errorf("%+v, %v", page, err)
		}
		if !w.Live(page.End) {
			t.Error("it does not go live behind the purge")
		}
		store(log, "a")
		log.Flow()
		s.want(t, "live 4", "a@5")
	})
}

func TestAPurgeThatDidNotComeLiveIsFoundOut(t *testing.T) {
	inBoth(t, func(t *testing.T, log *hubtest.Log, f *hub.Feed) {
		store(log, "a", "a")
		log.Flow()
		wantPages(t, f, "a", 1, false, "a@2")
		var s sink
		defer live(t, f, "a", &s).Cancel()
		log.Purge("a")
		log.Waiting() // lost on the way
		time.Sleep(time.Minute)
		wantPages(t, f, "a", 1, true)
		store(log, "a")
		log.Flow()
		synctest.Wait()
		s.want(t, "live 2", "lost", "a@4")
	})
}
