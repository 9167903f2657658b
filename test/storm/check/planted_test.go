package check

import (
	"slices"

	"github.com/holdfast-dev/holdfast/test/storm/record"
)

// plant breaks one promise in records of a storm where all were kept. pick draws the place, a number from 0.
type plant func(records []record.Record, pick func(below int) int) []record.Record

// plants is what the checker must find, by the name by which it must find it.
var plants = []struct {
	name  Name
	title string
	plant plant
}{
	{Lost, "an acknowledged message does not come", func(all []record.Record, pick func(int) int) []record.Record {
		return without(all, one(all, pick, func(r *record.Record) bool { return r.What == record.Got && acked(all, r.ID) && stays(all, r.ID) }))
	}},
	{SilentGap, "a message that is stored and was not acknowledged does not come", func(all []record.Record, pick func(int) int) []record.Record {
		return without(all, one(all, pick, func(r *record.Record) bool { return r.What == record.Got && !acked(all, r.ID) && stays(all, r.ID) }))
	}},
	{SilentGap, "a message without history is missing, and no gap is told", func(all []record.Record, pick func(int) int) []record.Record {
		return without(all, one(all, pick, func(r *record.Record) bool { return r.What == record.Got && between(all, r) }))
	}},
	{SilentGap, "a page of the history has a hole", func(all []record.Record, pick func(int) int) []record.Record {
		page := record.Record{What: record.Page, Who: "reader", Channel: keptOf(all), Epoch: epochOf(all), Offsets: offsets(all, keptOf(all))}
		hole := 1 + pick(len(page.Offsets)-2)
		page.Offsets = slices.Delete(page.Offsets, hole, hole+1)
		return append(slices.Clone(all), page)
	}},
	{Duplicated, "a message comes to a client of an SDK twice", func(all []record.Record, pick func(int) int) []record.Record {
		i := one(all, pick, func(r *record.Record) bool { return r.What == record.Got && kindOf(all, r) != record.MQTT })
		return slices.Insert(slices.Clone(all), i+1, all[i])
	}},
	{Misordered, "two messages come in the wrong order", func(all []record.Record, pick func(int) int) []record.Record {
		i := one(all, pick, func(r *record.Record) bool {
			return r.What == record.Got && stays(all, r.ID) && kindOf(all, r) != record.MQTT && following(all, r) >= 0
		})
		j := following(all, &all[i])
		all = slices.Clone(all)
		all[i], all[j] = all[j], all[i]
		return all
	}},
	{Altered, "a message comes as something else", change(record.Got, func(r *record.Record) { r.Sum++ })},
	{Altered, "a message is stored as something else", change(record.Stored, func(r *record.Record) { r.Sum++ })},
	{Foreign, "a message comes that nobody has sent", change(record.Got, func(r *record.Record) { r.ID = "nobody's" })},
	{Foreign, "a message is stored that nobody has sent", change(record.Stored, func(r *record.Record) { r.ID = "nobody's" })},
	{AckWithoutStore, "an acknowledged message is not in the history", func(all []record.Record, pick func(int) int) []record.Record {
		return without(all, one(all, pick, func(r *record.Record) bool { return r.What == record.Stored && acked(all, r.ID) }))
	}},
	{StoredElsewhere, "a publisher is told another offset", func(all []record.Record, pick func(int) int) []record.Record {
		i := one(all, pick, func(r *record.Record) bool { return r.What == record.Ack && r.Offset > 0 })
		return changed(all, i, func(r *record.Record) { r.Offset += 1000 })
	}},
	{StoredTwice, "a message is stored twice", func(all []record.Record, pick func(int) int) []record.Record {
		again := all[one(all, pick, func(r *record.Record) bool { return r.What == record.Stored })]
		again.Offset += 1_000_000
		return append(slices.Clone(all), again)
	}},
	{OffsetTwice, "two messages have one offset", func(all []record.Record, pick func(int) int) []record.Record {
		i := one(all, pick, func(r *record.Record) bool { return r.What == record.Stored })
		j := one(all, pick, func(r *record.Record) bool { return r.What == record.Stored && r.ID != all[i].ID })
		return changed(all, i, func(r *record.Record) { r.Offset = all[j].Offset })
	}},
	{FalseLoss, "a subscriber is told of a loss", insteadOf(record.Got, record.Lost)},
	{ThrownOut, "a subscription ends", insteadOf(record.Got, record.Ended)},
	{Ghost, "somebody is present who is gone", func(all []record.Record, pick func(int) int) []record.Record {
		gone := all[one(all, pick, func(r *record.Record) bool { return r.What == record.Gone })]
		i := one(all, pick, func(r *record.Record) bool { return r.What == record.Roster && r.Final && r.Channel == gone.Channel })
		return changed(all, i, func(r *record.Record) { r.Names = append(slices.Clone(r.Names), gone.Who) })
	}},
	{Absent, "somebody is not present who is there", func(all []record.Record, pick func(int) int) []record.Record {
		i := one(all, pick, func(r *record.Record) bool { return r.What == record.Roster && r.Final && len(r.Names) > 0 })
		return changed(all, i, func(r *record.Record) { r.Names = r.Names[1:] })
	}},
	{Leak, "a node keeps goroutines", final(func(r *record.Record) { r.Goroutines += 1000 })},
	{Leak, "a node keeps files", final(func(r *record.Record) { r.Files += 1000 })},
	{Leak, "a node keeps memory", final(func(r *record.Record) { r.HeapBytes += 1 << 30 })},
}

