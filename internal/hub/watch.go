package hub

import (
	"maps"
	"slices"
	"time"

	"github.com/holdfast-dev/holdfast/internal/channel"
)

const (
	// largeRoom is how many users make a channel large. Its joins and leaves are told together, once
	// in a while.
	largeRoom      = 100
	largeRoomPause = time.Second
	// maxChanges bounds the joins and leaves that wait to be told. Beyond, the watchers are told to ask
	// for the roster again.
	maxChanges = 10_000
)

// Change is a user who has come or gone.
type Change struct {
	User string
	Info []byte
	Here bool // come, not gone
}

// Changes is what the watchers of a channel are told together. It is shared, and never changed.
type Changes struct {
	Channel channel.Name
	Users   []Change // in no order; of each user the latest
	Missed  bool     // there were too many: the roster is to be read again
	Count   int      // users that are present
}

// Watcher is told who comes and goes in a channel. Who is told soon after the watch has begun may be
// in the roster already.
type Watcher interface {
	// Changed is called for one set of changes of a watch at a time. It must not block and must not
	// cancel the watch.
	Changed(c *Changes)
}

// Watch is one watcher's place in a channel.
type Watch struct {
	presence *Presence
	room     *room
	to       Watcher
}

// Watch tells w who comes and goes in a channel from now on.
func (p *Presence) Watch(name channel.Name, to Watcher) *Watch {
	p.mu.Lock()
	defer p.mu.Unlock()
	w := &Watch{presence: p, room: p.roomLocked(name), to: to}
	w.room.watchers[w] = struct{}{}
	return w
}

// Cancel ends the watch. When it returns, Changed is not running and will not run. Further calls do
// nothing.
func (w *Watch) Cancel() {
	w.room.telling.Lock()
	defer w.room.telling.Unlock()
	w.presence.mu.Lock()
	defer w.presence.mu.Unlock()
	delete(w.room.watchers, w)
	w.presence.tidyLocked(w.room)
}

// noteLocked tells who observes that a user has come or gone, and has the watchers told. If both has happened since
// those were told last, there is nothing to tell. A goroutine exists only while there is.
func (p *Presence) noteLocked(r *room, user string, info []byte, here bool) {
	if !p.closed {
		p.observe(r.name, Change{User: user, Info: info, Here: here})
	}
	if len(r.watchers) == 0 || p.closed {
		return
	}
	if last, ok := r.changes[user]; ok && last.Here != here {
		delete(r.changes, user)
		return
	}
	if len(r.changes) == maxChanges {
		r.changes, r.missed = nil, true
	}
	if r.changes == nil {
		r.changes = make(map[string]Change)
	}
	if !r.missed {
		r.changes[user] = Change{User: user, Info: info, Here: here}
	}
	if !r.told {
		r.told = true
		large := len(r.users) >= largeRoom
		p.running.Go(func() { p.tell(r, large) })
	}
}

// tell tells the watchers of a room, in a large one after a while, until there is nothing to tell.
func (p *Presence) tell(r *room, large bool) {
	for {
		if large {
			select {
			case <-time.After(largeRoomPause):
			case <-p.ended:
				return
			}
		}
		if !p.tellOnce(r) {
			return
		}
		p.mu.Lock()
		large = len(r.users) >= largeRoom
		p.mu.Unlock()
	}
}

// tellOnce tells what there is to tell, and returns false if there was nothing. The watchers are
// told without the lock of the presence.
func (p *Presence) tellOnce(r *room) bool {
	r.telling.Lock()
	defer r.telling.Unlock()
	p.mu.Lock()
	c := &Changes{Channel: r.name, Users: slices.Collect(maps.Values(r.changes)), Missed: r.missed, Count: len(r.users)}
	r.changes, r.missed = nil, false
	watchers := slices.Collect(maps.Keys(r.watchers))
	r.told = (len(c.Users) > 0 || c.Missed) && !p.closed
	again := r.told
	p.mu.Unlock()
	if again {
		for _, w := range watchers {
			w.to.Changed(c)
		}
	}
	return again
}
