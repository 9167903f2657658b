package session

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/internal/auth"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/protocol"
)

// What is for whoever looks after the node, and on no client's way: who is connected, found and told page by page.

// Info is what there is to know about a connection.
type Info struct {
	ID            string // of the connection, unique among all nodes
	Edge          string
	Session       string // "" without one
	From          netip.Addr
	Since         time.Time
	Who           *auth.Identity
	Subscriptions []channel.Pattern
}

// Info returns what there is to know now.
func (c *Client) Info() Info {
	who := c.who.Load()
	i := Info{ID: c.ID(), Edge: c.edge, Session: who.session, From: c.from, Since: time.Unix(0, c.came), Who: who.Identity}
	if conn := c.connection(); conn != nil {
		i.Subscriptions = conn.Subscriptions()
	}
	return i
}

// ID names the connection. It begins with the id of the node.
func (c *Client) ID() string { return c.clients.node + "-" + strconv.FormatUint(c.number, 36) }

// Session returns the client's session, "" if it has none.
func (c *Client) Session() string { return c.who.Load().session }

// Node returns the id of this run of the node.
func (cs *Clients) Node() string { return cs.node }

// ErrNoConnectionID refuses what names no connection that a node can have had.
var ErrNoConnectionID = errors.New("it is no id of a connection; take one of those that are listed")

// number returns that of a connection by its id. The error wraps ErrNoConnectionID.
func (cs *Clients) number(id string) (uint64, error) {
	if digits, ours := strings.CutPrefix(id, cs.node+"-"); ours {
		if n, err := strconv.ParseUint(digits, 36, 64); err == nil {
			return n, nil
		}
	}
	return 0, fmt.Errorf("%.64q: %w", id, ErrNoConnectionID)
}

// CheckConnectionID refuses what is no id of a connection of any node. The error wraps ErrNoConnectionID.
func CheckConnectionID(id string) error {
	node, digits, ok := strings.Cut(id, "-")
	if _, err := strconv.ParseUint(digits, 36, 64); err != nil || !ok || node == "" {
		return fmt.Errorf("%.64q: %w", id, ErrNoConnectionID)
	}
	return nil
}

// FirstConnectionID returns what all connections of a node come after.
func FirstConnectionID(node string) string { return node + "-0" }

// Find returns the connection of an id, or nil.
func (cs *Clients) Find(id string) *Client {
	n, err := cs.number(id)
	if err != nil {
		return nil
	}
	cs.mu.Lock()
	defer cs.mu.Unlock()
	c, _ := cs.all.Get(n)
	return c
}

// The bounds of a look through the connections.
const (
	lookAtOnce = 1000    // while the lock is held
	maxLooked  = 100_000 // for one page
)

// Page returns connections in the order in which they have come: at most most of those that match, behind the id
// after, "" for the first. next is where to go on, "" at the end; a page may be short, or empty, and have a next.
// The error wraps ErrNoConnectionID. Cost: one look at each connection, without the lock.
func (cs *Clients) Page(after string, most int, matches func(*Client) bool) (page []*Client, next string, err error) {
	var from uint64
	if after != "" {
		if from, err = cs.number(after); err != nil {
			return nil, "", err
		}
	}
	for looked := 0; looked < maxLooked; looked += lookAtOnce {
		some := cs.some(from)
		for _, c := range some {
			if len(page) == most {
				return page, page[most-1].ID(), nil
			}
			if matches(c) {
				page = append(page, c)
			}
			from = c.number
		}
		if len(some) < lookAtOnce {
			return page, "", nil
		}
	}
	return page, cs.node + "-" + strconv.FormatUint(from, 36), nil
}

// some returns the next connections behind a number, at most lookAtOnce.
func (cs *Clients) some(after uint64) []*Client {
	found := make([]*Client, 0, lookAtOnce)
	cs.mu.Lock()
	defer cs.mu.Unlock()
	cs.all.Ascend(after+1, func(_ uint64, c *Client) bool {
		found = append(found, c)
		return len(found) < lookAtOnce
	})
	return found
}

// Edges returns how many are connected to each edge.
func (cs *Clients) Edges() map[string]int {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	return maps.Clone(cs.edges)
}

// End ends the client's connection, with a close code of the protocol and a reason.
func (c *Client) End(code protocol.CloseCode, reason string) { c.end(code, reason) }

// Hears tells whether the client is subscribed to a channel, by its name or by a pattern.
func (c *Client) Hears(name channel.Name) bool {
	conn := c.connection()
	return conn != nil && slices.ContainsFunc(conn.Subscriptions(), func(p channel.Pattern) bool { return p.Matches(name) })
}
