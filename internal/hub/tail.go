package hub

import (
	"slices"
	"sort"
	"sync"
	"time"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
)

// tail holds the newest messages of a log as they came live, without a hole. Who comes back after a short drop finds
// there what was missed, and the log has nothing to do: to search it for a few messages of one channel among all that
// were stored meanwhile costs so much that a few hundred drops a second made everybody wait for seconds.
//
// It answers only with what the log still keeps, so that nobody can tell who has answered.
type tail struct {
	keeps broker.Retention

	mu        sync.Mutex                         // guards what follows
	base, end uint64                             // all messages behind base up to end are here
	all       []*broker.Message                  // in order
	channels  map[channel.Name][]*broker.Message // the same ones; none is empty
	bytes     int
	evicted   uint64 // the log keeps too few messages of some channel to have the one at this offset
}

// The bounds of a tail.
const (
	maxTailBytes = 32 << 20 // of payloads, with messageBytes for each
	maxTailAge   = time.Minute
)

func newTail(keeps broker.Retention) *tail {
	return &tail{keeps: keeps, channels: make(map[channel.Name][]*broker.Message)}
}

// add takes the next live message. One that was here before is left out; what is before a hole is forgotten.
func (t *tail) add(m *broker.Message) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if m.Offset <= t.end && len(t.all) > 0 {
		return
	}
	if m.Offset != t.end+1 || len(t.all) == 0 {
		t.all, t.bytes, t.base = nil, 0, m.Offset-1
		clear(t.channels)
	}
	if m.Purge {
		t.purgeLocked(m.Channel)
	}
	t.end = m.Offset
	t.all = append(t.all, m)
	t.bytes += sizeOf(m)
	own := append(t.channels[m.Channel], m)
	t.channels[m.Channel] = own
	if over := len(own) - t.keeps.Count; t.keeps.Count > 0 && over > 0 {
		t.evicted = max(t.evicted, own[over-1].Offset)
	}
	for len(t.all) > 0 && t.overLocked(m.Time) {
		t.dropLocked()
	}
}

// purgeLocked forgets the messages of a channel. The mark comes in their place.
func (t *tail) purgeLocked(name channel.Name) {
	for _, m := range t.channels[name] {
		t.bytes -= sizeOf(m)
	}
	delete(t.channels, name)
	t.all = slices.DeleteFunc(t.all, func(m *broker.Message) bool { return m.Channel == name })
}

// reset forgets everything.
func (t *tail) reset() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.all, t.bytes, t.base = nil, 0, t.end
	clear(t.channels)
}

// overLocked tells whether the oldest message has to go.
func (t *tail) overLocked(now time.Time) bool {
	most := maxTailBytes
	if t.keeps.Bytes > 0 {
		most = int(min(int64(most), t.keeps.Bytes/2)) // what is stored is larger than what is counted here
	}
	return t.bytes > most || now.Sub(t.all[0].Time) > maxTailAge
}

// dropLocked forgets the oldest message.
func (t *tail) dropLocked() {
	m := t.all[0]
	t.all[0] = nil
	t.all = t.all[1:]
	own := t.channels[m.Channel]
	own[0] = nil
	if own = own[1:]; len(own) > 0 {
		t.channels[m.Channel] = own
	} else {
		delete(t.channels, m.Channel)
	}
	t.bytes -= sizeOf(m)
	t.base = m.Offset
}

func sizeOf(m *broker.Message) int { return messageBytes + len(m.Payload) }

// page answers a read with what is here, and returns up to where it is known that there is nothing more. It
// returns nil if the log has to be asked: for what is not here, or may not be kept any more.
func (t *tail) page(key pageKey, head uint64) (*Page, uint64) {
	if key.newest > 0 {
		return nil, 0
	}
	messages, end, ok := t.behind(key, head)
	if !ok {
		return nil, 0
	}
	if _, single := key.pattern.IsName(); !single {
		messages = slices.DeleteFunc(messages, func(m *broker.Message) bool { return !key.pattern.Matches(m.Channel) })
	}
	if len(messages) > 0 && t.keeps.Age > 0 && time.Since(messages[0].Time) >= t.keeps.Age {
		return nil, 0
	}
	a := asker{key: key}
	lost := false
	for _, m := range messages {
		if m.Purge && !a.full() {
			lost = lost || key.after > 0
			continue
		}
		a.take(m)
	}
	p := a.pageUpTo(end)
	p.Lost = lost
	p.More = p.More || head > end // when the live feed is late
	return p, end
}

// behind returns a copy of what is behind the position of a read, of one channel or, for a pattern, of all.
func (t *tail) behind(key pageKey, head uint64) (messages []*broker.Message, end uint64, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.all) == 0 || key.after < t.base || key.after > t.end || key.after == t.end && head > t.end {
		return nil, 0, false
	}
	name, single := key.pattern.IsName()
	if !single {
		return slices.Clone(after(t.all, key.after)), t.end, key.after >= t.evicted
	}
	own := after(t.channels[name], key.after)
	if t.keeps.Count > 0 && len(own) > t.keeps.Count {
		return nil, 0, false
	}
	return slices.Clone(own[:min(len(own), maxPageMessages)]), t.end, true
}

// after returns the part of messages, which are in order, that is behind an offset.
func after(messages []*broker.Message, offset uint64) []*broker.Message {
	return messages[sort.Search(len(messages), func(i int) bool { return messages[i].Offset > offset }):]
}
