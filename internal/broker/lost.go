package broker

import (
	"context"
	"time"

	"github.com/holdfast-dev/holdfast/internal/channel"
)

// Whether a reader has lost messages is not written anywhere: it is concluded from what is kept.
// What makes that possible is how messages go:
//
//   - Age and bytes take the oldest of the whole stream, so nothing behind the position has gone by
//     them while the stream's first message is not behind the one after the position.
//   - The count takes the oldest of a channel when it has more than count, so a channel that lost
//     a message behind the position has count messages behind it.
//   - A purge takes all of a channel, and leaves a mark behind them that goes like any other message. A reader from
//     before it comes across the mark; if that has gone too, it went by one of the ways above.
//   - Nothing else takes messages: the stream denies deleting, and nobody purges it in another way.
//
// All of it is asked after the page has been read, because what is gone stays gone.

const (
	maxChannelsChecked = 1000 // of a pattern: beyond, their counts are not asked for
	maxFullChannels    = 64   // of those, the ones with as many messages as are kept
	expiryMargin       = 10   // a message in the last tenth of its age counts as expiring
)

// lost tells whether messages behind a position may be gone. behind is how many there are. anchored
// says that the page is of one channel, and that the message at the position was kept when the page
// was read, so that the count cannot have taken any. When in doubt, it is true.
func (l *Log) lost(ctx context.Context, p channel.Pattern, after, behind uint64, anchored bool) (bool, error) {
	if after == 0 {
		return false, nil
	}
	state := l.state.Load() // after the page was read: a count that is being lowered is the lower one before it takes effect
	_, single := p.IsName()

	countTookNone := anchored || after >= state.settled && (state.count == 0 || behind < uint64(state.count))
	if !countTookNone && !single && after >= state.settled {
		var err error
		if countTookNone, err = l.countTookNone(ctx, p, after, state.count); err != nil {
			return true, err
		}
	}
	if countTookNone {
		info, err := l.info(ctx, "")
		if err != nil {
			return true, err
		}
		beyond, err := info.beyond(after)
		if err != nil {
			return true, err
		}
		if after+1 >= info.State.First && !beyond {
			return false, nil
		}
	}
	if !single || anchored {
		return true, nil
	}
	oldest, err := l.oldest(ctx, p)
	if err != nil {
		return true, err
	}
	// Messages go from the oldest on, so if one up to the position is there, all behind it are.
	return oldest == 0 || oldest > after, nil
}

// countTookNone tells whether it is sure that no channel of a pattern lost a message behind a
// position to the count: none that has count messages has all of them behind the position.
func (l *Log) countTookNone(ctx context.Context, p channel.Pattern, after uint64, count int) (bool, error) {
	info, err := l.info(ctx, "")
	if err != nil || info.State.Count > maxChannelsChecked {
		return false, err
	}
	if info, err = l.info(ctx, l.filter(p)); err != nil {
		return false, err
	}
	full := 0
	for subject, kept := range info.State.Subjects {
		if kept < uint64(count) {
			continue
		}
		if full++; full > maxFullChannels {
			return false, nil
		}
		f, err := l.fetch(ctx, subject, 1, 1)
		if err != nil {
			return false, err
		}
		if f.first == 0 || f.first > after {
			return false, nil
		}
	}
	return true, nil
}

// expiring tells whether messages of a page may have reached their age while it was being read,
// which is the one way in which messages go that does not wait for a read to end.
func (l *Log) expiring(f fetched) bool {
	age := l.state.Load().age
	if age == 0 || len(f.messages) == 0 {
		return age != 0
	}
	return time.Since(f.messages[0].Time) > age-max(age/expiryMargin, answerTimeout)
}
