package session

import (
	"fmt"
	"log/slog"
	"strconv"

	"golang.org/x/time/rate"

	"github.com/holdfast-dev/holdfast/internal/policy"
)

// spread is how the connections of users are spread over the nodes. A user's connections count wherever they are; of what
// they may send together, each node gives out the part that its connections are of all. That is set when the spread
// changes, so sending costs nothing more. A node that is gone takes its counts with it. The lock of Clients guards it.
type spread struct {
	rows  rows                      // what the others know of this node; nil if there are none, or no user has a limit
	nodes map[string]map[string]int // connections of users on other nodes, by node and user
}

// rows are those of a table of package cluster. No method waits.
type rows interface {
	Put(key string, value []byte)
	Delete(key string)
}

// leastPart is what a node gives out of a user's limit at least if the user has connections on others: there are
// single requests, too, which come to any node.
const leastPart = 1.0 / 10

// elsewhere returns how many connections a user has on other nodes.
func (s *spread) elsewhere(user string) (n int) {
	for _, users := range s.nodes {
		n += users[user]
	}
	return n
}

// tell tells the other nodes how many connections a user has here.
func (s *spread) tell(u *party) {
	switch {
	case s.rows == nil:
	case u.conns > 0:
		s.rows.Put(u.user, strconv.AppendInt(nil, int64(u.conns), 10))
	default:
		s.rows.Delete(u.user)
	}
}

// hear takes the row of a user on another node, nil if the user is not there any more.
func (s *spread) hear(node, user string, value []byte) error {
	users := s.nodes[node]
	if value == nil {
		if delete(users, user); len(users) == 0 {
			delete(s.nodes, node)
		}
		return nil
	}
	n, err := strconv.ParseUint(string(value), 10, 31)
	if err != nil {
		return fmt.Errorf("the number of connections of the user %q can't be read: %w", user, err)
	}
	if users == nil {
		users = make(map[string]int)
		if s.nodes == nil {
			s.nodes = make(map[string]map[string]int)
		}
		s.nodes[node] = users
	}
	users[user] = int(n)
	return nil
}

// hearUser takes a row of the table of users.
func (cs *Clients) hearUser(log *slog.Logger) func(node, user string, value []byte) {
	return func(node, user string, value []byte) {
		cs.mu.Lock()
		defer cs.mu.Unlock()
		if err := cs.spread.hear(node, user, value); err != nil {
			log.Warn("what a node says of a user is not counted", "node", node, "error", err)
			return
		}
		if u := cs.users.all[user]; u != nil {
			cs.shareLocked(u)
		}
	}
}

// userLocked returns the party of a user.
func (cs *Clients) userLocked(name string) *party {
	return cs.users.get(name, func() *party {
		u := &party{user: name, part: 1, messages: bucket(cs.limits.MessagesPerUser), bytes: bucket(cs.limits.BytesPerUser)}
		cs.shareLocked(u)
		return u
	})
}

// roomLocked tells whether a user, nil for nobody in particular, may have another connection. One that resumes a session
// takes the place of one that may still count, on another node. The error is a *LimitError.
func (cs *Clients) roomLocked(u *party, resumed bool) error {
	most := cs.limits.ConnectionsPerUser
	if u == nil || most == 0 {
		return nil
	}
	others := cs.spread.elsewhere(u.user)
	n := u.conns + others
	if resumed && others > 0 {
		n--
	}
	if n < most {
		return nil
	}
	return &LimitError{"limits.connections_per_user", fmt.Sprintf("the user has %d connections, and may not have more", most), retryFull}
}

// countLocked has a connection count with a user, nil for nobody, and no more with the one before.
func (cs *Clients) countLocked(c *Client, u *party) {
	before := c.counted
	c.counted = u
	if before != nil {
		before.conns--
		cs.spread.tell(before)
		cs.shareLocked(before)
	}
	if u != nil {
		u.conns++
		cs.spread.tell(u)
		cs.shareLocked(u)
	}
}

// shareLocked sets what this node gives out of what a user may send.
func (cs *Clients) shareLocked(u *party) {
	part := 1.0
	if others := cs.spread.elsewhere(u.user); others > 0 {
		part = max(float64(u.conns)/float64(u.conns+others), leastPart)
	}
	if part == u.part {
		return
	}
	u.part = part
	setPart(u.messages, cs.limits.MessagesPerUser, part)
	setPart(u.bytes, cs.limits.BytesPerUser, part)
}

// setPart has a bucket give out a part of a rate. It may be nil.
func setPart(b *rate.Limiter, r policy.Rate, part float64) {
	if b != nil {
		b.SetLimit(rate.Limit(r.PerSecond * part))
		b.SetBurst(max(1, int(float64(r.Burst)*part)))
	}
}
