package protocol

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// MaxEpochBytes is the length of the longest epoch.
const MaxEpochBytes = 32

// Position is a place in a log: behind the message of that offset. Epoch names the incarnation of
// the log; it is empty only where somebody has typed the offset alone, for the current one.
type Position struct {
	Offset uint64 // at most MaxWhole
	Epoch  string
}

// String returns the position as it is sent: "1042:k3f9a2".
func (p Position) String() string {
	if p.Epoch == "" {
		return strconv.FormatUint(p.Offset, 10)
	}
	return strconv.FormatUint(p.Offset, 10) + ":" + p.Epoch
}

// ParsePosition reads what String writes.
func ParsePosition(s string) (Position, error) {
	digits, epoch, hasEpoch := strings.Cut(s, ":")
	offset, err := strconv.ParseUint(digits, 10, 64)
	if err != nil || offset > MaxWhole || digits[0] == '+' || hasEpoch && !isEpoch(epoch) {
		return Position{}, fmt.Errorf("%s is not a position; it looks like 1042:k3f9a2", quote(s))
	}
	return Position{Offset: offset, Epoch: epoch}, nil
}

func isEpoch(s string) bool {
	for _, c := range []byte(s) {
		if !('0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' || c == '_' || c == '-') {
			return false
		}
	}
	return 0 < len(s) && len(s) <= MaxEpochBytes
}

// Positions are those of a subscription: one for a channel, one for each log for a pattern; their
// epochs differ. A client keeps them thus, and sends them in Since when it comes back:
//
//	SubscribeOK   all = all.Only(ok.Position).AdvanceAll(ok.Position)
//	Message       all, ahead = all.Advance(…), if it has an offset; a repeat if not ahead
//	Live          all = all.AdvanceAll(live.Position)
//	Lost          all = all.Without(lost.Since).AdvanceAll(lost.Position)
type Positions []Position

// ParsePositions reads positions separated by commas, at least one and at most MaxPositions.
func ParsePositions(s string) (Positions, error) {
	if n := strings.Count(s, ",") + 1; n > MaxPositions {
		return nil, fmt.Errorf("%d positions are more than %d", n, MaxPositions)
	}
	var all Positions
	for part := range strings.SplitSeq(s, ",") {
		p, err := ParsePosition(part)
		if err != nil {
			return nil, err
		}
		if _, twice := all.Offset(p.Epoch); twice {
			return nil, fmt.Errorf("%s has two positions of the epoch %q; an epoch has one", quote(s), p.Epoch)
		}
		all = append(all, p)
	}
	return all, nil
}

// String returns them as they are sent, separated by commas.
func (all Positions) String() string {
	if len(all) == 1 {
		return all[0].String()
	}
	var b strings.Builder
	for i, p := range all {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(p.String())
	}
	return b.String()
}

// Offset returns the offset in an epoch.
func (all Positions) Offset(epoch string) (offset uint64, ok bool) {
	for _, p := range all {
		if p.Epoch == epoch {
			return p.Offset, true
		}
	}
	return 0, false
}

// Advance returns the positions with the one of p's epoch moved forward or added. ahead is false, and nothing
// has changed, if it was there already: what comes with p is a repeat. It may change them in place.
func (all Positions) Advance(p Position) (moved Positions, ahead bool) {
	for i := range all {
		if all[i].Epoch == p.Epoch {
			ahead = p.Offset > all[i].Offset
			all[i].Offset = max(p.Offset, all[i].Offset)
			return all, ahead
		}
	}
	return append(all, p), true
}

// AdvanceAll is Advance for several.
func (all Positions) AdvanceAll(others Positions) Positions {
	for _, p := range others {
		all, _ = all.Advance(p)
	}
	return all
}

// Only returns the positions of the epochs that others have, too. It may change them in place.
func (all Positions) Only(others Positions) Positions {
	return slices.DeleteFunc(all, func(p Position) bool {
		_, stays := others.Offset(p.Epoch)
		return !stays
	})
}

// Without returns the positions of the epochs that others do not have. It may change them in place.
func (all Positions) Without(others Positions) Positions {
	return slices.DeleteFunc(all, func(p Position) bool {
		_, goes := others.Offset(p.Epoch)
		return goes
	})
}
