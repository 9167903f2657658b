package chaos

import (
	"context"
	"fmt"
	"hash/maphash"
	"strings"
	"sync"

	"github.com/holdfast-dev/holdfast/client"
)

// stored is one message as it is compared: its place, and what it says.
type stored struct {
	offset uint64
	sum    uint64
}

var seed = maphash.MakeSeed()

func storedOf(channel string, offset uint64, text string) stored {
	return stored{offset, maphash.String(seed, channel+" "+text)}
}

// follower is one subscription of a client to what is stored, and what came of it.
type follower struct {
	name string // of the channel or pattern
	line *line
	of   int                  // subscriptions of the client
	sub  *client.Subscription // nil for a client in another language

	begins uint64 // offset behind which it has to get everything

	mu     sync.Mutex // guards what follows
	got    []stored
	since  *wire // that it was live on
	faults faults
}

// follow notes what comes until the subscription ends.
func (f *follower) follow(ctx context.Context) {
	for event, err := range f.sub.Events(ctx) {
		switch e := event.(type) {
		case *client.Message:
			f.message(storedOf(e.Channel, e.Offset, e.Text()))
		case *client.Live:
			f.live()
		case *client.Lost:
			f.fault(e.Error())
		case *client.Gap:
			f.fault(e.Error())
		case nil:
			if ctx.Err() == nil {
				f.fault(err.Error())
			}
		}
	}
}

func (f *follower) message(s stored) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.got = append(f.got, s)
}

func (f *follower) live() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.since = f.line.live(f.since, f.of)
}

func (f *follower) fault(what string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults.add(fmt.Sprintf("a follower of %s: %s", f.name, what))
}

// has tells whether a message has come.
func (f *follower) has(offset uint64) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := len(f.got) - 1; i >= 0; i-- {
		if f.got[i].offset == offset {
			return true
		}
	}
	return false
}

// listener is one subscription of a client to a channel that keeps nothing.
type listener struct {
	line *line
	of   int
	sub  *client.Subscription

	mu       sync.Mutex // guards what follows
	came     int
	missed   int
	repeated int
	faults   faults
}

// listen checks that messages come in order and once, and that a gap is told wherever one is missing.
func (l *listener) listen(ctx context.Context) {
	var since *wire
	last, told := -1, true
	for event, err := range l.sub.Events(ctx) {
		l.mu.Lock()
		switch e := event.(type) {
		case *client.Message:
			_, number, bad := numberOf(e.Text())
			switch {
			case bad != nil:
				l.faults.add(bad.Error())
			case number <= last:
				l.repeated++
				l.faults.add(fmt.Sprintf("%s: message %d came after %d", l.sub.Name(), number, last))
			case last >= 0 && number > last+1 && !told:
				l.faults.add(fmt.Sprintf("%s: from message %d to %d, and no gap was told", l.sub.Name(), last, number))
			case last >= 0:
				l.missed += number - last - 1
			}
			l.came++
			last, told = max(last, number), false
		case *client.Gap:
			told = true
		case *client.Live:
			since = l.line.live(since, l.of)
		case nil:
			if ctx.Err() == nil {
				l.faults.add(fmt.Sprintf("%s has ended: %v", l.sub.Name(), err))
			}
		}
		l.mu.Unlock()
	}
}

// textOf is what a publisher says for the n-th time, as long as a line of a chat with its envelope.
func textOf(publisher string, n int) string {
	return fmt.Sprintf("%s %d %s", publisher, n, strings.Repeat("x", 60))
}

// numberOf is the reverse of textOf.
func numberOf(text string) (publisher string, n int, err error) {
	if _, err := fmt.Sscan(text, &publisher, &n); err != nil || text != textOf(publisher, n) {
		return "", 0, fmt.Errorf("%.80q was never published", text)
	}
	return publisher, n, nil
}

// faults are the first few of many, and how many there are.
type faults struct {
	Count int
	First []string
}

const maxFaultsTold = 8

func (f *faults) add(what string) {
	f.Count++
	if len(f.First) < maxFaultsTold {
		f.First = append(f.First, what)
	}
}

func (f *faults) addAll(more *faults) {
	for _, what := range more.First {
		f.add(what)
	}
	f.Count += more.Count - len(more.First)
}
