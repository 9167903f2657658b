package hooks

import (
	"context"
	"time"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
)

// source is a log that a hook is told from.
type source struct {
	log  *broker.Log
	read func(*broker.Log, *broker.Message) (*event, error) // what a message of it is for the hook; nil for nothing
	// channels is what is read of it: narrower than all where that is possible.
	channels channel.Pattern
}

// feed is a source while a delivery lasts. Its goroutine reads the log once, from front to back, and puts
// events into lanes. The delivery's lock guards all but the source.
type feed struct {
	source
	delivery *delivery

	scanned mark      // read up to here
	skip    time.Time // what was stored before has been told, but by late lanes
	lanes   map[channel.Name]*lane
	newest  uint64 // offset of the latest that is known to be in the log

	wake chan struct{} // holds a signal when something has come
}

const (
	scanPage     = 256             // messages
	lanePage     = maxLaneEvents   // of one that is late
	lookAgain    = 5 * time.Second // when nothing has come: a live feed may miss some
	readAgain    = time.Second     // when that failed
	replicaDelay = 200 * time.Millisecond
)

// scan reads the log until ctx ends.
func (f *feed) scan(ctx context.Context) {
	stop := f.log.Follow(func(batch []broker.Live) {
		f.delivery.mu.Lock()
		f.newest = max(f.newest, batch[len(batch)-1].Offset)
		f.delivery.mu.Unlock()
		poke(f.wake)
	})
	defer stop()
	for f.delivery.awaitRoom(ctx) {
		channels := f.channels
		if f.scanned.Offset == 0 {
			channels = "#" // to see whether the first message is still there
		}
		page, err := f.log.Read(ctx, channels, f.scanned.Offset, scanPage)
		if err != nil {
			if ctx.Err() == nil {
				f.delivery.backend.readFailed(f.log, err)
			}
			pause(ctx, readAgain)
			continue
		}
		f.take(page)
		if page.More {
			continue
		}
		select {
		case <-f.wake:
		case <-time.After(lookAgain):
		case <-ctx.Done():
		}
	}
}

// take puts what was read into lanes.
func (f *feed) take(page *broker.Page) {
	d := f.delivery
	if f.scanned.Offset == 0 && f.skip.IsZero() && len(page.Messages) > 0 && page.Messages[0].Offset > 1 {
		page.Lost = true // the broker can't know that the beginning was meant
	}
	events := f.parse(page, f.skip)
	d.mu.Lock()
	defer d.mu.Unlock()
	for i, m := range page.Messages {
		if events[i] != nil {
			f.put(m.Channel, events[i])
		}
		f.scanned = mark{m.Offset, m.Time}
	}
	f.scanned.Offset = page.End.Offset
	f.newest = max(f.newest, f.scanned.Offset)
	d.dirty = true
	poke(d.poked)
}

// parse returns what the messages of a page are for the hook, nil for those that it is not told of.
func (f *feed) parse(page *broker.Page, skip time.Time) []*event {
	b := f.delivery.backend
	if page.Lost && len(page.Purges) == 0 { // what was purged was not to be read any more
		b.told.gaps.Inc()
		b.gapLines.Do(func() {
			b.log.Error("a hook may have missed events, because the log does not keep them any more; let it keep more, or see to it that the backend answers", "log", f.log.Name())
		})
	}
	events := make([]*event, len(page.Messages))
	for i, m := range page.Messages {
		if m.Time.Before(skip) {
			continue
		}
		var err error
		if events[i], err = f.read(f.log, m); err != nil {
			b.log.Error("an event can't be told to a hook and is left out", "log", f.log.Name(), "offset", m.Offset, "error", err)
		}
	}
	return events
}

// put adds an event to its lane. Lock held.
func (f *feed) put(name channel.Name, e *event) {
	l := f.lanes[name]
	switch {
	case l == nil:
		l = &lane{feed: f, channel: name, done: mark{Offset: e.offset - 1, Time: e.stored}}
		f.lanes[name] = l
		f.delivery.enqueue(l)
	case l.late:
		l.seen = e.offset
		return
	case len(l.events) >= maxLaneEvents:
		f.delivery.fallBehind(l)
		l.seen = e.offset
		return
	}
	l.events = append(l.events, e)
	l.read = e.offset
	f.delivery.grow(1, len(e.body))
}

// load reads on in the channel of a late lane. It returns false if there is nothing to send now: then the lane
// has been put where it belongs. The lane is the caller's.
func (l *lane) load(ctx context.Context) bool {
	d := l.feed.delivery
	d.mu.Lock()
	have, after := len(l.events) > 0, l.read
	d.mu.Unlock()
	if have {
		return true
	}
	page, err := l.feed.log.Read(ctx, l.channel.Pattern(), after, lanePage)
	if err != nil {
		if ctx.Err() == nil {
			d.backend.readFailed(l.feed.log, err)
		}
		d.wait(l, readAgain)
		return false
	}
	if l.next > 0 && (len(page.Messages) == 0 || page.Messages[0].Offset > l.next) {
		page.Lost = true
	}
	l.next = 0
	events := l.feed.parse(page, l.skip)
	d.mu.Lock()
	for _, e := range events {
		if e != nil {
			l.events = append(l.events, e)
			d.grow(1, len(e.body))
		}
	}
	l.read = max(l.read, page.End.Offset)
	empty, stale := len(l.events) == 0, !page.More && l.read < l.seen
	if empty {
		l.done.Offset = l.read // nothing there was for the hook
	}
	d.mu.Unlock()
	switch {
	case !empty:
		return true
	case stale: // this replica does not have it yet
		d.wait(l, replicaDelay)
	default:
		d.putDown(l)
	}
	return false
}

// state returns how far the hook has come in the log. Lock held.
func (f *feed) state() feedState {
	s := feedState{Epoch: f.log.Epoch(), mark: f.scanned}
	for name, l := range f.lanes {
		if l.late {
			if s.Late == nil {
				s.Late = make(map[channel.Name]lateState)
			}
			s.Late[name] = lateState{l.done, l.seen}
		} else if head := l.events[0]; head.offset <= s.Offset {
			s.mark = mark{head.offset - 1, head.stored}
		}
	}
	return s
}
