package broker

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/holdfast-dev/holdfast/internal/channel"
)

// wantRead checks what a reader at a position gets.
func wantRead(t *testing.T, l *Log, p channel.Pattern, after uint64, lost bool, want ...string) {
	t.Helper()
	page := read(t, l, p, after, 1000)
	if got := payloads(page); page.Lost != lost || !slices.Equal(got, want) {
		t.Errorf("%s after %d: lost %v, %q; want %v, %q", p, after, page.Lost, got, lost, want)
	}
}

func TestEvictionByCountIsToldToWhomItConcerns(t *testing.T) {
	l := openLog(t, open(t, Config{}), "#", Retention{Count: 3})
	put(t, l, "other", "o") // 1
	for i := 2; i <= 6; i++ {
		put(t, l, "a", fmt.Sprint(i)) // 4, 5 and 6 are kept
	}
	wantRead(t, l, "a", 0, false, "4", "5", "6")
	wantRead(t, l, "a", 1, true, "4", "5", "6")
	wantRead(t, l, "a", 2, true, "4", "5", "6")
	wantRead(t, l, "a", 3, true, "4", "5", "6") // nothing is, but who knows
	wantRead(t, l, "a", 4, false, "5", "6")
	wantRead(t, l, "a", 6, false)
	wantRead(t, l, "other", 1, false)
	wantRead(t, l, "other", 5, false)
	wantRead(t, l, "#", 1, true, "4", "5", "6")
	wantRead(t, l, "#", 4, false, "5", "6")
	wantRead(t, l, "other/#", 1, false)
}

func TestAReaderOfAnEmptyChannelLosesNothingUntilTheChannelIsFull(t *testing.T) {
	l := openLog(t, open(t, Config{}), "#", Retention{Count: 3})
	put(t, l, "other", "1")
	put(t, l, "other", "2")
	at, err := l.Position(t.Context(), "a")
	if err != nil || at.Offset != 2 {
		t.Fatalf("the position is %v, %v", at, err)
	}
	put(t, l, "a", "3")
	put(t, l, "a", "4")
	wantRead(t, l, "a", 2, false, "3", "4")
	put(t, l, "a", "5")
	put(t, l, "a", "6")
	wantRead(t, l, "a", 2, true, "4", "5", "6")
}

func TestAPatternOverAFullChannelIsNotAlarmedByItsNeighbours(t *testing.T) {
	l := openLog(t, open(t, Config{}), "#", Retention{Count: 3})
	for i := 1; i <= 5; i++ {
		put(t, l, "full/a", fmt.Sprint(i)) // 3, 4 and 5 are kept
	}
	for i := 6; i <= 7; i++ {
		put(t, l, "b/"+channel.Name(fmt.Sprint(i)), fmt.Sprint(i))
	}
	wantRead(t, l, "#", 3, false, "4", "5", "6", "7") // as many as may be kept, of several channels
	wantRead(t, l, "#", 2, true, "3", "4", "5", "6", "7")
	wantRead(t, l, "b/#", 2, false, "6", "7")
}

func TestEvictionByBytesIsTold(t *testing.T) {
	l := openLog(t, open(t, Config{}), "#", Retention{Bytes: 50_000})
	payload := strings.Repeat("x", 10_000)
	for range 8 {
		put(t, l, "a", payload)
	}
	first := read(t, l, "a", 0, 100).Messages[0].Offset
	if first < 3 {
		t.Fatalf("the first is %d", first)
	}
	for after, lost := range map[uint64]bool{first - 2: true, first - 1: false, first: false, 8: false, 9: true} {
		if page := read(t, l, "a", after, 100); page.Lost != lost {
			t.Errorf("a after %d (kept from %d on): lost %v", after, first, page.Lost)
		}
		if page := read(t, l, "#", after, 100); page.Lost != lost {
			t.Errorf("# after %d (kept from %d on): lost %v", after, first, page.Lost)
		}
	}
}

func TestEvictionByAgeIsTold(t *testing.T) {
	l := openLog(t, open(t, Config{}), "#", Retention{Age: 200 * time.Millisecond})
	put(t, l, "a", "1")
	put(t, l, "a", "2")
	wantRead(t, l, "a", 1, false, "2")
	eventually(t, "the messages expire", func() bool { return len(read(t, l, "a", 0, 10).Messages) == 0 })
	wantRead(t, l, "a", 0, false)
	wantRead(t, l, "a", 1, true)
	wantRead(t, l, "a", 2, false) // the log's end: nothing came behind it
	wantRead(t, l, "#", 1, true)
	wantRead(t, l, "#", 2, false)
	if at, err := l.Position(t.Context(), "a"); err != nil || at.Offset != 2 {
		t.Errorf("the position of the expired channel is %v, %v", at, err)
	}
}

func TestAPositionBeyondTheEndIsOfAnotherWorld(t *testing.T) {
	l := openLog(t, open(t, Config{}), "#", Retention{})
	put(t, l, "a", "1")
	put(t, l, "b", "2")
	wantRead(t, l, "a", 3, true, "1")
	wantRead(t, l, "#", 3, true, "1", "2")
	wantRead(t, l, "nobody", 3, true)
	if end := read(t, l, "nobody", 3, 10).End; end.Offset != 2 {
		t.Errorf("the page of a position beyond the end ends at %v", end)
	}
	wantRead(t, l, "a", ^uint64(0), true, "1")
}

