package hooks

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
)

// teller sees to it that one hook is told, by this node or another, until it is stopped.
type teller struct {
	backend *backend
	seat    seat
	sources []source
	starts  map[string]feedState // where a hook begins in a log that it has not been told from yet
	publish publisher
}

// begin notes where the logs are now: a hook that is new is told of what comes from here on.
func (t *teller) begin(ctx context.Context) error {
	t.starts = make(map[string]feedState, len(t.sources))
	for _, s := range t.sources {
		end, err := s.log.Position(ctx, "#")
		if err != nil {
			return err
		}
		t.starts[s.log.Name()] = feedState{Epoch: end.Epoch, mark: mark{end.Offset, time.Now()}}
	}
	r, err := t.seat.read(ctx)
	if err != nil || r != nil {
		return err
	}
	if err := t.seat.write(ctx, &seatRecord{Feeds: t.starts}); !errors.Is(err, errSeatTaken) {
		return err
	}
	return nil
}

// run tells the hook whenever this node has the seat, until work ends. Requests that are under way then end by
// themselves, or with ctx.
func (t *teller) run(ctx, work context.Context) {
	for work.Err() == nil {
		r, err := t.seat.take(work)
		if err == nil {
			t.hold(ctx, work, r)
			continue
		}
		if work.Err() == nil {
			t.backend.lines.Do(func() {
				t.backend.log.Warn("how far a hook has come can't be read or written; it is tried again", "error", err)
			})
			pause(work, readAgain)
		}
	}
}

// hold tells the hook until work ends, or the seat is lost. Requests end with ctx.
func (t *teller) hold(ctx, work context.Context, r *seatRecord) {
	d := t.resume(r)
	work, stop := context.WithCancel(work)
	requests, cancel := context.WithCancel(ctx)
	defer cancel()
	t.backend.told.current.Store(d)
	defer t.backend.told.current.Store(nil)
	ran := make(chan struct{})
	go func() {
		defer close(ran)
		d.run(work, requests)
	}()
	lost := t.save(work, d)
	d.halt()
	stop()
	if lost {
		cancel() // before another node begins
		t.backend.log.Warn("this node does not tell the hook any more, because it could not say in time that it does, or another does")
	}
	<-ran
	d.work.Wait()
	if lost {
		return
	}
	if err := t.seat.write(context.WithoutCancel(ctx), d.record("")); err != nil {
		t.backend.log.Warn("how far a hook has come could not be written at the end; it may be told some events again", "error", err)
	}
}

// save writes down how far the hook has come, as long as work lasts. It returns true when the seat is lost.
func (t *teller) save(work context.Context, d *delivery) (lost bool) {
	ticker := time.NewTicker(min(saveInterval, t.seat.timing.beat/2))
	defer ticker.Stop()
	saved := time.Now() // the beginning of the last write that succeeded
	for {
		select {
		case <-work.Done():
			return false
		case <-ticker.C:
		}
		now, since := time.Now(), time.Since(saved)
		if !d.takeDirty() && since < seatRefresh && (!t.seat.shared || since < t.seat.timing.beat) {
			continue
		}
		err := t.seat.write(work, d.record(t.seat.node))
		switch {
		case err == nil:
			saved = now
		case work.Err() != nil:
			return false
		case errors.Is(err, errSeatTaken), t.seat.shared && time.Since(saved) > t.seat.timing.hold:
			return true
		default:
			d.markDirty()
			t.backend.lines.Do(func() {
				t.backend.log.Warn("how far a hook has come can't be written; after a crash it would be told events again", "error", err)
			})
		}
	}
}

// resume returns a delivery that goes on where the last one was.
func (t *teller) resume(r *seatRecord) *delivery {
	d := newDelivery(t.backend, t.publish)
	for _, s := range t.sources {
		start := t.starts[s.log.Name()]
		state, known := r.Feeds[s.log.Name()]
		if !known {
			state = start
		}
		d.feeds = append(d.feeds, d.newFeed(s, state, start.Offset))
	}
	return d
}

// newFeed returns a feed that goes on from a state. If the offsets of that are not valid any more, the log is
// read from its beginning, and what was stored before what had been told is left out; end is an offset that all of
// it is before.
func (d *delivery) newFeed(s source, from feedState, end uint64) *feed {
	f := &feed{source: s, delivery: d, scanned: from.mark, lanes: make(map[channel.Name]*lane), wake: make(chan struct{}, 1)}
	anew := from.Epoch != s.log.Epoch()
	if anew {
		f.scanned, f.skip = mark{}, from.Time
	}
	for name, late := range from.Late {
		l := &lane{feed: f, channel: name, late: true, done: late.mark, read: late.Offset, seen: late.Seen}
		if anew {
			l.done.Offset, l.read, l.seen, l.skip = 0, 0, end, late.Time
		}
		f.lanes[name] = l
		d.late++
		d.enqueue(l)
	}
	return f
}

// record returns how far the hook has come, as it stands in a seat.
func (d *delivery) record(owner string) *seatRecord {
	d.mu.Lock()
	defer d.mu.Unlock()
	r := &seatRecord{Owner: owner, Feeds: make(map[string]feedState, len(d.feeds))}
	for _, f := range d.feeds {
		r.Feeds[f.log.Name()] = f.state()
	}
	return r
}

func (d *delivery) takeDirty() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	dirty := d.dirty
	d.dirty = false
	return dirty
}

func (d *delivery) markDirty() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.dirty = true
}

// sourcesOf returns the logs that a hook is told from.
func sourcesOf(b *backend, q *queue, histories []*broker.Log) []source {
	all := []source{{q.events, b.readRecord, "#"}}
	if !slices.Contains(b.Kinds, Message) {
		return all
	}
	channels := channel.Pattern("#")
	if len(b.Channels) == 1 {
		channels = b.Channels[0]
	}
	all = append(all, source{q.messages, b.readQueued, channels})
	for _, log := range histories {
		if pattern := channel.Pattern(log.Name()); b.wants(Message, pattern) {
			all = append(all, source{log, b.readHistory, channels})
		}
	}
	return all
}
