package session

import (
	"context"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/hub"
)

// Beginning says where a subscription begins in one log, for an edge that tells its client so.
type Beginning struct {
	// At is the place behind which everything is delivered.
	At broker.Position
	// Lost tells that messages behind the place that was asked for are not kept any more, or may not be.
	Lost bool
	// Messages is how many there are to replay at first; More tells that others follow.
	Messages int
	More     bool
}

// Prepare reads the first page that each log is to replay, and returns where each begins. What is
// lost up to there is not told to the receiver again. It is called at most once, before Start; who does
// without it lets Start begin at once. The error is one of the broker's or of ctx.
func (s *Subscription) Prepare(ctx context.Context) ([]Beginning, error) {
	all := make([]Beginning, len(s.logs))
	for i, l := range s.logs {
		err := ctx.Err() // what is read may be there already
		if err == nil {
			all[i], err = l.prepare(ctx)
		}
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (l *logPart) prepare(ctx context.Context) (b Beginning, err error) {
	resumed := true
	var page *hub.Page
	switch {
	case len(l.start.Since) > 0:
		l.at, resumed = l.start.from(l.epoch)
		page, err = l.follower.Read(ctx, l.at)
	case l.start.All:
		l.at = 0
		page, err = l.follower.Read(ctx, 0)
	case l.start.Last > 0:
		page, err = l.follower.Last(ctx, l.start.Last)
	default:
		return Beginning{At: l.follower.Start()}, nil
	}
	if err != nil {
		return b, err
	}
	first := *page
	first.Lost = false // the edge tells it
	l.first = &first
	b = Beginning{Lost: !resumed || page.Lost, More: page.More}
	if page.Publication != nil {
		b.Messages = len(page.Messages)
	}
	if b.Lost || l.start.Last > 0 {
		l.at = page.Before()
	}
	b.At = broker.Position{Epoch: l.epoch, Offset: l.at}
	return b, nil
}

// beginPrepared delivers the page that prepare has read, and goes on behind it. It needs no goroutine
// if there is nothing to replay.
func (l *logPart) beginPrepared() {
	page := l.first
	l.first = nil
	if page.Publication == nil && !page.More {
		l.at = page.End
		if l.follower.Live(l.at) {
			return
		}
		l.sub.running.Go(l.catchUp)
		return
	}
	l.sub.running.Go(func() {
		l.read(func(context.Context, uint64) (*hub.Page, error) { return page, nil })
	})
}
