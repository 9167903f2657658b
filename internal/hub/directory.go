package hub

import (
	"strings"
	"sync/atomic"

	"github.com/holdfast-dev/holdfast/internal/channel"
)

// What is for whoever looks after the node: which channels have subscribers, told page by page.

// Listed is a channel with subscribers.
type Listed struct {
	Name        channel.Name
	Subscribers int    // subscriptions, those to patterns not counted
	Offset      uint64 // where somebody who subscribes now would begin; 0 if nothing is kept
}

// The bounds of a look through the channels.
const (
	lookAtOnce = 1000    // names, while the lock is held
	maxLooked  = 100_000 // names for one page
)

// Channels returns ephemeral channels with subscribers in the order of their names: at most most of those that p
// selects, behind after, which is "" for the first. upTo says how far it has looked, "" for all: a page may be short, or
// empty, all the same. Cost: one look at each name with the beginning that all that p selects have.
func (h *Hub) Channels(p channel.Pattern, after channel.Name, most int) (page []Listed, upTo channel.Name) {
	look := looker{pattern: p, most: most, at: after}
	for look.goesOn() {
		h.mu.RLock()
		for _, name := range some(&h.topics, &look) {
			page = append(page, Listed{Name: name, Subscribers: h.topics.exact[name.Pattern()].users})
		}
		h.mu.RUnlock()
	}
	return page, look.upTo()
}

// Channels is [Hub.Channels] for those of the log.
func (f *Feed) Channels(p channel.Pattern, after channel.Name, most int) (page []Listed, upTo channel.Name) {
	look := looker{pattern: p, most: most, at: after}
	var found []*history
	for look.goesOn() {
		f.mu.Lock()
		for _, name := range some(&f.histories, &look) {
			h := f.histories.exact[name.Pattern()]
			page = append(page, Listed{Name: name, Subscribers: h.users})
			found = append(found, h)
		}
		f.mu.Unlock()
	}
	for i, h := range found {
		h.mu.Lock()
		page[i].Offset = h.head
		h.mu.Unlock()
	}
	return page, look.upTo()
}

// looker is one look through the names of channels.
type looker struct {
	pattern channel.Pattern
	most    int          // to be found
	at      channel.Name // looked at last
	looked  int
	end     bool // there are no others
}

func (l *looker) goesOn() bool { return !l.end && l.most > 0 && l.looked < maxLooked }

func (l *looker) upTo() channel.Name {
	if l.end {
		return ""
	}
	return l.at
}

// some looks at the next names, at most lookAtOnce, and returns those that are wanted. The index is locked.
func some[T any](x *index[T], l *looker) (found []channel.Name) {
	prefix := prefixOf(l.pattern)
	n := 0
	l.end = true
	x.names.Ascend(max(string(l.at), prefix), func(s string) bool {
		name := channel.Name(s)
		switch {
		case name == l.at:
			return true
		case !strings.HasPrefix(s, prefix):
			return false
		case n == lookAtOnce || l.most == 0:
			l.end = false
			return false
		}
		n++
		l.at = name
		if l.pattern.Matches(name) {
			found = append(found, name)
			l.most--
		}
		return true
	})
	l.looked += n
	return found
}

// prefixOf returns what the names of all channels that p selects begin with.
func prefixOf(p channel.Pattern) string {
	rest := string(p)
	for {
		segment, below, more := strings.Cut(rest, "/")
		if segment == "+" || segment == "#" {
			return strings.TrimSuffix(string(p)[:len(p)-len(rest)], "/")
		}
		if !more {
			return string(p)
		}
		rest = below
	}
}

// counts are of the whole hub.
type counts struct {
	subscriptions atomic.Int64
	delivered     atomic.Int64 // messages, once for each live subscriber that they were given to
}

// Counts is how much a hub has to do.
type Counts struct {
	Channels      int // with subscribers; patterns are not counted
	Subscriptions int
	Delivered     int64 // messages given to live subscribers, once for each of them
}

// Counts returns how much there is now.
func (h *Hub) Counts() Counts {
	c := Counts{Subscriptions: int(h.counts.subscriptions.Load()), Delivered: h.counts.delivered.Load()}
	h.mu.RLock()
	c.Channels = len(h.topics.exact)
	h.mu.RUnlock()
	for _, f := range h.reconciler.all() {
		f.mu.Lock()
		c.Channels += len(f.histories.exact)
		f.mu.Unlock()
	}
	return c
}
