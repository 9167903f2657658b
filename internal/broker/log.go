package broker

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/holdfast-dev/holdfast/internal/channel"
)

// Retention says what a log keeps. What is older goes first. Zero means unlimited.
type Retention struct {
	Count int           // messages of each channel
	Age   time.Duration // of each message; at least 100 ms
	Bytes int64         // of all channels of the log together, as stored
}

// Log is the history of all channels that one rule serves: a JetStream stream. Its methods may be
// called from any goroutine.
type Log struct {
	broker   *Broker
	name     string
	stream   string
	subjects string // prefix of the subjects that messages are stored under
	live     string // prefix of the subjects that they are carried live under

	state atomic.Pointer[logState] // changed by configure only, which Broker.mu guards
	asked atomic.Uint32            // picks a reader
	lane  *lane                    // nil but in a cluster
}

// logState is what is known of the stream.
type logState struct {
	epoch string
	age   time.Duration
	// count is how many messages of a channel are kept at least: while that is being lowered it is
	// the lower one already, and while it is being raised the lower one still.
	count int
	// settled is the offset behind which count has been at least what it is now. Before it, more may
	// have been evicted.
	settled uint64
}

// Name returns the name that the log was opened by.
func (l *Log) Name() string { return l.name }

// Epoch names the incarnation of the log: offsets of another one mean nothing.
func (l *Log) Epoch() string {
	return l.state.Load().epoch
}

// Append stores m, which must not be changed afterwards. It does not wait: done is called exactly
// once, from another goroutine, when m is stored or is known not to be; it must not block. Messages
// that one goroutine appends are stored in that order. Append blocks only while too many messages
// are in flight.
//
// The error is ErrFull, ErrTooLarge or ErrUnavailable with more to it, or says which label of the
// message is too long. A message with an ID that the channel has had within the duplicate window is
// not stored again: done gets the offset of the first one.
func (l *Log) Append(ctx context.Context, m *Message, done func(Ack, error)) {
	l.append(ctx, m, anyLast, done)
}

// AppendAfter is Append for those who must not overwrite what others have written meanwhile: m is stored only if
// the newest message of its channel is the one at the offset last, or if there is none and last is 0. Else the
// error is ErrNotLast.
func (l *Log) AppendAfter(ctx context.Context, last uint64, m *Message, done func(Ack, error)) {
	l.append(ctx, m, last, done)
}

// anyLast is no offset: the newest message may be any.
const anyLast = ^uint64(0)

func (l *Log) append(ctx context.Context, m *Message, last uint64, done func(Ack, error)) {
	w := l.broker.writer
	if err := checkLabels(m); err != nil {
		w.fail(done, err)
		return
	}
	if most := l.broker.config.MaxMessageBytes; len(m.Payload) > most {
		w.fail(done, fmt.Errorf("%w (it has %d bytes; at most %d)", ErrTooLarge, len(m.Payload), most))
		return
	}
	if err := w.refusal(l); err != nil {
		w.fail(done, err)
		return
	}
	w.append(ctx, l, m, last, done)
}

// reader picks the connection for the next read.
func (l *Log) reader() *reader {
	readers := l.broker.readers
	return readers[int(l.asked.Add(1))%len(readers)]
}

// filter returns the subject filter of a pattern.
func (l *Log) filter(p channel.Pattern) string {
	return filter(l.subjects, p)
}
