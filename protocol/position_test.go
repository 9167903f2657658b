package protocol

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestPositionsAreReadAsTheyAreWritten(t *testing.T) {
	for _, s := range []string{"0", "1042", "1042:k3f9a2", "9007199254740991:A-z_9", "77:p0q8zz,12:a1b2c3"} {
		got, err := ParsePositions(s)
		if err != nil || got.String() != s {
			t.Errorf("%q is read as %v, %v", s, got, err)
		}
	}
}

func TestWhatIsNoPositionIsRefused(t *testing.T) {
	var many []string
	for i := range MaxPositions + 1 {
		many = append(many, fmt.Sprintf("1:e%d", i))
	}
	if _, err := ParsePositions(strings.Join(many[1:], ",")); err != nil {
		t.Errorf("%d positions are refused: %v", MaxPositions, err)
	}
	for _, s := range []string{
		"", ":", "1:", ":e", "-1:e", "+1:e", "1.0:e", "0x1:e", " 1:e", "1:e ", "1:e:f", "1:é", "1:a.b", "9007199254740992:e", "1:" + strings.Repeat("e", 33),
		",", "1:e,", "1:e,2:e", "1,2", strings.Join(many, ","),
	} {
		if got, err := ParsePositions(s); err == nil {
			t.Errorf("%q is read as %v", s, got)
		}
	}
}

// A client that sets positions as the document says holds, after any sequence of pushes, the newest
// offset of each epoch.
func TestPositionsFollowMessagesLiveAndLost(t *testing.T) {
	epoch := rapid.SampledFrom([]string{"a", "b", "c"})
	rapid.Check(t, func(t *rapid.T) {
		var got Positions
		want := map[string]uint64{}
		for range rapid.IntRange(0, 20).Draw(t, "pushes") {
			p := Position{rapid.Uint64Range(0, MaxWhole).Draw(t, "offset"), epoch.Draw(t, "epoch")}
			if rapid.Bool().Draw(t, "lost") {
				gone := epoch.Draw(t, "gone")
				got = got.Without(Positions{{0, gone}})
				delete(want, gone)
			}
			got = got.Set(p)
			want[p.Epoch] = p.Offset
		}
		if len(got) != len(want) {
			t.Fatalf("got %v; want %v", got, want)
		}
		for epoch, offset := range want {
			if at, ok := got.Offset(epoch); !ok || at != offset {
				t.Fatalf("got %v; want %v", got, want)
			}
		}
		if len(got) > 0 {
			again, err := ParsePositions(got.String())
			if err != nil || !slices.Equal(again, got) {
				t.Fatalf("%v is read as %v, %v", got, again, err)
			}
		}
	})
}
