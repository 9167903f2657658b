package hub

import (
	"slices"
	"sync"

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

// user is one user's connections, the oldest first.
type user struct {
	name        string
	connections []*present
}

// info returns what is known of the user, by the newest connection.
func (u *user) info() []byte { return u.connections[len(u.connections)-1].claims[0].Info }

// enterLocked counts a connection with its user, who comes if it is the first.
func (p *Presence) enterLocked(r *room, c *present) {
	name := c.claims[0].User
	u := r.users[name]
	if u == nil {
		u = &user{name: name}
		r.users[name] = u
		r.sorted = false
		p.noteLocked(r, name, c.claims[0].Info, true)
	}
	u.connections = append(u.connections, c)
	c.user = u
}

// exitLocked undoes enterLocked. The user goes with the last connection, of which info is known.
func (p *Presence) exitLocked(r *room, c *present, info []byte) {
	u := c.user
	c.user = nil
	u.connections = slices.DeleteFunc(u.connections, func(other *present) bool { return other == c })
	if len(u.connections) == 0 {
		delete(r.users, u.name)
		r.sorted = false
		p.noteLocked(r, u.name, info, false)
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
		u := r.users[name]
		members = append(members, Member{User: name, Info: u.info(), Connections: len(u.connections)})
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
