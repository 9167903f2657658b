package broker

import (
	"container/list"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/holdfast-dev/holdfast/internal/channel"
)

const (
	// overdueAfter is how long an answer is waited for before a message is sent again; longer from time to time, in case the
	// log is slow.
	overdueAfter = 600 * time.Millisecond
	laneInterval = 50 * time.Millisecond // between two looks at a log without a leader
)

// lane is the way of messages into one log of a cluster, whose leader may fail. What it did not answer is sent again, to
// the next one: so who publishes does not notice an election, but for the second that it takes. Sent again, a message
// is stored once, because each has an ID: its own, or one of the lane's, which readers do not see.
//
// A leader that ends loses what is on its way to it while the next one takes what comes later. So of one publisher and
// channel one message is under way at a time: its messages are stored in the order in which they were appended.
// Publishers do not wait for each other. The price is that one publisher gets a message into a channel per round trip,
// some three thousand a second in a local network.
type lane struct {
	log    *Log
	writer *writer

	mu      sync.Mutex
	letters list.List             // of *letter, not answered, in order; guarded by mu
	newest  map[publisher]*letter // of them; guarded by mu
	stalled bool                  // the log has no leader: only the first is sent, from time to time; guarded by mu
}

// publisher is whose messages keep their order.
type publisher struct {
	source  string
	channel channel.Name
}

// letter is a message on its way. The lane's mu guards it.
type letter struct {
	message  *Message
	own      string // an ID of the lane's, if the message has none
	last     uint64
	done     func(Ack, error)
	weight   int64
	appended time.Time
	place    *list.Element
	first    bool    // of its publisher, so that it may be sent
	next     *letter // of its publisher
	over     bool    // answered or given up: an answer to another attempt may still be on its way

	token uint64        // of the attempt under way, 0 if there is none
	sent  time.Time     // when that began
	tries int           // how many there were
	wait  time.Duration // after which the answer is overdue
}

func (l *letter) publisher() publisher { return publisher{l.message.Source, l.message.Channel} }

// overdue tells whether an answer should have come.
func (l *letter) overdue(now time.Time) bool { return l.token != 0 && now.Sub(l.sent) > l.wait }

// append sends a message, or has it wait behind those that do.
func (n *lane) append(m *Message, last uint64, weight int64, done func(Ack, error)) {
	l := &letter{message: m, last: last, weight: weight, done: done, appended: time.Now(), wait: overdueAfter}
	if m.ID == "" {
		l.own = rand.Text()
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	l.place = n.letters.PushBack(l)
	before := n.newest[l.publisher()]
	n.newest[l.publisher()] = l
	if before != nil {
		before.next = l
		return
	}
	l.first = true
	if !n.stalled {
		n.send(l)
	}
}

// send begins an attempt. The caller holds mu.
func (n *lane) send(l *letter) {
	n.recall(l)
	l.tries++
	l.sent = time.Now()
	var token uint64 // guarded by mu, as the answer may come at once
	token = n.writer.pending.add(n.log, 0, func(a Ack, err error) { n.answered(l, &token, a, err) })
	l.token = token
	if err := n.writer.send(n.log, l.message, l.own, l.last, n.writer.reply(token)); err != nil {
		n.recall(l)
		n.stalled = true
	}
}

// recall forgets the attempt that is under way. The caller holds mu.
func (n *lane) recall(l *letter) {
	if l.token != 0 {
		n.writer.pending.take(l.token)
		l.token = 0
	}
}

// remove takes a letter out, and lets the next of its publisher be sent. The caller holds mu.
func (n *lane) remove(l *letter) {
	n.recall(l)
	l.over = true
	n.letters.Remove(l.place)
	if n.newest[l.publisher()] == l {
		delete(n.newest, l.publisher())
	}
	if l.next != nil {
		l.next.first = true
	}
}

// answered takes the answer to an attempt, which mu guards the token of. It runs on the goroutine of the answers. While it
// waits for mu, look may begin another attempt, or give the letter up: an answer counts once, whichever attempt it is to.
func (n *lane) answered(l *letter, token *uint64, a Ack, err error) {
	n.mu.Lock()
	current := l.token == *token
	if current {
		l.token = 0
	}
	if l.over || errors.Is(err, ErrUnavailable) {
		n.stalled = n.stalled || current
		n.mu.Unlock()
		return // look sends it again, or gives it up
	}
	n.remove(l)
	switch {
	case n.stalled: // the log has a leader again
		n.stalled = false
		n.resume()
	case l.next != nil:
		n.send(l.next)
	}
	n.mu.Unlock()
	if l.own != "" {
		a.Duplicate = false // it is the message itself that is there
	}
	n.end(l, a, err)
}

// resume sends what waited for a leader. The caller holds mu.
func (n *lane) resume() {
	for e := n.letters.Front(); e != nil && !n.stalled; e = e.Next() {
		if l := e.Value.(*letter); l.first && l.token == 0 {
			n.send(l)
		}
	}
}

func (n *lane) end(l *letter, a Ack, err error) {
	n.writer.room.Release(l.weight)
	l.done(a, err)
}

// look gives up what has waited too long, all of it for a reason that concerns all; sends again what was not answered; and
// tries whether a log that had no leader has one. It is called every laneInterval.
func (n *lane) look(now time.Time, all error) {
	n.mu.Lock()
	var late []*letter
	for e := n.letters.Front(); e != nil; e = n.letters.Front() {
		l := e.Value.(*letter)
		if all == nil && now.Sub(l.appended) < ackTimeout {
			break
		}
		n.remove(l)
		late = append(late, l)
	}
	if len(late) > 0 && !n.stalled {
		n.resume()
	}
	for e := n.letters.Front(); e != nil; e = e.Next() {
		switch l := e.Value.(*letter); {
		case l.overdue(now):
			l.wait *= 2
			n.send(l)
		case n.stalled && l.first && l.token == 0 && e == n.letters.Front():
			n.send(l)
		}
	}
	if n.letters.Len() == 0 {
		n.stalled = false
	}
	n.mu.Unlock()
	for _, l := range late {
		n.end(l, Ack{}, l.givenUp(all))
	}
}

// givenUp says why there is no answer to a message.
func (l *letter) givenUp(all error) error {
	stored := "it was not stored"
	if l.tries > 0 {
		stored = "it may have been stored"
	}
	if all != nil {
		return fmt.Errorf("%w (%w; %s)", ErrUnavailable, all, stored)
	}
	return fmt.Errorf("%w (the log has had no leader for %s; %s)", ErrUnavailable, ackTimeout, stored)
}
