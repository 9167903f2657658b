package hub

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/holdfast-dev/holdfast/internal/channel"
)

const (
	// DefaultGrace is how long a connection may be away before it counts as having left.
	DefaultGrace = 5 * time.Second
	// MaxInfoBytes bounds what an entry says about its user.
	MaxInfoBytes = 4 << 10
)

// anonymous begins the name under which a connection of nobody in particular is present: each is a user of its own. No
// user has a name with a control character in it.
const anonymous = "\x00"

// Anonymous returns the user as whom a connection of nobody in particular is present.
func Anonymous(connection string) (user string) { return anonymous + connection }

// IsAnonymous tells whether a user is one of those, and which connection it is.
func IsAnonymous(user string) (connection string, ok bool) { return strings.CutPrefix(user, anonymous) }

// ErrInfoTooLarge refuses an entry.
var ErrInfoTooLarge = errors.New("what a presence entry says about its user is too large")

// Entry is one connection of a user that is present in a channel.
type Entry struct {
	Channel    channel.Name
	User       string
	Connection string // unique; the same after a reconnect that resumes the session, on whichever node
	Info       []byte // what others are told of the user, at most MaxInfoBytes

	// Turn grows when the session comes to another node: of several nodes that say that they have it, the one with the
	// greatest is right, if there is one. 0 where sessions stay where they are.
	Turn uint64
	// Number grows with each connection that this node gives the session: what an older one says late of the entry of a
	// newer one changes nothing. 0 where that can't happen.
	Number uint64
}

// Presence knows who is where, on all nodes. A user is present in a channel while any of its connections is, or has
// left less than the grace period ago, so that a reconnect causes neither a leave nor a join; nor does one to another node.
// Its methods may be called from any goroutine.
type Presence struct {
	observe func(channel.Name, Change)
	running sync.WaitGroup // the goroutines that tell watchers
	ended   chan struct{}  // closed by Close

	node string // this one
	rows Rows   // what the others know of it

	mu     sync.Mutex // guards what follows
	rooms  map[channel.Name]*room
	grace  fuse      // of connections of this node
	linger fuse      // of those of others
	missed time.Time // until when nobody who leaves has a grace period
	closed bool
}

// NewPresence returns a presence of nobody. A grace of 0 means DefaultGrace. observe, unless it is nil, is told of everybody
// who comes or goes in any channel, in order, and that all have gone when the presence is closed; it is called while all is
// locked, and must not wait.
func NewPresence(grace time.Duration, observe func(channel.Name, Change)) *Presence {
	if grace == 0 {
		grace = DefaultGrace
	}
	if observe == nil {
		observe = func(channel.Name, Change) {}
	}
	p := &Presence{observe: observe, rows: unshared{}, rooms: make(map[channel.Name]*room), ended: make(chan struct{})}
	p.grace.init(p, grace)
	p.linger.init(p, lingerTime)
	return p
}

// Join notes that a connection is there, on this node. If it already is, or has just left, its entry is replaced, unless
// that has a greater number. Cost: nothing that grows with the channel, save keeping the roster in order.
func (p *Presence) Join(e Entry) error {
	if len(e.Info) > MaxInfoBytes {
		return fmt.Errorf("%w: %d bytes of %d; put a reference into it instead", ErrInfoTooLarge, len(e.Info), MaxInfoBytes)
	}
	row, err := rowOf(e)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if before := p.findLocked(e.Channel, e.Connection, p.node); p.closed || before != nil && before.Number > e.Number {
		return nil
	}
	e.Info = slices.Clone(e.Info)
	p.claimLocked(&claim{Entry: e, node: p.node})
	p.rows.Put(rowKey(e.Channel, e.Connection), row)
	return nil
}

// Leave notes that a connection has gone from this node, of which it is not known whether it comes back: it stays present
// for the grace period, unless another node has it. If its entry has another number, nothing changes.
func (p *Presence) Leave(name channel.Name, connection string, number uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.findLocked(name, connection, p.node)
	switch {
	case c == nil || c.Number != number || c.fuse != nil || p.closed:
	case time.Now().Before(p.missed):
		p.unclaimLocked(c)
	default:
		p.grace.light(c)
		p.cedeLocked(c.of)
	}
}

// afterMiss is how long it may take to find out which connections are over, after this node was missed.
const afterMiss = 10 * time.Second

// Missed notes that the other nodes have missed this one for a while, and told that whoever was on it has gone. Who has left
// since, or is found to have in the next ten seconds, has no grace period any more: those who come back have been missed all
// the same, and those who do not would be there once more for the length of it.
func (p *Presence) Missed() {
	p.mu.Lock()
	p.missed = time.Now().Add(afterMiss)
	p.mu.Unlock()
	p.grace.burnAll()
}

// Part notes that a connection has gone that does not mean to come back. It stays present only where another node has it.
// If its entry has another number, nothing changes.
func (p *Presence) Part(name channel.Name, connection string, number uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c := p.findLocked(name, connection, p.node); c != nil && c.Number == number && !p.closed {
		p.unclaimLocked(c)
	}
}

// Close has everybody go for those who observe, ends all changes and waits until no watcher is being told anything.
func (p *Presence) Close() {
	p.mu.Lock()
	if !p.closed {
		p.closed = true
		close(p.ended)
		p.clearLocked()
	}
	p.grace.stop()
	p.linger.stop()
	p.mu.Unlock()
	p.running.Wait()
}

// clearLocked tells that all have gone.
func (p *Presence) clearLocked() {
	for name, r := range p.rooms {
		for user, u := range r.users {
			p.observe(name, Change{User: user, Info: u.info()})
		}
	}
}

func (p *Presence) roomLocked(name channel.Name) *room {
	r := p.rooms[name]
	if r == nil {
		r = &room{
			name:        name,
			connections: make(map[string]*present),
			users:       make(map[string]*user),
			watchers:    make(map[*Watch]struct{}),
		}
		p.rooms[name] = r
	}
	return r
}

// tidyLocked forgets a room that is empty and unwatched.
func (p *Presence) tidyLocked(r *room) {
	if len(r.connections) == 0 && len(r.watchers) == 0 && p.rooms[r.name] == r {
		delete(p.rooms, r.name)
	}
}
