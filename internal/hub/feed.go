package hub

import (
	"context"
	"fmt"
	"sync"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
)

// Feed follows one log on this node and hands its messages to the histories that somebody follows.
//
// The live feed of a log is at most once. Since the offsets of a log count its messages one by one,
// a feed knows which it has not seen; since a message names the one before it in its channel, a
// history knows whether it is concerned, and reads what it lacks from the log. See history.
type Feed struct {
	hub   *Hub
	log   Log
	epoch string
	stop  func() // ends the live feed
	pages pages
	tail  *tail

	bundle *Publication // the last one; belongs to the live feed's goroutine

	mu        sync.Mutex      // guards what follows; never held during a fan-out
	histories index[*history] // those that somebody follows
	begun     bool            // high is known
	high      uint64          // the highest offset that came, or is accounted for as missed
	missed    gaps            // below high
	taking    bool            // a batch
}

// Follow begins to follow a log, and what it keeps, until the hub is closed.
func (h *Hub) Follow(ctx context.Context, log Log, keeps broker.Retention) (*Feed, error) {
	f := &Feed{hub: h, log: log, epoch: log.Epoch(), tail: newTail(keeps)}
	f.pages.feed, f.pages.turns = f, make(chan struct{}, maxReads)
	f.stop = log.Follow(f.live)
	end, err := log.Position(ctx, everything)
	if err != nil {
		f.stop()
		return nil, fmt.Errorf("the end of a log could not be found: %w", err)
	}
	f.mu.Lock()
	f.begun, f.high = true, max(f.high, end.Offset)
	f.mu.Unlock()
	h.reconciler.add(h, f)
	return f, nil
}

// Epoch returns that of the log.
func (f *Feed) Epoch() string { return f.epoch }

// Join makes a follower of the channels of the log that a pattern matches. It is not live yet: see
// Follower.
func (f *Feed) Join(p channel.Pattern, to Sink) *Follower {
	f.mu.Lock()
	h, ok := f.histories.get(p)
	if !ok {
		h = newHistory(f, p, f.high)
		f.histories.put(p, h)
	}
	h.users++
	f.mu.Unlock()
	f.hub.counts.subscriptions.Add(1)
	w := &Follower{to: to, chase: chase{history: h}}
	w.begin()
	return w
}

// Followers returns how many follow a channel, those that follow patterns not counted.
func (f *Feed) Followers(name channel.Name) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	if h, ok := f.histories.get(name.Pattern()); ok {
		return h.users
	}
	return 0
}

// leave forgets a history that nobody follows any more.
func (f *Feed) leave(h *history) {
	f.hub.counts.subscriptions.Add(-1)
	f.mu.Lock()
	defer f.mu.Unlock()
	if h.users--; h.users == 0 {
		f.histories.remove(h.pattern)
	}
}

// live takes a batch of the live feed. What is in it for one history leaves as one publication.
func (f *Feed) live(batch []broker.Live) {
	var room [8]*history
	touched := room[:0]
	var purged []channel.Name
	var matches [4]*history
	f.mu.Lock()
	f.taking = true
	for _, m := range batch {
		if !f.seenLocked(m.Offset) {
			continue
		}
		f.tail.add(m.Message)
		if m.Purge {
			purged = append(purged, m.Channel)
		}
		for _, h := range f.histories.match(matches[:0], m.Channel) {
			if len(h.arrived) == 0 {
				touched = append(touched, h)
			}
			h.arrived = append(h.arrived, m)
		}
	}
	missed := f.missed
	f.mu.Unlock()
	for _, name := range purged {
		f.pages.purge(name)
	}
	for _, h := range touched {
		h.live(missed)
	}
	f.bundle = nil
	f.mu.Lock()
	f.taking = false
	f.mu.Unlock()
}

// seenLocked accounts for an offset of the live feed. It is false for messages from before the
// feed began.
func (f *Feed) seenLocked(offset uint64) bool {
	if f.begun && offset > f.high+1 {
		f.missLocked(offset - 1)
	}
	f.high = max(f.high, offset)
	return f.begun
}

// highest returns the highest offset that is known.
func (f *Feed) highest() uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.high
}

// missLocked notes that everything above high up to an offset has not come.
func (f *Feed) missLocked(last uint64) {
	f.missed = f.missed.with(gap{first: f.high + 1, last: last})
	f.high = last
	f.hub.reconciler.wake()
}

// bundled makes a publication, or returns the last one if it is the same message: those who follow
// the channel and those who follow a pattern then share its encoding.
func (f *Feed) bundled(messages []*broker.Message) *Publication {
	if len(messages) == 1 && f.bundle != nil && len(f.bundle.Messages) == 1 && f.bundle.Messages[0] == messages[0] {
		return f.bundle
	}
	f.bundle = Bundle(messages...)
	return f.bundle
}
