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
	said     map[string][]uint64 // by publisher: where its messages are stored, by their numbers
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
		switch {
		case err != nil:
			m.faults.add(fmt.Sprintf("%s: %v", ch.Name(), err))
		case number != len(m.said[who]):
			m.faults.add(fmt.Sprintf("%s: message %d of %s is stored where %d should be", ch.Name(), number, who, len(m.said[who])))
		default:
			m.said[who] = append(m.said[who], message.Offset)
		}
	}
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
	m := &model{channels: map[string][]stored{}, said: map[string][]uint64{}}
	told := map[string][]uint64{}
	for _, p := range c.speakers {
		offsets, err := p.settle(ctx)
		if err != nil {
			r.Faults.add(err.Error())
		}
		told[p.who()] = offsets
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
	for who, offsets := range told {
		if !slices.Equal(offsets, m.said[who]) {
			r.Faults.add(fmt.Sprintf("%s was told that its messages are at %v; they are at %v", who, offsets, m.said[who]))
		}
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
