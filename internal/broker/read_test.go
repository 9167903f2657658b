package broker

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/holdfast-dev/holdfast/internal/channel"
)

func TestAReaderGoesThroughAChannelPageByPage(t *testing.T) {
	l := openLog(t, open(t, Config{}), "#", Retention{})
	for i := range 10 {
		put(t, l, "a", fmt.Sprint(i))
		put(t, l, "b", "other")
	}
	var got []string
	pages := 0
	for page := (&Page{More: true}); page.More; pages++ {
		page = read(t, l, "a", page.End.Offset, 3)
		if page.Lost {
			t.Error("nothing is lost")
		}
		got = append(got, payloads(page)...)
	}
	if want := strings.Split("0123456789", ""); !slices.Equal(got, want) || pages != 4 {
		t.Errorf("got %q in %d pages", got, pages)
	}
}

func TestAPageIsBoundedInBytesButHasAtLeastOneMessage(t *testing.T) {
	l := openLog(t, open(t, Config{}), "#", Retention{})
	for range 3 {
		put(t, l, "large", strings.Repeat("x", 1<<20))
	}
	var after uint64
	for i := range 3 {
		page := read(t, l, "large", after, 100)
		if len(page.Messages) != 1 || page.Lost || page.More != (i < 2) {
			t.Fatalf("page %d has %d messages, More %v, Lost %v", i, len(page.Messages), page.More, page.Lost)
		}
		after = page.End.Offset
	}
	for range 100 {
		put(t, l, "small", strings.Repeat("x", 10_000))
	}
	page := read(t, l, "small", 0, 1000)
	if n := len(page.Messages); n < 20 || n > 30 || !page.More {
		t.Errorf("a page has %d messages of 10 kB, More %v", n, page.More)
	}
}

func TestAPatternReadsItsChannelsInTheOrderOfTheLog(t *testing.T) {
	l := openLog(t, open(t, Config{}), "#", Retention{})
	for _, name := range []channel.Name{"sensors/1/temp", "sensors", "sensors/1/humidity", "other", "sensors/2/temp", "sensors/1/temp/raw"} {
		put(t, l, name, string(name))
	}
	for pattern, want := range map[channel.Pattern][]string{
		"sensors/+/temp": {"sensors/1/temp", "sensors/2/temp"},
		"sensors/#":      {"sensors/1/temp", "sensors", "sensors/1/humidity", "sensors/2/temp", "sensors/1/temp/raw"},
		"sensors":        {"sensors"},
		"+":              {"sensors", "other"},
	} {
		if got := payloads(read(t, l, pattern, 0, 100)); !slices.Equal(got, want) {
			t.Errorf("%s reads %q, want %q", pattern, got, want)
		}
		last, err := l.Last(t.Context(), pattern, 2)
		if got := payloads(last); err != nil || !slices.Equal(got, want[max(len(want)-2, 0):]) {
			t.Errorf("the last two of %s are %q, %v", pattern, got, err)
		}
	}
}

func TestThePositionIsTheNewestMessagesOrTheLogsEnd(t *testing.T) {
	l := openLog(t, open(t, Config{}), "#", Retention{})
	position := func(p channel.Pattern) uint64 {
		t.Helper()
		at, err := l.Position(t.Context(), p)
		if err != nil || at.Epoch != l.Epoch() {
			t.Errorf("the position of %s is %v, %v", p, at, err)
		}
		return at.Offset
	}
	if at := position("a"); at != 0 {
		t.Errorf("the position in an empty log is %d", at)
	}
	put(t, l, "a", "1")
	put(t, l, "a/b", "2")
	put(t, l, "c", "3")
	for pattern, want := range map[channel.Pattern]uint64{"a": 1, "a/#": 2, "+": 3, "#": 3, "nobody": 3, "nobody/#": 3} {
		if at := position(pattern); at != want {
			t.Errorf("the position of %s is %d, want %d", pattern, at, want)
		}
	}
}

