package check

import (
	"compress/gzip"
	"errors"
	"iter"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/holdfast-dev/holdfast/test/storm/record"
)

func yielding(all []record.Record) iter.Seq2[record.Record, error] {
	return func(yield func(record.Record, error) bool) {
		for _, r := range all {
			if !yield(r, nil) {
				return
			}
		}
	}
}

func judge(t rapid.TB, all []record.Record) *Verdict {
	t.Helper()
	v, err := Run(yielding(all), DefaultBounds())
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// goodWorld is the same at each call.
func goodWorld() []record.Record {
	chance := rand.New(rand.NewPCG(7, 7))
	return makeWorld(300, func(_ string, below int) int { return chance.IntN(below) })
}

func TestRecordsOfAStormInWhichEveryPromiseWasKeptPass(t *testing.T) {
	v := judge(t, goodWorld())
	if !v.Clean() || v.Delivered != v.Owed || v.Ephemeral == 0 || v.Rosters == 0 || v.Repeats == 0 {
		t.Errorf("%v", v)
	}
}

// recorded is what a storm has written in which every promise was kept: a cluster of three nodes, 20 subscribers, kills and
// resets. One message is made one that was not acknowledged.
func recorded(t *testing.T) (all []record.Record) {
	t.Helper()
	file, err := os.Open("testdata/storm.jsonl.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	lines, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	for r, err := range record.Read(lines) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, r)
	}
	if v := judge(t, all); !v.Clean() || v.Delivered < 500 {
		t.Fatalf("%v", v)
	}
	s := storyOf(all)
	got := all[slices.IndexFunc(all, func(r record.Record) bool { return r.What == record.Got && s.stored[r.ID] })]
	return slices.DeleteFunc(all, func(r record.Record) bool { return r.What == record.Ack && r.ID == got.ID })
}

func TestEachKindOfViolationIsFoundByItsName(t *testing.T) {
	for name, all := range map[string][]record.Record{"made up": goodWorld(), "recorded": recorded(t)} {
		if v := judge(t, all); !v.Clean() {
			t.Errorf("%s, before anything is planted:\n%v", name, v)
		}
		s := storyOf(all)
		for _, p := range plants {
			t.Run(name+": "+p.title, func(t *testing.T) {
				chance := rand.New(rand.NewPCG(1, 2))
				for range 5 {
					if v := judge(t, p.plant(s, chance.IntN)); v.Counts[p.name] == 0 {
						t.Fatalf("not found, or under another name:\n%v", v)
					}
				}
			})
		}
	}
}

func TestEveryPromiseIsBrokenOnPurpose(t *testing.T) {
	found := map[Name]bool{}
	for _, p := range plants {
		found[p.name] = true
	}
	for _, name := range Names() {
		if !found[name] {
			t.Errorf("nobody plants %q", name)
		}
	}
}

func TestWhateverHappensKeptPromisesPassAndABrokenOneIsFound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := someWorld(t)
		if v := judge(t, all); !v.Clean() {
			t.Fatalf("every promise was kept, but:\n%v", v)
		}
		p := plants[rapid.IntRange(0, len(plants)-1).Draw(t, "plant")]
		planted := p.plant(storyOf(all), func(below int) int { return rapid.IntRange(0, below-1).Draw(t, "place") })
		if v := judge(t, planted); v.Counts[p.name] == 0 {
			t.Fatalf("%s, and it was not found:\n%v", p.title, v)
		}
	})
}

func TestTheSameRecordsGiveTheSameVerdict(t *testing.T) {
	all := goodWorld()
	for _, p := range plants {
		planted := p.plant(storyOf(all), rand.New(rand.NewPCG(3, 4)).IntN)
		if first, second := judge(t, planted), judge(t, planted); !reflect.DeepEqual(first, second) {
			t.Errorf("%s:\n%v\n%v", p.title, first, second)
		}
	}
}

func TestAStormInWhichNothingHappenedIsNotClean(t *testing.T) {
	if v := judge(t, nil); v.Clean() {
		t.Errorf("%v", v)
	}
}

func TestRecordsThatCanNotBeReadGiveNoVerdict(t *testing.T) {
	_, err := Run(record.Read(strings.NewReader("{\"at\":1,\"what\":\"send\"}\n{\"at\":")), DefaultBounds())
	if err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("%v", err)
	}
	broken := errors.New("broken")
	if _, err := Run(func(yield func(record.Record, error) bool) { yield(record.Record{}, broken) }, DefaultBounds()); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
}

func TestARosterOfANodeThatHadAFaultMayBeOldForAMoment(t *testing.T) {
	there := func(at record.Time, names ...string) record.Record {
		return record.Record{At: at, What: record.Roster, Node: "n1", Channel: "storm/a", Names: names}
	}
	past := []record.Record{
		{At: 1, What: record.Here, Who: "ada", Channel: "storm/a"},
		{At: 2_000_000, What: record.Fault, Node: "n1", Kind: "pause", Until: 6_000_000},
		{At: 5_000_000, What: record.Gone, Who: "ada", Channel: "storm/a"},
	}
	for at, ghosts := range map[record.Time]int{15_000_000: 0, 17_000_000: 1} {
		if v := judge(t, append(past[:3:3], there(at, "ada"))); v.Counts[Ghost] != ghosts {
			t.Errorf("at %d: %v", at, v)
		}
	}
}

func TestAMessageThatItsPublisherHasGivenUpMayComeBehindTheNext(t *testing.T) {
	late := func(failed bool) []record.Record {
		all := []record.Record{{What: record.Channel, Channel: "storm/a", Kept: true}, {What: record.Channel, Channel: "calm/a"},
			{What: record.Join, Who: "x", Kind: record.Go, Channel: "calm/a"}}
		for _, channel := range []string{"storm/a", "calm/a"} {
			all = append(all,
				record.Record{What: record.Send, Who: "p", Channel: channel, ID: channel + "1", Sum: 1, Ordered: true},
				record.Record{What: record.Send, Who: "p", Channel: channel, ID: channel + "2", Sum: 1, Ordered: true})
			if failed {
				all = append(all, record.Record{What: record.Failed, Who: "p", Channel: channel, ID: channel + "1"})
			}
		}
		for i, id := range []string{"2", "1"} {
			all = append(all,
				record.Record{What: record.Stored, Channel: "storm/a", ID: "storm/a" + id, Offset: uint64(i + 1), Sum: 1},
				record.Record{What: record.Got, Who: "x", Channel: "calm/a", ID: "calm/a" + id, Sum: 1})
		}
		return all
	}
	if v := judge(t, late(true)); len(v.Counts) > 0 {
		t.Errorf("%v", v)
	}
	if v := judge(t, late(false)); v.Counts[Misordered] != 2 {
		t.Errorf("%v", v)
	}
}
