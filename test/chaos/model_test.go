package chaos

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/holdfast-dev/holdfast/client"
)

// model is what the server has stored in the channels of a crowd, read from it in the end. What a publisher was
// told and what a follower got have to agree with it.
type model struct {
	channels map[string][]stored // in order
	said     map[string][]uint64 // by speaker: where its messages are stored, in the order of their offsets
	order    map[string][]int    // and their numbers
	faults   faults
}

// read adds a channel.
func (m *model) read(ctx context.Context, ch *client.Channel) {
	for message, err := range ch.History(ctx, nil) {
		if err != nil {
			m.faults.add(fmt.Sprintf("the history of %s can't be read: %v", ch.Name(), err))
			return
		}
		m.channels[ch.Name()] = append(m.channels[ch.Name()], storedOf(ch.Name(), message.Offset, message.Text()))
		who, number, err := numberOf(message.Text())
		if err != nil {
			m.faults.add(fmt.Sprintf("%s: %v", ch.Name(), err))
			continue
		}
		m.said[who] = append(m.said[who], message.Offset)
		m.order[who] = append(m.order[who], number)
	}
}

// compare checks that each message of a speaker is stored once, where the speaker was told, and in order. Without
// patience a message that the log refuses for a moment, as on a machine that is too busy, may come behind later ones:
// compare returns how many have.
func (m *model) compare(p speaker, told []uint64) (overtaken int) {
	offsets, order := m.said[p.who()], m.order[p.who()]
	stored := make([]uint64, len(told))
	for i, number := range order {
		switch {
		case number >= len(told):
			m.faults.add(fmt.Sprintf("%s has not published message %d", p.who(), number))
		case stored[number] != 0:
			m.faults.add(fmt.Sprintf("message %d of %s is stored at %d and at %d", number, p.who(), stored[number], offsets[i]))
		default:
			stored[number] = offsets[i]
		}
		if i > 0 && number < order[i-1] {
			overtaken++
		}
	}
	if !slices.Equal(stored, told) {
		m.faults.add(fmt.Sprintf("%s was told that its messages are at %v; they are at %v", p.who(), told, stored))
	}
	if overtaken > 0 && p.patient() {
		m.faults.add(fmt.Sprintf("the messages of %s are stored in the order %v", p.who(), order))
	}
	return overtaken
}

// expect returns what a follower has to get.
func (m *model) expect(f *follower) []stored {
	var all []stored
	if messages, one := m.channels[f.name]; one {
		all = messages
	} else {
		for name, messages := range m.channels {
			if matches(f.name, name) {
				all = append(all, messages...)
			}
		}
		slices.SortFunc(all, func(a, b stored) int { return int(a.offset) - int(b.offset) })
	}
	first := slices.IndexFunc(all, func(s stored) bool { return s.offset > f.begins })
	if first < 0 {
		return nil
	}
	return all[first:]
}

// matches compares a name with a pattern that ends with /#.
func matches(pattern, name string) bool {
	above := pattern[:len(pattern)-1]
	return len(name) > len(above) && name[:len(above)] == above
}

// check reads the model and waits until every follower has got the last message that it has to get.
func (c *crowd) check(ctx context.Context) *report {
	r := &report{Clients: c.Clients}
	m := &model{channels: map[string][]stored{}, said: map[string][]uint64{}, order: map[string][]int{}}
	told := map[speaker][]uint64{}
	for _, p := range c.speakers {
		offsets, err := p.settle(ctx)
		if err != nil {
			r.Faults.add(err.Error())
		}
		told[p] = offsets
		r.Published += len(offsets)
	}
	for _, p := range c.plain {
		offsets, err := p.settle(ctx)
		if err != nil {
			r.Faults.add(err.Error())
		}
		r.Published += len(offsets)
	}
	for n := range c.Channels {
		m.read(ctx, c.past(n).Channel(c.chat(n)))
	}
	for p, offsets := range told {
		r.Overtaken += m.compare(p, offsets)
	}
	r.Faults.addAll(&m.faults)
	r.expected = map[*follower][]stored{}
	for _, f := range c.followers {
		want := m.expect(f)
		r.expected[f] = want
		if len(want) > 0 && !arrived(ctx, f, want[len(want)-1].offset) {
			r.Faults.add(fmt.Sprintf("a follower of %s still waits for offset %d", f.name, want[len(want)-1].offset))
		}
	}
	return r
}

// arrived waits for a message.
func arrived(ctx context.Context, f *follower, offset uint64) bool {
	for !f.has(offset) {
		if !sleep(ctx, 20*time.Millisecond) {
			return false
		}
	}
	return true
}

// judge compares what everybody got with what they have to get.
func (c *crowd) judge(r *report) {
	for _, f := range c.followers {
		r.compare(f)
		r.Faults.addAll(&f.faults)
		f.line.mu.Lock()
		r.Cuts += f.line.cuts
		r.Samples.add(&f.line.samples)
		f.line.mu.Unlock()
	}
	for _, l := range c.listeners {
		r.Plain += l.came
		r.Missed += l.missed
		r.Repeated += l.repeated
		r.Faults.addAll(&l.faults)
	}
}

// compare counts what a follower got.
func (r *report) compare(f *follower) {
	want := r.expected[f]
	there := make(map[stored]bool, len(want)) // whether it has come
	for _, s := range want {
		there[s] = false
	}
	r.Expected += len(want)
	var wrong []error
	for i, s := range f.got {
		came, known := there[s]
		switch {
		case !known:
			r.Foreign++
			wrong = append(wrong, fmt.Errorf("offset %d is none of its own", s.offset))
		case came:
			r.Repeated++
			wrong = append(wrong, fmt.Errorf("offset %d came twice", s.offset))
		default:
			there[s] = true
			r.Delivered++
		}
		if i > 0 && s.offset < f.got[i-1].offset {
			r.Misordered++
			wrong = append(wrong, fmt.Errorf("offset %d came behind %d", s.offset, f.got[i-1].offset))
		}
	}
	for s, came := range there {
		if !came {
			wrong = append(wrong, fmt.Errorf("offset %d has not come", s.offset))
		}
	}
	if len(wrong) > 0 {
		r.Faults.add(fmt.Sprintf("a follower of %s: %v", f.name, errors.Join(wrong[:min(len(wrong), 3)]...)))
	}
}
