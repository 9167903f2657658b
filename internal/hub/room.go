package hub

import (
	"slices"
	"sync"
	"time"

	"github.com/holdfast-dev/holdfast/internal/channel"
)

// room is who is present in one channel. Presence.mu guards it, save telling.
type room struct {
	name        channel.Name
	connections map[string]*present // by connection
	users       map[string]*user    // by user
	order       []string            // the users, sorted, if sorted is set
	sorted      bool                // nobody has come or gone since order was made
	watchers    map[*Watch]struct{}

	changes map[string]Change // by user; what the watchers have not been told
	missed  bool              // there were more
	told    bool              // a goroutine tells them
	telling sync.Mutex        // held while watchers are called; taken before Presence.mu
}

// present is an entry in its room.
type present struct {
	Entry
	leaving *time.Timer // runs while the connection is gone and may come back
}

// user is one user's connections, the oldest first.
type user struct {
	connections []*present
}

// stopLeaving keeps a connection that had gone.
func (c *present) stopLeaving() {
	if c.leaving != nil {
		c.leaving.Stop()
		c.leaving = nil // and if its function waits for the lock, it will see that
	}
}

func (p *Presence) addLocked(r *room, c *present) {
	r.connections[c.Connection] = c
	u := r.users[c.User]
	if u == nil {
		u = &user{}
		r.users[c.User] = u
		r.sorted = false
		p.noteLocked(r, c.User, c.Info, true)
	}
	u.connections = append(u.connections, c)
}

func (p *Presence) removeLocked(r *room, c *present) {
	delete(r.connections, c.Connection)
	u := r.users[c.User]
	u.connections = slices.DeleteFunc(u.connections, func(other *present) bool { return other == c })
	if len(u.connections) == 0 {
		delete(r.users, c.User)
		r.sorted = false
		p.noteLocked(r, c.User, c.Info, false)
	}
}

// Member is a user who is present in a channel.
type Member struct {
	User        string
	Info        []byte // of the newest connection
	Connections int
}

// Roster returns the users of a channel whose names are behind after, which is "" at first, in order,
// at most most; more tells that there are others behind them. What comes and goes between two pages
// may be missed or seen, but nobody is seen twice. Cost: sorting the users if anybody has come or
// gone since the last time.
func (p *Presence) Roster(name channel.Name, after string, most int) (members []Member, more bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := p.rooms[name]
	if r == nil {
		return nil, false
	}
	from, found := slices.BinarySearch(r.inOrder(), after)
	if found {
		from++
	}
	to := min(from+most, len(r.order))
	for _, name := range r.order[from:to] {
		all := r.users[name].connections
		members = append(members, Member{User: name, Info: all[len(all)-1].Info, Connections: len(all)})
	}
	return members, to < len(r.order)
}

func (r *room) inOrder() []string {
	if !r.sorted {
		r.order = r.order[:0]
		for name := range r.users {
			r.order = append(r.order, name)
		}
		slices.Sort(r.order)
		r.sorted = true
	}
	return r.order
}

// Count returns how many users and connections are present in a channel. It costs two look-ups.
func (p *Presence) Count(name channel.Name) (users, connections int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if r := p.rooms[name]; r != nil {
		return len(r.users), len(r.connections)
	}
	return 0, 0
}
