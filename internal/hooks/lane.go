package hooks

import (
	"time"

	"github.com/holdfast-dev/holdfast/internal/channel"
)

// lane is the events of one channel in one log, on their way to one hook, in order. It is there while there
// are any. A lane is in one place at a time: in the delivery's list of those that are ready, or of those that
// wait, or with a worker. The delivery's lock guards it.
//
// A lane usually gets its events from whoever reads the whole log. One that fails, or has too many, must not
// hold that up: it becomes late, is passed over, and reads its channel on its own, behind what it has, until it has
// caught up.
type lane struct {
	feed    *feed
	channel channel.Name
	events  []*event // read and not told yet

	done mark      // it has been told up to here
	skip time.Time // what was stored before has been told, too
	read uint64    // offset up to which its events have been read
	next uint64    // offset of the event behind it that was read and forgotten; 0 for none
	late bool
	seen uint64 // late: offset of the last that was passed over; when it has read so far it has caught up

	failures int       // of the first event, one after the other
	alone    bool      // the first event is to be sent alone, because it may be what fails
	due      time.Time // while it waits
}

// mark is a place in a log: everything up to the offset, and everything that was stored before the time.
type mark struct {
	Offset uint64    `json:"offset"`
	Time   time.Time `json:"time,omitzero"`
}

// maxLaneEvents is how many events of one lane are in memory before it is late.
const maxLaneEvents = 64

// took notes that the first n events have been told, or given up.
func (l *lane) took(n int) {
	last := l.events[n-1]
	l.done = mark{last.offset, last.stored}
	clear(l.events[:n])
	l.events = l.events[n:]
	l.failures, l.alone = 0, false
}

// forget drops the events from memory, of which there are some: they will be read again. It returns what they
// took.
func (l *lane) forget() (events, bytes int) {
	for _, e := range l.events {
		bytes += len(e.body)
	}
	events = len(l.events)
	l.next = l.events[0].offset
	l.events, l.read = nil, l.done.Offset
	return events, bytes
}

const (
	leastRetry = time.Second
	mostRetry  = 300 // times that: five minutes
)

// retryDelay is how long to wait before the next try after so many failures: from least on, doubling to 300 times as
// much, with a third of it left to chance; or as long as the backend asks for.
func retryDelay(least time.Duration, failures int, asked time.Duration, chance float64) time.Duration {
	delay := min(least<<min(failures-1, 10), mostRetry*least)
	delay -= time.Duration(chance * float64(delay) / 3)
	return max(delay, asked)
}
