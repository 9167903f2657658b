package broker

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/internal/engine"
)

// letterOf puts a message into a lane without sending it.
func letterOf(t *testing.T, n *lane, m *Message, done func(Ack, error)) *letter {
	t.Helper()
	if err := n.writer.room.Acquire(context.Background(), messageWeight); err != nil {
		t.Fatal(err)
	}
	l := &letter{message: m, last: anyLast, weight: messageWeight, done: done, appended: time.Now(), wait: overdueAfter, first: true}
	l.place = n.letters.PushBack(l)
	n.newest[l.publisher()] = l
	return l
}

func TestAnAnswerThatComesWhileTheMessageIsSentAgainCountsOnce(t *testing.T) {
	l := openLog(t, open(t, Config{}), "#", Retention{})
	for name, answer := range map[string]error{"stored": nil, "refused": ErrFull, "unavailable": ErrUnavailable} {
		n := &lane{log: l, writer: l.broker.writer, newest: map[publisher]*letter{}}
		var times atomic.Int32
		m := text("a", "hello")
		m.ID = name

		n.mu.Lock()
		letter := letterOf(t, n, m, func(Ack, error) { times.Add(1) })
		n.send(letter)
		first, taken := n.writer.pending.take(letter.token) // as if the answer were waiting for the lane
		n.send(letter)
		n.mu.Unlock()
		if taken {
			first.done(Ack{Position: Position{Offset: 1}}, answer)
		}
		awaitAnswer(t, func() bool { return n.idle() && times.Load() > 0 })
		if times.Load() != 1 {
			t.Errorf("%s: answered %d times", name, times.Load())
		}
	}
}

func TestAnAnswerThatComesWhileTheMessageIsGivenUpIsTooLate(t *testing.T) {
	l := openLog(t, open(t, Config{}), "#", Retention{})
	n := &lane{log: l, writer: l.broker.writer, newest: map[publisher]*letter{}}
	var told []error
	n.mu.Lock()
	letter := letterOf(t, n, text("a", "hello"), func(_ Ack, err error) { told = append(told, err) })
	n.send(letter)
	first, taken := n.writer.pending.take(letter.token)
	n.mu.Unlock()
	if !taken {
		awaitAnswer(t, n.idle)
		return // the answer was faster
	}
	n.look(time.Now(), errors.New("it is over"))
	first.done(Ack{}, nil)
	if len(told) != 1 || !errors.Is(told[0], ErrUnavailable) {
		t.Errorf("it was told %v", told)
	}
}

func TestWhatIsSentAgainIsRememberedForLongEnough(t *testing.T) {
	short := Config{DuplicateWindow: time.Second}
	if got := short.withDefaults().DuplicateWindow; got != time.Second {
		t.Errorf("alone, an id is remembered for %s", got)
	}
	short.Cluster = &engine.Cluster{}
	if got := short.withDefaults().DuplicateWindow; got <= ackTimeout {
		t.Errorf("an id is remembered for %s, and messages are sent again for %s", got, ackTimeout)
	}
}

func awaitAnswer(t *testing.T, is func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(20 * time.Second); !is(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatal("there is no answer")
		}
	}
}

// idle tells whether nothing is under way.
func (n *lane) idle() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.writer.pending.mu.Lock()
	defer n.writer.pending.mu.Unlock()
	return n.letters.Len() == 0 && len(n.writer.pending.free) == maxInFlight
}