func TestTheStreamRefusesToHaveMessagesDeleted(t *testing.T) {
	b := open(t, Config{})
	l := openLog(t, b, "#", Retention{})
	put(t, l, "a", "1")
	if _, err := l.api(t.Context(), "STREAM.MSG.DELETE", []byte(`{"seq":1}`)); err == nil {
		t.Error("it is not refused")
	}
	wantRead(t, l, "a", 0, false, "1")
}

func TestRetentionChangesInPlaceAndARaisedCountDoesNotHideWhatWasLostBefore(t *testing.T) {
	b := open(t, Config{})
	l := openLog(t, b, "#", Retention{Count: 2})
	epoch := l.Epoch()
	put(t, l, "other", "1")
	for i := 2; i <= 5; i++ {
		put(t, l, "a", fmt.Sprint(i)) // 4 and 5 are kept
	}
	if again := openLog(t, b, "#", Retention{Count: 100}); again != l || l.Epoch() != epoch {
		t.Error("a change of the retention made another log")
	}
	put(t, l, "a", "6")
	wantRead(t, l, "a", 1, true, "4", "5", "6") // 3 are kept, fewer than 100, and yet some are gone
	wantRead(t, l, "a", 4, false, "5", "6")
	wantRead(t, l, "b", 5, false)
	put(t, l, "b", "7")
	wantRead(t, l, "b", 5, false, "7")
	wantRead(t, l, "#", 1, true, "4", "5", "6", "7")
	wantRead(t, l, "#", 5, false, "6", "7")

	openLog(t, b, "#", Retention{Count: 1})
	wantRead(t, l, "a", 4, true, "6")
	openLog(t, b, "#", Retention{})
	wantRead(t, l, "a", 4, true, "6")
	wantRead(t, l, "a", 6, false)
}

func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("in %s it did not come true that %s", patience, what)
		}
	}
}

// Whatever is stored, evicted and purged, a reader at any position that it can have got from the log gets
// every message behind it, or is told that some are lost. It never gets one that has been purged.
func TestNoGapIsSilent(t *testing.T) {
	b := open(t, Config{})
	logs := 0
	rapid.Check(t, func(t *rapid.T) {
		logs++
		count := rapid.IntRange(0, 4).Draw(t, "count")
		retention := func() Retention {
			return Retention{Count: count, Bytes: rapid.SampledFrom([]int64{0, 0, 2000}).Draw(t, "bytes")}
		}
		l, err := b.Log(context.Background(), fmt.Sprint("log", logs), retention())
		if err != nil {
			t.Fatal(err)
		}
		names := []channel.Name{"a", "b", "b/c"}
		var stored []*Message
		t.Repeat(map[string]func(*rapid.T){
			"append": func(t *rapid.T) {
				for range rapid.IntRange(1, 4).Draw(t, "n") {
					m := text(rapid.SampledFrom(names).Draw(t, "name"), fmt.Sprint(len(stored)+1))
					ack, err := store(l, m)
					if err != nil || ack.Offset != uint64(len(stored)+1) {
						t.Fatalf("%+v, %v", ack, err)
					}
					stored = append(stored, m)
				}
			},
			"purge": func(t *rapid.T) {
				m := mark(rapid.SampledFrom(names).Draw(t, "name"))
				if ack, err := store(l, m); err != nil || ack.Offset != uint64(len(stored)+1) {
					t.Fatalf("%+v, %v", ack, err)
				}
				for i, old := range stored {
					if old.Channel == m.Channel && !old.Purge {
						stored[i] = text(m.Channel, purged)
					}
				}
				stored = append(stored, m)
			},
			"change": func(t *rapid.T) {
				if rapid.IntRange(0, 5).Draw(t, "seldom") > 0 { // it waits for the disk
					return
				}
				count = rapid.IntRange(0, 4).Draw(t, "count")
				if _, err := b.Log(context.Background(), fmt.Sprint("log", logs), retention()); err != nil {
					t.Fatal(err)
				}
			},
			"read": func(t *rapid.T) {
				p := rapid.SampledFrom([]channel.Pattern{"a", "b", "b/c", "d", "b/#", "#", "+"}).Draw(t, "pattern")
				after := rapid.IntRange(1, len(stored)+2).Draw(t, "after")
				page, err := l.Read(context.Background(), p, uint64(after), rapid.IntRange(1, 5).Draw(t, "most"))
				if err != nil {
					t.Fatal(err)
				}
				for _, m := range page.Messages {
					if string(stored[m.Offset-1].Payload) != string(m.Payload) || m.Purge {
						t.Fatalf("%s after %d: got %q, which was purged", p, after, m.Payload)
					}
				}
				if page.Lost {
					return
				}
				if after > len(stored) {
					t.Fatalf("a position beyond the end is not told")
				}
				var want []string
				for i, m := range stored[after:] {
					told := string(m.Payload) != purged || !markedBehind(stored, m.Channel, page.End.Offset)
					if !m.Purge && told && p.Matches(m.Channel) && after+1+i <= int(page.End.Offset) {
						want = append(want, string(m.Payload))
					}
				}
				if got := payloads(page); !slices.Equal(got, want) {
					t.Fatalf("%s after %d: got %q up to %d, want %q", p, after, got, page.End.Offset, want)
				}
			},
		})
	})
}

// markedBehind tells whether a channel has been purged by a mark behind an offset: a later page says so.
func markedBehind(stored []*Message, name channel.Name, offset uint64) bool {
	return slices.ContainsFunc(stored[offset:], func(m *Message) bool { return m.Purge && m.Channel == name })
}
