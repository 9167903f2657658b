package hub

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
)

// crowd is the reads of single channels that wait for their turn. When many clients come back at the
// same time, to as many channels, each would have the log search for a few messages; one look at
// everything that was stored meanwhile has the messages of all.
type crowd struct {
	mu      sync.Mutex // guards what follows
	waiting map[*asker]struct{}
	looking bool // somebody is: the next look will find what all need who come meanwhile
}

// asker is one read that waits.
type asker struct {
	key    pageKey
	served chan struct{} // closed when somebody has looked for it
	page   *Page         // what was found; nil if the log is to be asked

	messages []*broker.Message
	bytes    int // of their payloads
}

const (
	minCrowd = 16 // askers that are worth a look at everything

	// sweepMessages is how many messages the look may be long for each asker. Reading that many in a row
	// costs about as much as one search.
	sweepMessages = 256

	maxPageBytes = 256 << 10 // of payloads, for each asker
)

// enter makes a read wait.
func (c *crowd) enter(key pageKey) *asker {
	a := &asker{key: key, served: make(chan struct{})}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.waiting == nil {
		c.waiting = make(map[*asker]struct{})
	}
	c.waiting[a] = struct{}{}
	return a
}

// leave takes a out, whose turn it is, and if the others that wait are a crowd, all of them: they
// are to be looked for. It is false if somebody else is looking for a already.
func (c *crowd) leave(a *asker) (others []*asker, mine bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, mine = c.waiting[a]; !mine {
		return nil, false
	}
	delete(c.waiting, a)
	if len(c.waiting) < minCrowd || c.looking {
		return nil, true
	}
	for other := range c.waiting {
		others = append(others, other)
	}
	clear(c.waiting)
	c.looking = true
	return others, true
}

// looked ends what leave has begun by returning others.
func (c *crowd) looked() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.looking = false
}

// sweep reads everything behind the lowest position of a crowd, and leaves to each asker what is its
// own. Who is too far behind, or may have lost something, gets no page and asks the log itself.
func (ps *pages) sweep(ctx context.Context, askers []*asker) error {
	nearby := sweepable(askers, ps.feed.highest())
	if len(nearby) < minCrowd {
		return nil
	}
	wanted := make(map[channel.Name][]*asker)
	for _, a := range nearby {
		name := channel.Name(a.key.pattern)
		wanted[name] = append(wanted[name], a)
	}
	at := nearby[len(nearby)-1].key.after
	unproven := at // who is below may have lost something
	for more := true; more; {
		page, err := ps.readLog(ctx, everything, at)
		if err != nil {
			return err
		}
		for _, m := range page.Messages {
			if m.Offset != at+1 {
				unproven = m.Offset - 1
			}
			at = m.Offset
			for _, a := range wanted[m.Channel] {
				a.take(m)
			}
		}
		if page.End.Offset > at {
			unproven, at = page.End.Offset, page.End.Offset
		}
		more = page.More
	}
	for _, a := range nearby {
		if a.key.after >= unproven {
			a.page = a.pageUpTo(at)
		}
	}
	return nil
}

// sweepable returns those who read a single channel from so near to the end of the log that they can be
// looked for together, the nearest first.
func sweepable(askers []*asker, end uint64) []*asker {
	var single []*asker
	for _, a := range askers {
		if _, one := a.key.pattern.IsName(); one && a.key.newest == 0 && a.key.after <= end {
			single = append(single, a)
		}
	}
	slices.SortFunc(single, func(a, b *asker) int { return cmp.Compare(b.key.after, a.key.after) })
	near := 0
	for i, a := range single {
		if end-a.key.after <= uint64(i+1)*sweepMessages {
			near = i + 1
		}
	}
	return single[:near]
}

// take keeps m if it is behind a's position, and a's page is not full.
func (a *asker) take(m *broker.Message) {
	if m.Offset <= a.key.after || a.full() {
		return
	}
	a.messages = append(a.messages, m)
	a.bytes += len(m.Payload)
}

func (a *asker) full() bool { return len(a.messages) == maxPageMessages || a.bytes >= maxPageBytes }

// pageUpTo returns the page of an asker, whose messages are all there are up to end, if it is not
// full.
func (a *asker) pageUpTo(end uint64) *Page {
	p := &Page{whole: true, End: max(end, a.key.after)}
	if len(a.messages) > 0 {
		p.Publication = Bundle(a.messages...)
	}
	if a.full() {
		p.End, p.More = a.messages[len(a.messages)-1].Offset, true
	}
	return p
}
