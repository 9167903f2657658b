package session

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"github.com/tidwall/btree"

	"github.com/holdfast-dev/holdfast/internal/auth"
	"github.com/holdfast-dev/holdfast/internal/cluster"
	"github.com/holdfast-dev/holdfast/internal/policy"
	"github.com/holdfast-dev/holdfast/protocol"
)

// Clients are those who are connected to this node, on whatever edge. It lets them in, counts them, and
// ends their connections. Its methods may be called from any goroutine.
type Clients struct {
	// Backend is asked and told about those who come. Not to be changed once somebody has; nobody to begin with.
	Backend Backend

	rules      *policy.Rules
	limits     policy.Limits
	limited    bool              // what clients send is
	revoked    *auth.Revocations // nil for none
	handshakes admission

	greetings greetings

	running sync.WaitGroup  // the goroutine of each connection, and those that ask the backend for it
	asking  context.Context // ends when the backend's answers are not waited for any more
	stop    context.CancelFunc

	node string // its id begins those of connections; not changed once somebody has come

	mu        sync.Mutex // guards what follows
	last      uint64     // number of a connection
	all       btree.Map[uint64, *Client]
	edges     map[string]int // connections by edge
	addresses parties[netip.Prefix]
	users     parties[string]
	spread    spread
	empty     chan struct{} // closed when there are none; nil if nobody waits for that
	draining  bool          // nobody is let in
	closing   bool
	reason    string // of closing
}

// NewClients returns an empty room, with the rules and limits for those who come, and what has been revoked
// of them, if anything can be. Whoever is revoked while connected is disconnected at once.
func NewClients(rules *policy.Rules, limits policy.Limits, revoked *auth.Revocations) *Clients {
	cs := &Clients{
		Backend:    noBackend,
		rules:      rules,
		limits:     limits,
		limited:    limits.Idle > 0 || limits.Messages.Limited() || limits.Bytes.Limited() || limits.MessagesPerUser.Limited() || limits.BytesPerUser.Limited(),
		revoked:    revoked,
		handshakes: newAdmission(limits.Handshakes),
		node:       cluster.NewID(),
		edges:      make(map[string]int),
		addresses:  parties[netip.Prefix]{all: make(map[netip.Prefix]*party)},
		users:      parties[string]{all: make(map[string]*party)},
	}
	cs.asking, cs.stop = context.WithCancel(context.Background())
	if revoked != nil {
		revoked.Watch(cs.revoke) // for as long as there are revocations
	}
	return cs
}

func (cs *Clients) revoke(r auth.Revocation) {
	now := time.Now()
	cs.End(func(c *Client) bool {
		who := c.who.Load()
		return r.Hits(who.Identity, who.session, now)
	}, protocol.CloseDisconnected, "what you have shown has been revoked")
}

// Knock lets a handshake from an address go on, at its turn. It comes before anything that costs. The
// error is a *LimitError, or that of ctx.
func (cs *Clients) Knock(ctx context.Context, from netip.Addr) error {
	if cs.limits.HandshakesPerAddress.Limited() {
		p := cs.neighbours(from)
		if wait := take(p.handshakes, time.Now(), 1); wait > 0 {
			return &LimitError{"limits.handshakes_per_address", "too many handshakes from your address", wait}
		}
	}
	return cs.handshakes.await(ctx)
}

// neighbours returns the party of an address.
func (cs *Clients) neighbours(from netip.Addr) *party {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	return cs.neighboursLocked(neighbourhood(from))
}

func (cs *Clients) neighboursLocked(of netip.Prefix) *party {
	return cs.addresses.get(of, func() *party {
		return &party{
			handshakes: bucket(cs.limits.HandshakesPerAddress),
			messages:   bucket(cs.limits.Messages),
			bytes:      bucket(cs.limits.Bytes),
		}
	})
}

