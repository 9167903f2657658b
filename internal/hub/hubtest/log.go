// Package hubtest has a log in memory whose live feed can be made as bad as a live feed may be.
package hubtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/websocket"
)

// ErrAway is what a log that is away answers.
var ErrAway = errors.New("the log is away")

// Log is a log in memory. What is appended comes live only when the test says so.
type Log struct {
	PageMessages int // the most in a page, if not 0

	mu       sync.Mutex // guards what follows
	all      []*broker.Message
	newest   map[channel.Name]uint64
	evicted  map[uint64]bool
	purged   map[uint64]bool
	waiting  []broker.Live // stored, not yet live
	followed func([]broker.Live)
	away     bool
	behind   int // of the newest messages, those that Read does not see yet
	reads    int

	live sync.Mutex // held while the feed is being called
}

// NewLog returns an empty log.
func NewLog() *Log {
	return &Log{newest: map[channel.Name]uint64{}, evicted: map[uint64]bool{}, purged: map[uint64]bool{}}
}

// Epoch implements hub.Log.
func (l *Log) Epoch() string { return "epoch" }

// Append stores a message; it waits to come live. The payload is its channel and offset.
func (l *Log) Append(name channel.Name, change ...func(*broker.Message)) *broker.Message {
	l.mu.Lock()
	defer l.mu.Unlock()
	m := &broker.Message{Channel: name, Type: websocket.Text, Offset: uint64(len(l.all) + 1)}
	m.Payload = fmt.Appendf(nil, "%s@%d", name, m.Offset)
	for _, f := range change {
		f(m)
	}
	l.all = append(l.all, m)
	l.waiting = append(l.waiting, broker.Live{Message: m, Previous: l.previousLocked(name)})
	l.newest[name] = m.Offset
	return m
}

// previousLocked returns the newest offset of a channel, if it is still kept.
func (l *Log) previousLocked(name channel.Name) uint64 {
	for i := len(l.all) - 1; i >= 0; i-- {
		if m := l.all[i]; m.Channel == name && m.Offset == l.newest[name] && !l.evicted[m.Offset] && !l.purged[m.Offset] {
			return m.Offset
		}
	}
	return 0
}

// Waiting takes what has been stored and has not come live, for the test to deliver or not.
func (l *Log) Waiting() []broker.Live {
	l.mu.Lock()
	defer l.mu.Unlock()
	w := l.waiting
	l.waiting = nil
	return w
}

// Deliver hands a batch to the live feed.
func (l *Log) Deliver(batch ...broker.Live) {
	l.live.Lock()
	defer l.live.Unlock()
	l.mu.Lock()
	deliver := l.followed
	l.mu.Unlock()
	if deliver != nil && len(batch) > 0 {
		deliver(batch)
	}
}

// Flow delivers everything that waits, as one batch.
func (l *Log) Flow() { l.Deliver(l.Waiting()...) }

// Evict forgets the message at an offset.
func (l *Log) Evict(offset uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.evicted[offset] = true
}

// Purge stores a mark with which what a channel has kept is gone; it waits to come live.
func (l *Log) Purge(name channel.Name) *broker.Message {
	l.mu.Lock()
	for _, m := range l.all {
		if m.Channel == name {
			l.purged[m.Offset] = true
		}
	}
	l.mu.Unlock()
	return l.Append(name, func(m *broker.Message) { m.Purge, m.Payload = true, nil })
}

// SetAway makes the log fail, or answer again.
func (l *Log) SetAway(away bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.away = away
}

// SetBehind makes Read answer like a replica that lacks the newest n messages.
func (l *Log) SetBehind(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.behind = n
}

// Reads returns how many pages have been read.
func (l *Log) Reads() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.reads
}

// All returns all messages that were ever stored.
func (l *Log) All() []*broker.Message {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.all)
}

// Follow implements hub.Log.
func (l *Log) Follow(deliver func(batch []broker.Live)) (stop func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.followed = deliver
	return func() {
		l.live.Lock()
		defer l.live.Unlock()
		l.mu.Lock()
		defer l.mu.Unlock()
		l.followed = nil
	}
}

// Read implements hub.Log.
func (l *Log) Read(ctx context.Context, p channel.Pattern, after uint64, most int) (*broker.Page, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.readLocked(ctx); err != nil {
		return nil, err
	}
	if l.PageMessages > 0 {
		most = min(most, l.PageMessages)
	}
	page := &broker.Page{End: broker.Position{Epoch: l.Epoch(), Offset: after}}
	seen := l.all[:len(l.all)-l.behind]
	if after > uint64(len(seen)) { // from another world
		page.Lost, after, page.End.Offset = true, 0, 0
	}
	for _, m := range seen[after:] {
		switch {
		case !p.Matches(m.Channel) || l.purged[m.Offset]:
		case l.evicted[m.Offset] && len(page.Messages) > 0:
			page.More = true // the next page says so
			return page, nil
		case l.evicted[m.Offset]:
			page.Lost = page.Lost || after > 0
		case len(page.Messages) == most:
			page.More = true
			return page, nil
		default:
			page.Messages = append(page.Messages, m)
			page.End.Offset = m.Offset
		}
	}
	if len(page.Messages) == 0 {
		page.End.Offset = uint64(len(seen))
	}
	page.SetPurges(after)
	return page, nil
}

func (l *Log) readLocked(ctx context.Context) error {
	l.reads++
	if l.away {
		return ErrAway
	}
	return ctx.Err()
}

// Last implements hub.Log.
func (l *Log) Last(ctx context.Context, p channel.Pattern, n int) (*broker.Page, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.readLocked(ctx); err != nil {
		return nil, err
	}
	page := &broker.Page{End: broker.Position{Epoch: l.Epoch(), Offset: uint64(len(l.all))}}
	for i := len(l.all) - 1; i >= 0 && len(page.Messages) < n; i-- {
		if m := l.all[i]; p.Matches(m.Channel) && !l.evicted[m.Offset] && !l.purged[m.Offset] {
			page.Messages = append(page.Messages, m)
		}
	}
	slices.Reverse(page.Messages)
	if len(page.Messages) > 0 {
		page.End.Offset = page.Messages[len(page.Messages)-1].Offset
	}
	page.SetPurges(0)
	return page, nil
}

// State tells how much is kept; a byte a message.
func (l *Log) State(context.Context) (broker.State, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.away {
		return broker.State{}, ErrAway
	}
	kept := int64(len(l.all) - len(l.evicted) - len(l.purged))
	return broker.State{Messages: kept, Bytes: kept, Last: uint64(len(l.all))}, nil
}

// Position implements hub.Log.
func (l *Log) Position(ctx context.Context, p channel.Pattern) (broker.Position, error) {
	page, err := l.Last(ctx, p, 1)
	if err != nil {
		return broker.Position{}, err
	}
	return page.End, nil
}
