package hub

import "slices"

// gap is a range of offsets that did not come by the live feed.
type gap struct {
	first, last uint64
	reads       int // how often it has been read from the log
}

// gaps are in ascending order and do not touch. They are never changed in place, so that a copy of
// the slice stays true while it is used without a lock.
type gaps []gap

// maxGaps bounds how many are told apart. Beyond, the two oldest become one that covers what is
// between them: more is read from the log than was missed.
const maxGaps = 64

// within tells whether any offset between after and before, both excluded, is missing.
func (gs gaps) within(after, before uint64) bool {
	for i := len(gs) - 1; i >= 0; i-- { // the newest is nearly always the one that counts
		if g := gs[i]; g.last > after {
			if g.first < before {
				return true
			}
		} else {
			return false
		}
	}
	return false
}

// with returns gs and one more gap behind all others.
func (gs gaps) with(g gap) gaps {
	all := append(slices.Clone(gs), g)
	if len(all) > maxGaps {
		all[1].first, all[1].reads = all[0].first, min(all[0].reads, all[1].reads)
		all = all[1:]
	}
	return all
}

// without returns gs without a gap that has been filled.
func (gs gaps) without(filled gap) gaps {
	return slices.DeleteFunc(slices.Clone(gs), func(g gap) bool {
		return g.first == filled.first && g.last == filled.last
	})
}

// read returns gs with one read of a gap counted.
func (gs gaps) read(seen gap) gaps {
	all := slices.Clone(gs)
	for i := range all {
		if all[i].first == seen.first && all[i].last == seen.last {
			all[i].reads++
		}
	}
	return all
}