// neighbourhood is what counts as one address: a subscriber to the Internet has a whole /64 of IPv6.
func neighbourhood(a netip.Addr) netip.Prefix {
	a = a.Unmap().WithZone("")
	bits := 32
	if a.Is6() {
		bits = 64
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return netip.Prefix{} // no address at all, as of a listener in memory: all of those together
	}
	return p
}

// ErrClosing says that the node lets nobody in any more.
var ErrClosing = errors.New("the server is shutting down; connect again later")

// Admit lets a client in for a connection to an edge, which has to call Leave when it is over. The error is
// ErrClosing or a *LimitError.
func (cs *Clients) Admit(edge string, from netip.Addr, who *auth.Identity) (*Client, error) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	if cs.closing {
		return nil, ErrClosing
	}
	if cs.draining {
		return nil, ErrDraining
	}
	if most := cs.limits.Connections; most > 0 && cs.all.Len() >= most {
		return nil, &LimitError{"limits.connections", fmt.Sprintf("the server has %d connections, and takes no more", most), retryFull}
	}
	near := cs.neighboursLocked(neighbourhood(from))
	if most := cs.limits.ConnectionsPerAddress; most > 0 && near.conns >= most {
		return nil, &LimitError{"limits.connections_per_address", fmt.Sprintf("there are %d connections from your address, and there may not be more", most), retryFull}
	}
	c := &Client{clients: cs, number: cs.last + 1, edge: edge, came: time.Now().UnixNano(), from: from, near: near}
	if err := c.identifyLocked(who, "", false); err != nil {
		return nil, err
	}
	near.conns++
	cs.last++
	cs.all.Set(c.number, c)
	cs.edges[edge]++
	cs.running.Add(1)
	return c, nil
}

// retryFull is when to try again where connections would have to end first.
const retryFull = 10 * time.Second

// Welcome tells whether somebody has any business here. The error is an *auth.Error.
func (cs *Clients) Welcome(who *auth.Identity) error {
	if !who.Anonymous() || !who.Grants.None() || cs.rules.Public() {
		return nil
	}
	return &auth.Error{
		Code:    auth.Unauthorized,
		Check:   auth.CheckCredentials,
		Message: "the server has nothing for those who do not say who they are; send a token",
	}
}

// Visit returns a client for a single request to an edge, which is not counted as a connection. What is sent counts
// towards the limits of its address and its user, but for a server with an API key: it speaks for many.
func (cs *Clients) Visit(edge string, from netip.Addr, who *auth.Identity) *Client {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	near := cs.neighboursLocked(neighbourhood(from))
	c := &Client{clients: cs, edge: edge, from: from, near: near, request: true, trusted: who.Server}
	c.identifyLocked(who, "", false) // which refuses connections only
	return c
}

// Count returns how many are connected.
func (cs *Clients) Count() int {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	return cs.all.Len()
}

// End ends the connections of those that match, with a close code of the protocol and a reason. It
// returns how many. Cost: one look at each client.
func (cs *Clients) End(matches func(*Client) bool, code protocol.CloseCode, reason string) int {
	var ending []*Client
	cs.mu.Lock()
	cs.all.Scan(func(_ uint64, c *Client) bool {
		if matches(c) {
			ending = append(ending, c)
		}
		return true
	})
	cs.mu.Unlock()
	for _, c := range ending {
		c.end(code, reason)
	}
	return len(ending)
}

// Close lets nobody in any more, has all connections go away at the same time, and waits until they have. What they have
// sent before is published, if the backend says so before ctx ends.
func (cs *Clients) Close(ctx context.Context, reason string) {
	cs.mu.Lock()
	cs.closing, cs.reason = true, reason
	cs.all.Scan(func(_ uint64, c *Client) bool {
		if conn := c.connection(); conn != nil {
			go conn.GoAway(ctx, reason) // ends with the connection, which running waits for
		}
		return true
	})
	cs.mu.Unlock()
	defer context.AfterFunc(ctx, cs.stop)()
	cs.running.Wait()
}
