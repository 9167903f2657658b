package protocol

import (
	"fmt"
	"maps"
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

// Whatever is pushed, repeated or not, a client that keeps positions as the document says lets each message through once,
// in order, and is where the furthest push has taken it.
func TestPositionsFollowWhatIsPushed(t *testing.T) {
	epoch := rapid.SampledFrom([]string{"a", "b", "c"})
	position := rapid.Custom(func(t *rapid.T) Position {
		return Position{rapid.Uint64Range(0, 20).Draw(t, "offset"), epoch.Draw(t, "epoch")}
	})
	rapid.Check(t, func(t *rapid.T) {
		var got Positions
		want := map[string]uint64{}
		forward := func(p Position) {
			if at, known := want[p.Epoch]; !known || p.Offset > at {
				want[p.Epoch] = p.Offset
			}
		}
		for range rapid.IntRange(0, 20).Draw(t, "pushes") {
			p := position.Draw(t, "position")
			switch rapid.SampledFrom([]string{"ok", "message", "live", "lost"}).Draw(t, "push") {
			case "ok":
				got = got.Only(Positions{p}).AdvanceAll(Positions{p})
				maps.DeleteFunc(want, func(epoch string, _ uint64) bool { return epoch != p.Epoch })
			case "message":
				at, known := want[p.Epoch]
				var ahead bool
				if got, ahead = got.Advance(p); ahead != (!known || p.Offset > at) {
					t.Fatalf("%v after %d is ahead: %t", p, at, ahead)
				}
			case "live":
				got = got.AdvanceAll(Positions{p})
			case "lost":
				gone := epoch.Draw(t, "gone")
				got = got.Without(Positions{{0, gone}}).AdvanceAll(Positions{p})
				delete(want, gone)
			}
			forward(p)
		}
		for epoch, offset := range want {
			if at, ok := got.Offset(epoch); !ok || at != offset || len(got) != len(want) {
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
