package hub

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/holdfast-dev/holdfast/internal/broker"
)

const (
	// reconcileInterval is how often the ends of the logs are compared with what has come live. It is
	// how long a message can be overlooked after which nothing else is stored in its log.
	reconcileInterval = 10 * time.Second
	// reconcilePause lets what is on its way arrive before it counts as missed.
	reconcilePause = 50 * time.Millisecond
	// endPause is the same for the ends, which are compared seldom: a busy machine has time for a batch.
	endPause = 500 * time.Millisecond
	// maxGapReads is how often a gap is read from the log if some of it is not found there: a replica
	// may be behind.
	maxGapReads = 3
)

// reconciler finds what the live feeds have missed: with one goroutine for all logs, and one read
// for all channels of a log.
type reconciler struct {
	begin sync.Once
	woken chan struct{} // holds one token if a feed has missed something

	mu    sync.Mutex // guards feeds
	feeds []*Feed
}

func (r *reconciler) add(h *Hub, f *Feed) {
	r.mu.Lock()
	r.feeds = append(r.feeds, f)
	r.mu.Unlock()
	r.begin.Do(func() { h.running.Go(func() { r.run(h.work) }) })
}

// wake has what was missed looked after soon.
func (r *reconciler) wake() {
	select {
	case r.woken <- struct{}{}:
	default:
	}
}

func (r *reconciler) all() []*Feed {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.feeds)
}

func (r *reconciler) run(ctx context.Context) {
	ticker := time.NewTicker(reconcileInterval)
	defer ticker.Stop()
	for {
		reads := 1 // of each gap, unless it is time to try again
		select {
		case <-ctx.Done():
			return
		case <-r.woken:
			if pause(ctx, reconcilePause) != nil {
				return
			}
		case <-ticker.C:
			reads = maxGapReads
			if r.compareEnds(ctx) != nil {
				return
			}
		}
		for _, f := range r.all() {
			f.recover(ctx, reads)
		}
	}
}

// compareEnds finds messages at the end of a log that have not come live. A feed that moves, or is busy with what has
// come, is only late: should it miss something, the next message shows it.
func (r *reconciler) compareEnds(ctx context.Context) error {
	feeds := r.all()
	ends, highs := make([]uint64, len(feeds)), make([]uint64, len(feeds))
	for i, f := range feeds {
		ends[i], highs[i] = f.end(ctx), f.highest()
	}
	if err := pause(ctx, endPause); err != nil {
		return err
	}
	for i, f := range feeds {
		f.mu.Lock()
		if ends[i] > f.high && f.high == highs[i] && !f.taking {
			f.missLocked(ends[i])
		}
		f.mu.Unlock()
	}
	return nil
}

// end returns the offset at the end of the log, or 0 while it can't be reached: there will be a next
// time.
func (f *Feed) end(ctx context.Context) uint64 {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	at, err := f.log.Position(ctx, everything)
	if err != nil {
		return 0
	}
	return at.Offset
}

// recover reads the gaps that have been read less than a number of times, and tells the histories
// concerned. A gap of which not everything is kept any more stays noted: a history that comes across
// it has to read for itself, and learns what is lost.
func (f *Feed) recover(ctx context.Context, reads int) {
	f.mu.Lock()
	missed := f.missed
	f.mu.Unlock()
	for _, g := range missed {
		if g.reads >= reads {
			continue
		}
		found, err := f.recoverGap(ctx, g)
		if err != nil {
			return // the log can't be reached; there will be a next time
		}
		f.mu.Lock()
		if found == g.last-g.first+1 {
			f.missed = f.missed.without(g)
		} else {
			f.missed = f.missed.read(g)
		}
		f.mu.Unlock()
	}
}

// recoverGap returns how many messages of a gap it has found.
func (f *Feed) recoverGap(ctx context.Context, g gap) (found uint64, err error) {
	for after := g.first - 1; after < g.last; {
		page, err := f.readAll(ctx, after)
		if err != nil {
			return 0, err
		}
		for _, m := range page.Purges {
			if m.Offset <= g.last {
				f.purge(m)
				found++
			}
		}
		for _, m := range page.Messages {
			if m.Offset > g.last {
				return found, nil
			}
			f.suspect(m)
			found++
		}
		if !page.More {
			break
		}
		after = page.End.Offset
	}
	return found, nil
}

func (f *Feed) readAll(ctx context.Context, after uint64) (*broker.Page, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	return f.log.Read(ctx, everything, after, maxPageMessages)
}

// purge forgets what a mark has purged that has not come live.
func (f *Feed) purge(m *broker.Message) {
	f.tail.reset()
	f.pages.purge(m.Channel)
	f.suspect(m)
}

// suspect tells the histories of a message's channel that it is in the log.
func (f *Feed) suspect(m *broker.Message) {
	f.mu.Lock()
	histories := f.histories.match(nil, m.Channel)
	f.mu.Unlock()
	for _, h := range histories {
		h.suspect(m.Offset)
	}
}
