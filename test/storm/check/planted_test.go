package check

import (
	"slices"

	"github.com/holdfast-dev/holdfast/test/storm/record"
)

// plant breaks one promise in records of a storm where all were kept, and returns the records of that. pick draws the place, a
// number from 0.
type plant func(s *story, pick func(below int) int) []record.Record

// story is the records of a storm, with what is asked of them often.
type story struct {
	all    []record.Record
	sent   map[string]*record.Record // by id
	acked  map[string]bool
	stored map[string]bool
	kinds  map[[2]string]string // of subscribers, by name and channel
}

func storyOf(all []record.Record) *story {
	s := &story{all: all, sent: map[string]*record.Record{}, acked: map[string]bool{}, stored: map[string]bool{}, kinds: map[[2]string]string{}}
	for i := range all {
		switch r := &all[i]; r.What {
		case record.Send:
			s.sent[r.ID] = r
		case record.Ack:
			s.acked[r.ID] = true
		case record.Stored:
			s.stored[r.ID] = true
		case record.Join:
			s.kinds[[2]string{r.Who, r.Channel}] = r.Kind
		}
	}
	return s
}

// plants is what the checker must find, by the name by which it must find it.
var plants = []struct {
	name  Name
	title string
	plant plant
}{
	{Lost, "an acknowledged message does not come", func(s *story, pick func(int) int) []record.Record {
		return s.without(s.one(pick, func(r *record.Record) bool { return r.What == record.Got && s.acked[r.ID] && s.stored[r.ID] }))
	}},
	{SilentGap, "a message that is stored and was not acknowledged does not come", func(s *story, pick func(int) int) []record.Record {
		return s.without(s.one(pick, func(r *record.Record) bool { return r.What == record.Got && !s.acked[r.ID] && s.stored[r.ID] }))
	}},
	{SilentGap, "a message without history is missing, and no gap is told", func(s *story, pick func(int) int) []record.Record {
		return s.without(s.one(pick, func(r *record.Record) bool { return r.What == record.Got && s.between(r) }))
	}},
	{SilentGap, "a page of the history has a hole", func(s *story, pick func(int) int) []record.Record {
		page := record.Record{What: record.Page, Who: "reader", Channel: keptOf(s.all), Epoch: epochOf(s.all), Offsets: offsets(s.all, keptOf(s.all))}
		hole := 1 + pick(len(page.Offsets)-2)
		page.Offsets = slices.Delete(page.Offsets, hole, hole+1)
		return append(slices.Clone(s.all), page)
	}},
	{Duplicated, "a message comes to a client of an SDK twice", func(s *story, pick func(int) int) []record.Record {
		i := s.one(pick, func(r *record.Record) bool {
			return r.What == record.Got && s.stored[r.ID] && s.kindOf(r) != record.MQTT
		})
		return slices.Insert(slices.Clone(s.all), i+1, s.all[i])
	}},
	{Misordered, "two messages come in the wrong order", func(s *story, pick func(int) int) []record.Record {
		i := s.one(pick, func(r *record.Record) bool {
			return r.What == record.Got && s.stored[r.ID] && s.kindOf(r) != record.MQTT && s.following(r) >= 0
		})
		j := s.following(&s.all[i])
		all := slices.Clone(s.all)
		all[i], all[j] = all[j], all[i]
		return all
	}},
	{Altered, "a message comes as something else", change(record.Got, func(r *record.Record) { r.Sum++ })},
	{Altered, "a message is stored as something else", change(record.Stored, func(r *record.Record) { r.Sum++ })},
	{Foreign, "a message comes that nobody has sent", change(record.Got, func(r *record.Record) { r.ID = "nobody's" })},
	{Foreign, "a message is stored that nobody has sent", change(record.Stored, func(r *record.Record) { r.ID = "nobody's" })},
	{AckWithoutStore, "an acknowledged message is not in the history", func(s *story, pick func(int) int) []record.Record {
		return s.without(s.one(pick, func(r *record.Record) bool { return r.What == record.Stored && s.acked[r.ID] }))
	}},
	{StoredElsewhere, "a publisher is told another offset", func(s *story, pick func(int) int) []record.Record {
		i := s.one(pick, func(r *record.Record) bool { return r.What == record.Ack && r.Offset > 0 })
		return s.changed(i, func(r *record.Record) { r.Offset += 1000 })
	}},
	{StoredTwice, "a message is stored twice", func(s *story, pick func(int) int) []record.Record {
		again := s.all[s.one(pick, func(r *record.Record) bool { return r.What == record.Stored })]
		again.Offset += 1_000_000
		return append(slices.Clone(s.all), again)
	}},
	{OffsetTwice, "two messages have one offset", func(s *story, pick func(int) int) []record.Record {
		i := s.one(pick, func(r *record.Record) bool { return r.What == record.Stored })
		j := s.one(pick, func(r *record.Record) bool { return r.What == record.Stored && r.ID != s.all[i].ID })
		return s.changed(i, func(r *record.Record) { r.Offset = s.all[j].Offset })
	}},
	{FalseLoss, "a subscriber is told of a loss", insteadOf(record.Got, record.Lost)},
	{ThrownOut, "a subscription ends", insteadOf(record.Got, record.Ended)},
	{Ghost, "somebody is present who is gone", func(s *story, pick func(int) int) []record.Record {
		i := s.one(pick, func(r *record.Record) bool { return r.What == record.Roster && r.Final })
		gone := s.all[s.one(pick, func(r *record.Record) bool {
			return r.What == record.Gone && r.Channel == s.all[i].Channel && r.At <= s.all[i].At
		})]
		return s.changed(i, func(r *record.Record) { r.Names = append(slices.Clone(r.Names), gone.Who) })
	}},
	{Absent, "somebody is not present who is there", func(s *story, pick func(int) int) []record.Record {
		i := s.one(pick, func(r *record.Record) bool { return r.What == record.Roster && r.Final && len(r.Names) > 0 })
		return s.changed(i, func(r *record.Record) { r.Names = r.Names[1:] })
	}},
	{Leak, "a node keeps goroutines", final(func(r *record.Record) { r.Goroutines += 1000 })},
	{Leak, "a node keeps files", final(func(r *record.Record) { r.Files += 1000 })},
	{Leak, "a node keeps memory", final(func(r *record.Record) { r.HeapBytes += 1 << 30 })},
}

