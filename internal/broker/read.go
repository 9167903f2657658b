package broker

import (
	"context"
	"math"

	"github.com/holdfast-dev/holdfast/internal/channel"
)

// maxPageMessages bounds a page whatever is asked for.
const maxPageMessages = 4096

// Read returns the messages of one channel, or of all channels that a pattern matches, behind the
// offset after: at most most, and about 256 KiB of payload (one message may exceed it). After 0 is
// the beginning of what is kept. The page's End is never before after; a page may have no messages
// and More, if all of them were not Holdfast's.
//
// Cost: one batched Direct Get if after is the offset of a message of the channel that is still
// kept, which is the usual. Otherwise some requests more, to find out whether anything is lost.
func (l *Log) Read(ctx context.Context, p channel.Pattern, after uint64, most int) (*Page, error) {
	most = min(max(most, 1), maxPageMessages)
	after = min(after, math.MaxInt64) // far beyond any end, and has a next one
	filter := l.filter(p)
	_, single := p.IsName()

	var f fetched
	var err error
	anchored := false // the message at after was kept when those behind it were read
	if single && after > 0 {
		if f, err = l.fetch(ctx, filter, after, most+1); err != nil {
			return nil, err
		}
		if f.first == after {
			f = f.withoutFirst()
			if f.stored == 0 && f.pending == 0 {
				return &Page{End: l.position(after)}, nil
			}
			anchored = f.stored > 0 // else the message at after filled the page alone
		}
	}
	if f.stored == 0 {
		if f, err = l.fetch(ctx, filter, after+1, most); err != nil {
			return nil, err
		}
	}
	switch {
	case f.stored == 0:
		return l.nothing(ctx, p, after, most)
	case after == 0, anchored && !l.expiring(f):
		return l.page(f, after), nil
	}
	return l.pageOrLost(ctx, p, f, after, anchored)
}

// nothing returns the page of a reader behind whose position no messages were found.
func (l *Log) nothing(ctx context.Context, p channel.Pattern, after uint64, most int) (*Page, error) {
	filter := l.filter(p)
	info, err := l.info(ctx, "")
	if err != nil {
		return nil, err
	}
	beyond, err := info.beyond(after)
	if err != nil {
		return nil, err
	}
	if beyond { // it is from another world: from the beginning, then
		f, err := l.fetch(ctx, filter, 1, most)
		if err != nil {
			return nil, err
		}
		page := l.page(f, after)
		page.Lost = true
		if f.stored == 0 {
			page.End = l.position(info.State.Last)
		}
		return page, nil
	}

	// Now that the end of the log is known, the channel must still have nothing up to there. The leader
	// is asked, because a replica may lag behind the end that the leader told.
	found, err := l.leaderFirst(ctx, filter, after+1)
	if err != nil {
		return nil, err
	}
	if found != 0 { // came just now
		f, err := l.fetch(ctx, filter, after+1, most)
		if err != nil {
			return nil, err
		}
		if f.stored == 0 { // and has not reached this replica
			return &Page{End: l.position(after), More: true}, nil
		}
		return l.pageOrLost(ctx, p, f, after, false)
	}
	lost, err := l.lost(ctx, p, after, 0, false)
	if err != nil {
		return nil, err
	}
	return &Page{Lost: lost, End: l.position(info.State.Last)}, nil
}

// page makes a page of what was fetched behind an offset.
func (l *Log) page(f fetched, after uint64) *Page {
	p := &Page{Messages: f.messages, End: l.position(f.last), More: f.pending > 0}
	p.SetPurges(after)
	return p
}

// pageOrLost is page for a reader of whom it is not known whether it has lost anything.
func (l *Log) pageOrLost(ctx context.Context, p channel.Pattern, f fetched, after uint64, anchored bool) (page *Page, err error) {
	page = l.page(f, after)
	if !page.Lost {
		page.Lost, err = l.lost(ctx, p, after, uint64(f.stored)+f.pending, anchored)
	}
	return page, err
}

func (l *Log) position(offset uint64) Position {
	return Position{Epoch: l.Epoch(), Offset: offset}
}

// withoutFirst drops the first message of the batch.
func (f fetched) withoutFirst() fetched {
	if len(f.messages) > 0 && f.messages[0].Offset == f.first {
		f.messages = f.messages[1:]
	}
	f.stored--
	f.first = f.last
	if len(f.messages) > 0 {
		f.first = f.messages[0].Offset
	}
	return f
}

// Position returns the position of the newest message of a channel, or of all that a pattern
// matches; of the log's end if there is none.
func (l *Log) Position(ctx context.Context, p channel.Pattern) (Position, error) {
	filter := l.filter(p)
	newest, err := l.last(ctx, filter)
	if err != nil || newest != nil {
		return l.positionOf(newest), err
	}
	// The end first, and then whether there is nothing still: the other way round, a message that
	// comes between the two would be before the position and never be seen.
	info, err := l.info(ctx, "")
	if err != nil {
		return Position{}, err
	}
	first, err := l.leaderFirst(ctx, filter, 1)
	if err != nil || first == 0 {
		return l.position(info.State.Last), err
	}
	newest, err = l.last(ctx, filter)
	if err != nil || newest != nil {
		return l.positionOf(newest), err
	}
	return l.position(first), nil // this replica does not have it yet
}

func (l *Log) positionOf(m *Message) Position {
	if m == nil {
		return Position{}
	}
	return l.position(m.Offset)
}
