package client

import (
	"context"
	"sync"
	"time"

	"github.com/holdfast-dev/holdfast/protocol"
)

// entry is one event that waits for the application, with where the subscription stands behind it.
type entry struct {
	event Event
	at    protocol.Position  // of a message with an offset
	all   protocol.Positions // of any other event, if it may move the position
	moves bool               // all counts
}

func (e *entry) bytes() int {
	if m, ok := e.event.(*Message); ok {
		return len(m.Data)
	}
	return 0
}

// queue holds the events of a subscription until the application takes them. Messages are bounded in
// number and bytes; of other events at most a few are kept, because each is merged into one of its kind.
type queue struct {
	most int

	mu      sync.Mutex // guards what follows; taken behind Client.mu
	entries []entry
	bytes   int
	seen    protocol.Positions // behind what the application has taken
	missed  uint64             // messages thrown away because there was no room
	end     error              // after the last entry
	wake    chan struct{}      // something to take
	room    chan struct{}      // something has been taken
}

func newQueue(most int) *queue {
	return &queue{most: most, wake: make(chan struct{}, 1), room: make(chan struct{}, 1)}
}

// offer adds a message if there is room. With latest, messages that a newer one of the same channel and
// key replaces make room.
func (q *queue) offer(e entry, latest bool) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.full(e.bytes()) && latest {
		q.conflate(e.event.(*Message))
	}
	if q.full(e.bytes()) {
		return false
	}
	q.append(e)
	return true
}

// full tells whether there is no room for so many bytes. Lock held.
func (q *queue) full(bytes int) bool {
	return len(q.entries) >= q.most || len(q.entries) > 0 && q.bytes+bytes > queueBytes
}

func (q *queue) append(e entry) {
	q.entries = append(q.entries, e)
	q.bytes += e.bytes()
	signal(q.wake)
}

// conflate keeps the newest message of each channel and key, and none that newer replaces. Lock held.
func (q *queue) conflate(newer *Message) {
	type subject struct{ channel, key string }
	known := map[subject]bool{{newer.Channel, newer.Key}: true}
	keep := len(q.entries)
	for i := len(q.entries) - 1; i >= 0; i-- {
		if m, ok := q.entries[i].event.(*Message); ok {
			s := subject{m.Channel, m.Key}
			if known[s] {
				q.bytes -= len(m.Data)
				continue
			}
			known[s] = true
		}
		keep--
		q.entries[keep] = q.entries[i]
	}
	clear(q.entries[:keep])
	q.entries = q.entries[keep:]
}

// note adds any other event, or merges it into the one before it.
func (q *queue) note(e entry) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if n := len(q.entries); n > 0 && mergeInto(&q.entries[n-1], &e) {
		return
	}
	if presence, ok := e.event.(*Presence); ok && len(q.entries) >= q.most {
		q.notePartial(presence)
		return
	}
	q.append(e)
}

// mergeInto puts a later event into the one before it, if one can stand for both.
func mergeInto(before, later *entry) bool {
	switch b := before.event.(type) {
	case *Live:
		if _, ok := later.event.(*Live); !ok {
			return false
		}
	case *Gap:
		l, ok := later.event.(*Gap)
		if !ok || b.Away != l.Away {
			return false
		}
		if b.Missed != 0 && l.Missed != 0 {
			b.Missed += l.Missed
		} else {
			b.Missed = 0
		}
	default:
		return false
	}
	if later.moves {
		before.all, before.moves = later.all, true
	}
	return true
}

// notePartial keeps the count of a presence change for which there is no room. Lock held.
func (q *queue) notePartial(p *Presence) {
	for i := len(q.entries) - 1; i >= 0; i-- {
		if last, ok := q.entries[i].event.(*Presence); ok {
			last.Count, last.Partial = p.Count, true
			return
		}
	}
	q.append(entry{event: &Presence{Count: p.Count, Partial: true}})
}

// miss counts a message without history for which there was no room.
func (q *queue) miss() {
	q.mu.Lock()
	q.missed++
	q.mu.Unlock()
}

// take returns the next event. drained tells that it was the last one that waited. After the last one
// the error is why the subscription has ended.
func (q *queue) take(ctx context.Context, channel string) (event Event, drained bool, err error) {
	for {
		q.mu.Lock()
		switch {
		case len(q.entries) > 0:
			e := q.entries[0]
			q.entries[0] = entry{}
			q.entries = q.entries[1:]
			q.bytes -= e.bytes()
			switch {
			case e.moves:
				q.seen = append(protocol.Positions(nil), e.all...)
			case e.at.Offset != 0:
				q.seen, _ = q.seen.Advance(e.at)
			}
			drained = len(q.entries) == 0
			if drained && q.missed > 0 {
				q.append(entry{event: &Gap{Channel: channel, Missed: q.missed}})
				q.missed = 0
			}
			q.mu.Unlock()
			signal(q.room)
			return e.event, drained, nil
		case q.end != nil:
			err := q.end
			q.mu.Unlock()
			signal(q.wake) // for whoever else iterates
			return nil, false, err
		}
		q.mu.Unlock()
		select {
		case <-q.wake:
		case <-ctx.Done():
			return nil, false, context.Cause(ctx)
		}
	}
}

// begin notes where the subscription begins.
func (q *queue) begin(all protocol.Positions) {
	q.mu.Lock()
	q.seen = all
	q.mu.Unlock()
}

// finish ends the queue behind what waits, or, if that is not wanted any more, at once.
func (q *queue) finish(err error, drop bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.end == nil {
		q.end = err
	}
	if drop {
		q.entries, q.bytes, q.missed = nil, 0, 0
	}
	signal(q.wake)
	signal(q.room)
}

// position returns where the application stands.
func (q *queue) position() string {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.seen.String()
}

// awaitRoom waits until there is room for so many bytes, but not for long.
func (q *queue) awaitRoom(bytes int, most time.Duration) {
	t := time.NewTimer(most)
	defer t.Stop()
	for {
		q.mu.Lock()
		full := q.full(bytes)
		q.mu.Unlock()
		if !full {
			return
		}
		select {
		case <-q.room:
		case <-t.C:
			return
		}
	}
}