// one picks a record for which is returns true.
func one(all []record.Record, pick func(int) int, is func(*record.Record) bool) int {
	var those []int
	for i := range all {
		if is(&all[i]) {
			those = append(those, i)
		}
	}
	return those[pick(len(those))]
}

func without(all []record.Record, i int) []record.Record {
	gone := all[i]
	return slices.DeleteFunc(slices.Clone(all), func(r record.Record) bool { // a device may have got it several times
		return r.What == gone.What && r.Who == gone.Who && r.Channel == gone.Channel && r.ID == gone.ID
	})
}

func changed(all []record.Record, i int, f func(*record.Record)) []record.Record {
	all = slices.Clone(all)
	f(&all[i])
	return all
}

func change(what record.What, f func(*record.Record)) plant {
	return func(all []record.Record, pick func(int) int) []record.Record {
		return changed(all, one(all, pick, func(r *record.Record) bool { return r.What == what }), f)
	}
}

func final(f func(*record.Record)) plant {
	return func(all []record.Record, pick func(int) int) []record.Record {
		return changed(all, one(all, pick, func(r *record.Record) bool { return r.What == record.Usage && r.Final }), f)
	}
}

func insteadOf(what, told record.What) plant {
	return func(all []record.Record, pick func(int) int) []record.Record {
		i := one(all, pick, func(r *record.Record) bool { return r.What == what })
		return changed(all, i, func(r *record.Record) {
			*r = record.Record{At: r.At, What: told, Who: r.Who, Channel: r.Channel, Text: "so"}
		})
	}
}

// acked tells whether a message was acknowledged.
func acked(all []record.Record, id string) bool {
	return slices.ContainsFunc(all, func(r record.Record) bool { return r.What == record.Ack && r.ID == id })
}

// stays tells whether a message is in the history.
func stays(all []record.Record, id string) bool {
	return slices.ContainsFunc(all, func(r record.Record) bool { return r.What == record.Stored && r.ID == id })
}

// kindOf returns the kind of the subscriber that got something.
func kindOf(all []record.Record, got *record.Record) string {
	i := slices.IndexFunc(all, func(r record.Record) bool {
		return r.What == record.Join && r.Who == got.Who && r.Channel == got.Channel
	})
	return all[i].Kind
}

// sentBy returns what a message was sent as.
func sentBy(all []record.Record, id string) *record.Record {
	i := slices.IndexFunc(all, func(r record.Record) bool { return r.What == record.Send && r.ID == id })
	return &all[i]
}

// following returns where the subscriber got its next message of the same channel for the first time.
func following(all []record.Record, got *record.Record) int {
	channel, found := sentBy(all, got.ID).Channel, false
	seen := map[string]bool{got.ID: true}
	for i := range all {
		r := &all[i]
		if r.What != record.Got || r.Who != got.Who || r.Channel != got.Channel {
			continue
		}
		if r == got || r.ID == got.ID && r.At == got.At {
			found = true
			continue
		}
		if found && !seen[r.ID] && sentBy(all, r.ID).Channel == channel {
			return i
		}
		seen[r.ID] = true
	}
	return -1
}

// between tells whether the subscriber of a channel without history got an acknowledged message between two others of
// its publisher, with no gap told behind it.
func between(all []record.Record, got *record.Record) bool {
	if stays(all, got.ID) || !acked(all, got.ID) {
		return false
	}
	publisher := sentBy(all, got.ID).Who
	before, found := false, false
	for i := range all {
		r := &all[i]
		if r.Who != got.Who || r.Channel != got.Channel {
			continue
		}
		switch {
		case r.What == record.Gap && found:
			return false
		case r.What != record.Got || sentBy(all, r.ID).Who != publisher:
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