// one picks a record for which is returns true.
func (s *story) one(pick func(int) int, is func(*record.Record) bool) int {
	var those []int
	for i := range s.all {
		if is(&s.all[i]) {
			those = append(those, i)
		}
	}
	return those[pick(len(those))]
}

func (s *story) without(i int) []record.Record {
	gone := s.all[i]
	return slices.DeleteFunc(slices.Clone(s.all), func(r record.Record) bool { // a device may have got it several times
		return r.What == gone.What && r.Who == gone.Who && r.Channel == gone.Channel && r.ID == gone.ID
	})
}

func (s *story) changed(i int, f func(*record.Record)) []record.Record {
	all := slices.Clone(s.all)
	f(&all[i])
	return all
}

func change(what record.What, f func(*record.Record)) plant {
	return func(s *story, pick func(int) int) []record.Record {
		return s.changed(s.one(pick, func(r *record.Record) bool { return r.What == what }), f)
	}
}

func final(f func(*record.Record)) plant {
	return func(s *story, pick func(int) int) []record.Record {
		return s.changed(s.one(pick, func(r *record.Record) bool { return r.What == record.Usage && r.Final }), f)
	}
}

func insteadOf(what, told record.What) plant {
	return func(s *story, pick func(int) int) []record.Record {
		i := s.one(pick, func(r *record.Record) bool { return r.What == what })
		return s.changed(i, func(r *record.Record) {
			*r = record.Record{At: r.At, What: told, Who: r.Who, Channel: r.Channel, Text: "so"}
		})
	}
}

// kindOf returns the kind of the subscriber that got something.
func (s *story) kindOf(got *record.Record) string { return s.kinds[[2]string{got.Who, got.Channel}] }

// following returns where the subscriber got its next message of the same channel for the first time.
func (s *story) following(got *record.Record) int {
	channel, found := s.sent[got.ID].Channel, false
	seen := map[string]bool{got.ID: true}
	for i := range s.all {
		r := &s.all[i]
		if r.What != record.Got || r.Who != got.Who || r.Channel != got.Channel {
			continue
		}
		if r == got || r.ID == got.ID && r.At == got.At {
			found = true
			continue
		}
		if found && !seen[r.ID] && s.sent[r.ID].Channel == channel {
			return i
		}
		seen[r.ID] = true
	}
	return -1
}

// between tells whether the subscriber of a channel without history got an acknowledged message between two others of
// its publisher, with no gap told behind it.
func (s *story) between(got *record.Record) bool {
	if s.stored[got.ID] || !s.acked[got.ID] {
		return false
	}
	publisher := s.sent[got.ID].Who
	before, found := false, false
	for i := range s.all {
		r := &s.all[i]
		if r.Who != got.Who || r.Channel != got.Channel {
			continue
		}
		switch {
		case r.What == record.Gap && found:
			return false
		case r.What != record.Got || s.sent[r.ID].Who != publisher:
		case r.ID == got.ID:
			found = true
		case found:
			return before
		default:
			before = true
		}
		if r.What == record.Gap {
			before = false
		}
	}
	return false
}

// keptOf returns the channel with most messages in the history.
func keptOf(all []record.Record) (most string) {
	counts := map[string]int{}
	for _, r := range all {
		if r.What == record.Stored {
			counts[r.Channel]++
			if counts[r.Channel] > counts[most] {
				most = r.Channel
			}
		}
	}
	return most
}

func epochOf(all []record.Record) string {
	return all[slices.IndexFunc(all, func(r record.Record) bool { return r.What == record.Stored })].Epoch
}

// offsets returns where the messages of a channel are stored.
func offsets(all []record.Record, channel string) (offsets []uint64) {
	for _, r := range all {
		if r.What == record.Stored && r.Channel == channel {
			offsets = append(offsets, r.Offset)
		}
	}
	return offsets
}
