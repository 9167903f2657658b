package broker

import (
	"context"

	"github.com/holdfast-dev/holdfast/internal/channel"
)

const (
	maxProbes   = 64 // of a search; six are usual
	probeExcess = 8  // messages too many that are dropped rather than searched on
)

// Last returns the newest n messages of one channel, or of all channels that a pattern matches, the
// oldest of them first. Like Read's, the page holds at most about 256 KiB: with More, the rest is
// behind its End. Cost: a Direct Get of one message for each step of the search for the n-th newest,
// some six, and one for the page.
func (l *Log) Last(ctx context.Context, p channel.Pattern, n int) (*Page, error) {
	n = max(n, 0)
	filter := l.filter(p)
	oldest, err := l.fetch(ctx, filter, 1, 1)
	if err != nil {
		return nil, err
	}
	if n == 0 || oldest.stored == 0 {
		end, err := l.Position(ctx, p)
		return &Page{End: end}, err
	}
	from := oldest.first
	if oldest.pending+1 > uint64(n) {
		if from, err = l.searchLast(ctx, filter, uint64(n), oldest); err != nil {
			return nil, err
		}
	}
	f, err := l.fetch(ctx, filter, from, min(n+n/probeExcess+probeExcess, maxPageMessages))
	if err != nil {
		return nil, err
	}
	for f.stored > 1 && uint64(f.stored)+f.pending > uint64(n) {
		f = f.withoutFirst()
	}
	if f.stored == 0 { // all of it has expired since
		end, err := l.Position(ctx, p)
		return &Page{End: end}, err
	}
	return l.page(f, 0), nil
}

// searchLast returns an offset with n messages, or a few more, from there on. There are more than n
// from oldest on. JetStream says how many there are from an offset on, so it is a search between two
// offsets, where every other step guesses from the counts and the others halve.
func (l *Log) searchLast(ctx context.Context, filter string, n uint64, oldest fetched) (uint64, error) {
	newest, err := l.last(ctx, filter)
	if err != nil || newest == nil {
		return oldest.first, err
	}
	low, many := oldest.first, oldest.pending+1 // many messages from low on: more than n
	high, few := newest.Offset+1, uint64(0)     // few from high on: fewer than n
	for probe := range maxProbes {
		if high-low <= 1 {
			break
		}
		at := low + (high-low)/2
		if probe%2 == 0 {
			guess := float64(high) - float64(high-low)*float64(n-few)/float64(many-few)
			at = min(max(uint64(guess), low+1), high-1)
		}
		f, err := l.fetch(ctx, filter, at, 1)
		if err != nil {
			return 0, err
		}
		count := f.pending + uint64(f.stored)
		switch {
		case count < n:
			high, few = at, count
		case count <= n+n/probeExcess+probeExcess/2:
			return f.first, nil
		default:
			low, many = f.first, count
		}
	}
	return low, nil
}
