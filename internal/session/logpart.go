package session

import (
	"context"
	"errors"
	"time"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/hub"
	"github.com/holdfast-dev/holdfast/internal/policy"
	"github.com/holdfast-dev/holdfast/websocket"
)

// How long a replay waits after a failed read of the log.
const (
	minRetryDelay = 100 * time.Millisecond
	maxRetryDelay = 5 * time.Second
)

// logPart carries the messages of one log. It is the sink of a follower: while that is live, the
// hub calls it; otherwise its own goroutine reads pages, or it has not begun. At any time one of the
// two has it, so its fields need no lock.
type logPart struct {
	sub      *Subscription
	follower *hub.Follower
	epoch    string
	start    Start
	gate     *gate     // what is live passes through; nil to catch up when the client's queue is full
	at       uint64    // everything up to here has been delivered
	first    *hub.Page // read by prepare; what it has lost the edge has told
}

func newLogPart(s *Subscription, r Request, p Part) *logPart {
	l := &logPart{sub: s, epoch: p.Feed.Epoch(), start: r.Start}
	if p.Slow != policy.SlowCatchUp || p.Delivery == policy.DeliverLatest {
		l.gate = newGate(s, p)
	}
	l.follower = p.Feed.Join(r.Channels, l)
	l.at = l.follower.Start().Offset
	return l
}

// begin goes live at once if nothing is to be replayed.
func (l *logPart) begin() {
	if l.gate != nil {
		l.gate.begin()
	}
	switch {
	case l.first != nil:
		l.beginPrepared()
		return
	case len(l.start.Since) > 0:
		offset, resumed := l.start.from(l.epoch)
		l.at = offset
		if !resumed {
			l.lost()
		}
	case l.start.All:
		l.at = 0
	case l.start.Last > 0:
		l.sub.running.Go(l.replayLast)
		return
	default:
		if l.follower.Live(l.at) {
			return
		}
	}
	l.sub.running.Go(l.catchUp)
}

// replayLast delivers the newest messages, and then what has come since.
func (l *logPart) replayLast() {
	l.read(func(ctx context.Context, _ uint64) (*hub.Page, error) {
		return l.follower.Last(ctx, l.start.Last)
	})
}

// catchUp delivers what is behind the position.
func (l *logPart) catchUp() { l.read(l.follower.Read) }

// read delivers the page that first gets, and the pages behind it until the follower is live. It
// gives up when the client is gone or the subscription is cancelled.
func (l *logPart) read(first func(ctx context.Context, after uint64) (*hub.Page, error)) {
	ctx := l.sub.work()
	get := first
	for delay := minRetryDelay; ; {
		page, err := get(ctx, l.at)
		if err != nil {
			if pause(ctx, delay) != nil {
				return
			}
			delay = min(2*delay, maxRetryDelay)
			continue
		}
		if l.replay(ctx, page) != nil || !page.More && l.follower.Live(l.at) {
			return
		}
		get, delay = l.follower.Read, minRetryDelay
	}
}

// replay delivers a page, at the pace of the client: at most one page waits in its queue.
func (l *logPart) replay(ctx context.Context, page *hub.Page) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if page.Lost {
		l.lost()
	}
	if page.Publication != nil {
		if p := l.sub.wanted(page.Publication); p != nil {
			if err := l.deliver(ctx, p); err != nil {
				return err
			}
		}
	}
	l.at = page.End
	return nil
}

// deliver waits until the client has taken p.
func (l *logPart) deliver(ctx context.Context, p *hub.Publication) error {
	for {
		switch l.sub.to.Deliver(p) {
		case websocket.Sent:
			return nil
		case websocket.Queued:
			return l.sub.to.Flush(ctx)
		case websocket.Closed:
			return errGone
		}
		if err := l.sub.to.Flush(ctx); err != nil {
			return err
		}
	}
}

// errGone ends a replay whose client is gone.
var errGone = errors.New("the client is gone")

// Deliver implements hub.Sink.
func (l *logPart) Deliver(p *hub.Publication) bool {
	last := p.Messages[len(p.Messages)-1].Offset
	if p = l.sub.wanted(p); p != nil {
		if l.gate != nil {
			l.gate.deliver(p)
		} else if l.sub.to.Deliver(p) == websocket.Dropped {
			return false
		}
	}
	l.at = last
	return true
}

// Lost implements hub.Sink.
func (l *logPart) Lost() { l.lost() }

func (l *logPart) lost() { l.sub.to.Lost(broker.Position{Epoch: l.epoch, Offset: l.at}) }

// Live implements hub.Sink.
func (l *logPart) Live(offset uint64) {
	l.at = offset
	l.sub.to.Live(broker.Position{Epoch: l.epoch, Offset: offset})
}

// Behind implements hub.Sink. The client's queue is full: when it has drained, the log has the rest.
func (l *logPart) Behind() {
	l.sub.running.Go(func() {
		if l.sub.to.Flush(l.sub.work()) == nil {
			l.catchUp()
		}
	})
}

// pause waits, or returns the error of ctx.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
