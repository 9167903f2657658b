package check

import (
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/holdfast-dev/holdfast/test/storm/record"
)

// Run judges the records of a storm. Its error is the one that the records end with.
func Run(records iter.Seq2[record.Record, error], b Bounds) (*Verdict, error) {
	m, err := read(records)
	if err != nil {
		return nil, err
	}
	v := &Verdict{Failed: m.failed}
	m.checkHistory(v)
	for _, key := range sortedPairs(m.subs) {
		s := m.subs[key]
		v.Subscribers++
		if m.kept[s.channel] || isPattern(s.channel) {
			m.checkSubscription(v, s)
		} else {
			checkEphemeral(v, m, s)
		}
	}
	m.checkPages(v)
	m.checkPresence(v, b)
	m.checkUsage(v, b)
	return v, nil
}

func sortedPairs[V any](m map[[2]string]V) [][2]string {
	return slices.SortedFunc(maps.Keys(m), func(a, b [2]string) int {
		if c := strings.Compare(a[0], b[0]); c != 0 {
			return c
		}
		return strings.Compare(a[1], b[1])
	})
}

// isPattern tells a pattern, which ends with /#, from a channel.
func isPattern(name string) bool { return strings.HasSuffix(name, "/#") }

func matches(pattern, channel string) bool {
	above, is := strings.CutSuffix(pattern, "#")
	return is && strings.HasPrefix(channel, above)
}

// checkHistory compares what is stored with what was sent and acknowledged.
func (m *model) checkHistory(v *Verdict) {
	for _, id := range sortedKeys(m.messages) {
		p := m.messages[id]
		if p.sent {
			v.Sent++
		}
		if !p.acked {
			continue
		}
		v.Acked++
		switch {
		case !m.kept[p.channel]:
		case !p.stored:
			v.add(AckWithoutStore, p.publisher, p.channel, "%s was acknowledged at offset %d and is not in the history", id, p.ackedAt.offset)
		case p.ackedAt != p.storedAt:
			v.add(StoredElsewhere, p.publisher, p.channel, "%s was acknowledged at %v and is at %v", id, p.ackedAt, p.storedAt)
		}
	}
	taken := map[place]*message{}
	for _, channel := range sortedKeys(m.stored) {
		newest := map[string]*message{} // by publisher
		for _, e := range m.stored[channel] {
			v.Stored++
			m.checkEntry(v, channel, e)
			if other := taken[e.place]; other != nil && other != e.message {
				v.add(OffsetTwice, "", channel, "%s and %s are both at %v", other.id, e.message.id, e.place)
			}
			taken[e.place] = e.message
			p := e.message
			if p.failed {
				continue // it was given up, and the next was sent
			}
			if before := newest[p.publisher]; p.ordered && before != nil && before.number > p.number {
				v.add(Misordered, p.publisher, channel, "%s is stored behind %s", p.id, before.id)
			}
			newest[p.publisher] = p
		}
	}
}

func (m *model) checkEntry(v *Verdict, channel string, e entry) {
	p := e.message
	switch {
	case !p.sent || p.channel != channel:
		v.add(Foreign, "", channel, "%q is in the history and was not sent there", p.id)
	case e.sum != p.sum:
		v.add(Altered, p.publisher, channel, "%s is in the history as something else", p.id)
	}
	if e.place != p.storedAt {
		v.add(StoredTwice, p.publisher, channel, "%s is at %v and at %v", p.id, p.storedAt, e.place)
	}
}

// checkPages checks that what was read of a history meanwhile is the history, without holes.
func (m *model) checkPages(v *Verdict) {
	for _, page := range m.pages {
		if len(page.Offsets) == 0 {
			continue
		}
		first, last := page.Offsets[0], page.Offsets[len(page.Offsets)-1]
		var want []uint64
		for _, e := range m.stored[page.Channel] {
			if e.epoch == page.Epoch && e.offset >= first && e.offset <= last {
				want = append(want, e.offset)
			}
		}
		switch {
		case slices.Equal(page.Offsets, want):
		case !slices.IsSorted(page.Offsets):
			v.add(Misordered, page.Who, page.Channel, "a page of the history, from %d to %d, is not in order", first, last)
		case len(page.Offsets) < len(want):
			v.add(SilentGap, page.Who, page.Channel, "a page of the history, from %d to %d, has %d messages of %d", first, last, len(page.Offsets), len(want))
		default:
			v.add(Foreign, page.Who, page.Channel, "a page of the history, from %d to %d, has %d messages, %d more than there are", first, last, len(page.Offsets), len(page.Offsets)-len(want))
		}
	}
}
