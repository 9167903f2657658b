package hub

import (
	"cmp"
	"slices"

	"github.com/holdfast-dev/holdfast/internal/channel"
)

// present is a connection in its room, as long as any node says that it has it. Mostly one does. Two do while a session
// moves: the node that it has left keeps it for the grace period, and ends that when it sees that another has it. So
// whatever the order is in which a third hears of both, there is no moment without either. Presence.mu guards it.
type present struct {
	room       *room
	connection string
	user       *user    // in whose list it is
	claims     []*claim // by different nodes; the one that counts first
}

// info returns what is known of the user by this connection.
func (c *present) info() []byte {
	if len(c.claims) == 0 {
		return nil
	}
	return c.claims[0].Info
}

// claim is what one node says of a connection.
type claim struct {
	Entry
	node string
	of   *present

	fuse *fuse // burns while the connection has gone and may come back; nil while it is there
	lit  lit
}

// claimLocked takes what a node says in place of what it has said before.
func (p *Presence) claimLocked(c *claim) {
	r := p.roomLocked(c.Channel)
	at := r.connections[c.Connection]
	if at == nil {
		at = &present{room: r, connection: c.Connection}
		r.connections[c.Connection] = at
	}
	c.of = at
	was := at.info()
	if i := at.index(c.node); i >= 0 {
		at.claims[i].douse()
		at.claims[i] = c
	} else {
		at.claims = append(at.claims, c)
	}
	slices.SortFunc(at.claims, func(a, b *claim) int {
		return cmp.Or(cmp.Compare(b.Turn, a.Turn), cmp.Compare(a.node, b.node))
	})
	p.settleLocked(at, was)
	p.cedeLocked(at)
}

// unclaimLocked forgets what a node has said. If it is this one, the others are told.
func (p *Presence) unclaimLocked(c *claim) {
	c.douse()
	at, was := c.of, c.of.info()
	at.claims = slices.DeleteFunc(at.claims, func(other *claim) bool { return other == c })
	if c.node == p.node {
		p.rows.Delete(rowKey(c.Channel, c.Connection))
	}
	p.settleLocked(at, was)
	p.tidyLocked(at.room)
}

// settleLocked has the room count a connection as its claims say. was is what was known of the user before they changed.
func (p *Presence) settleLocked(c *present, was []byte) {
	if c.user != nil && (len(c.claims) == 0 || c.user.name != c.claims[0].User) {
		p.exitLocked(c.room, c, was)
	}
	switch {
	case len(c.claims) == 0:
		delete(c.room.connections, c.connection)
	case c.user == nil:
		p.enterLocked(c.room, c)
	}
}

// cedeLocked ends the grace of a connection that has gone from this node and come to another.
func (p *Presence) cedeLocked(c *present) {
	i := c.index(p.node)
	if i < 1 || c.claims[i].fuse == nil {
		return
	}
	if newest := c.claims[0]; newest.fuse == nil && newest.Turn > c.claims[i].Turn {
		p.unclaimLocked(c.claims[i])
	}
}

// index returns where the claim of a node is, or -1.
func (c *present) index(node string) int {
	return slices.IndexFunc(c.claims, func(one *claim) bool { return one.node == node })
}

// findLocked returns what a node says of a connection, or nil.
func (p *Presence) findLocked(name channel.Name, connection, node string) *claim {
	r := p.rooms[name]
	if r == nil || r.connections[connection] == nil {
		return nil
	}
	at := r.connections[connection]
	if i := at.index(node); i >= 0 {
		return at.claims[i]
	}
	return nil
}