func TestAnEmptyPageEndsAtTheCurrentPosition(t *testing.T) {
	l := openLog(t, open(t, Config{}), "#", Retention{})
	put(t, l, "a", "1")
	put(t, l, "b", "2")
	for _, at := range []struct {
		pattern channel.Pattern
		after   uint64
		end     uint64
	}{{"a", 1, 1}, {"a", 2, 2}, {"nobody", 0, 2}, {"nobody", 1, 2}, {"nobody/#", 1, 2}, {"#", 2, 2}} {
		page := read(t, l, at.pattern, at.after, 10)
		if len(page.Messages) > 0 || page.More || page.Lost || page.End != l.position(at.end) {
			t.Errorf("%s after %d: %+v, want the end at %d", at.pattern, at.after, page, at.end)
		}
	}
}

func TestTheLastMessagesAreFoundWhereverTheyAre(t *testing.T) {
	l := openLog(t, open(t, Config{}), "#", Retention{})
	var want []string
	for i := range 600 { // "a" is dense at the start and thin at the end
		for range i / 30 {
			put(t, l, "b", "other")
		}
		if i%50 < 40 {
			want = append(want, fmt.Sprint(i))
			put(t, l, "a", fmt.Sprint(i))
		}
	}
	for _, n := range []int{0, 1, 2, 7, 50, 200, 479, 480, 481, 10_000} {
		page, err := l.Last(t.Context(), "a", n)
		if err != nil {
			t.Fatal(err)
		}
		if got := payloads(page); !slices.Equal(got, want[max(len(want)-n, 0):]) || page.More || page.Lost {
			t.Errorf("the last %d: got %d from %q on, More %v, Lost %v", n, len(got), got[:min(1, len(got))], page.More, page.Lost)
		}
		if at, err := l.Position(t.Context(), "a"); err != nil || page.End != at {
			t.Errorf("the last %d end at %v, the channel at %v (%v)", n, page.End, at, err)
		}
	}
	page, err := l.Last(t.Context(), "nobody", 3)
	if err != nil || len(page.Messages) > 0 || page.End.Offset == 0 {
		t.Errorf("the last of an empty channel: %+v, %v", page, err)
	}
}

func TestTheLastOfLargeMessagesComeInPages(t *testing.T) {
	l := openLog(t, open(t, Config{}), "#", Retention{})
	for i := range 20 {
		put(t, l, "a", fmt.Sprint(i)+strings.Repeat(" ", 100_000))
	}
	page, err := l.Last(t.Context(), "a", 7)
	if err != nil {
		t.Fatal(err)
	}
	got := payloads(page)
	for page.More {
		page = read(t, l, "a", page.End.Offset, 7)
		got = append(got, payloads(page)...)
	}
	for i := range got {
		got[i] = strings.TrimSpace(got[i])
	}
	if !slices.Equal(got, []string{"13", "14", "15", "16", "17", "18", "19"}) {
		t.Errorf("got %q", got)
	}
}

func TestManyReadersAtATimeGetTheirOwnAnswers(t *testing.T) {
	l := openLog(t, open(t, Config{}), "#", Retention{})
	for i := range 50 {
		put(t, l, channel.Name(fmt.Sprint("c/", i%10)), fmt.Sprint(i))
	}
	var readers sync.WaitGroup
	for r := range 100 {
		readers.Go(func() {
			c := r % 10
			want := []string{fmt.Sprint(c), fmt.Sprint(c + 10), fmt.Sprint(c + 20), fmt.Sprint(c + 30), fmt.Sprint(c + 40)}
			for range 20 {
				page, err := l.Read(t.Context(), channel.Pattern(fmt.Sprint("c/", c)), 0, 10)
				if err != nil || !slices.Equal(payloads(page), want) {
					t.Errorf("reader of %d got %q, %v", c, payloads(page), err)
				}
			}
		})
	}
	readers.Wait()
}

func TestALogTellsHowMuchItKeeps(t *testing.T) {
	l := openLog(t, open(t, Config{}), "#", Retention{Count: 2})
	for range 3 {
		put(t, l, "a", "x")
	}
	state, err := l.State(t.Context())
	if err != nil || state.Messages != 2 || state.Last != 3 || state.Bytes < 2 {
		t.Errorf("%+v, %v", state, err)
	}
}
