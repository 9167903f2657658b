package session

import (
	"context"
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"github.com/holdfast-dev/holdfast/internal/auth"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/policy"
	"github.com/holdfast-dev/holdfast/protocol"
)

// Connection is what can be done to a client's connection. No method waits.
type Connection interface {
	// GoAway closes it because the server stops, and drops it when ctx ends. It is called at most once.
	GoAway(ctx context.Context, reason string)
	// Expiring tells the client that its token expires in a while, if it can be told.
	Expiring(in time.Duration)
	// End closes it, with a close code of the protocol and a reason.
	End(code protocol.CloseCode, reason string)
	// Subscriptions returns what it is subscribed to, for whoever looks after the node.
	Subscriptions() []channel.Pattern
}

// Client is one connection, or one request, of somebody who may be known. Its methods may be called from
// any goroutine, Allow, Spend and Pace from one at a time.
type Client struct {
	clients *Clients
	number  uint64 // of the connection, from 1; 0 for a request
	edge    string
	came    int64 // in nanoseconds since 1970
	from    netip.Addr
	near    *party // of the address

	who  atomic.Pointer[identified]
	user atomic.Pointer[party] // nil for an anonymous client
	conn atomic.Value          // of connected, once there is one

	asked atomic.Pointer[line] // of what it publishes, once the backend is asked about that

	allowed permission // found out last

	ending *ending  // nil if nobody wants to know
	shown  *Arrival // of which nothing is known; nil for nothing. Set before there is a connection

	request                 bool // it is a single one, not a connection
	trusted                 bool // it is a server's request, which is not held to the limits of strangers
	messages, bytes         allowance
	userMessages, userBytes share
	patience                *rate.Limiter // made with the first refusal

	spent atomic.Int64 // when it has sent something, if that is limited; in nanoseconds since 1970

	counted *party // the user that the connection counts with; nil for nobody. The lock of Clients guards it
	yielded bool   // it counts with nobody any more; likewise

	mu         sync.Mutex // guards what follows
	expiry     *time.Timer
	life, idle *time.Timer
	left       bool
	early      *farewell // why it is to end, said before there was a connection
}

// farewell is what a connection is closed with.
type farewell struct {
	code   protocol.CloseCode
	reason string
}

// identified is who a client is, and its session, "" if it has none.
type identified struct {
	*auth.Identity
	session string
}

// permission is what somebody may do.
type permission struct {
	who      *identified
	action   auth.Action
	channels channel.Pattern
}

// connected makes all connections one type for atomic.Value.
type connected struct{ Connection }

// From returns the client's address, which is not valid if nobody knows it.
func (c *Client) From() netip.Addr { return c.from }

// Who returns who the client is.
func (c *Client) Who() *auth.Identity { return c.who.Load().Identity }

// Connected says what the client's connection is, once its handshake has been answered. It returns why
// the connection has to be closed at once, if the server has begun to stop meanwhile.
func (c *Client) Connected(conn Connection) (reason string, closing bool) {
	c.mu.Lock()
	c.conn.Store(connected{conn})
	early := c.early
	c.mu.Unlock()
	if early != nil {
		c.end(early.code, early.reason)
	}
	c.watchExpiry()
	c.watchAge()
	if err := c.checkRevoked(); err != nil {
		c.end(protocol.CloseDisconnected, err.Error())
	}
	c.clients.mu.Lock()
	defer c.clients.mu.Unlock()
	return c.clients.reason, c.clients.closing
}

// checkRevoked looks whether the client has been revoked while it was let in. The error is an *auth.Error.
func (c *Client) checkRevoked() error {
	who, revoked := c.who.Load(), c.clients.revoked
	if revoked == nil || !revoked.Revoked(who.Identity, who.session) {
		return nil
	}
	return &auth.Error{Code: auth.Unauthorized, Check: auth.CheckRevoked, Message: "what you have shown has been revoked; get another token"}
}

func (c *Client) connection() Connection {
	conn, _ := c.conn.Load().(connected)
	return conn.Connection
}

// end closes the connection, or sees to it that it is closed as soon as there is one.
func (c *Client) end(code protocol.CloseCode, reason string) {
	c.mu.Lock()
	conn := c.connection()
	if conn == nil && c.early == nil {
		c.early = &farewell{code, reason}
	}
	c.mu.Unlock()
	if conn != nil {
		conn.End(code, reason)
	}
}

// Leave counts the client out when its connection is over.
func (c *Client) Leave() {
	c.mu.Lock()
	c.left = true
	c.stopTimersLocked()
	c.mu.Unlock()
	cs := c.clients
	cs.mu.Lock()
	cs.all.Delete(c.number)
	cs.edges[c.edge]--
	cs.emptiedLocked()
	c.near.conns--
	cs.countLocked(c, nil)
	cs.mu.Unlock()
	c.tellEnd()
	cs.running.Done()
}

// hasLeft tells whether the connection is over.
func (c *Client) hasLeft() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.left
}

// Identify makes it known who the client is, if that has come out after it was let in, and which session it has. The error
// is a *LimitError or an *auth.Error.
func (c *Client) Identify(who *auth.Identity, session string) error {
	return c.identify(who, session, false)
}

// Resume is Identify for a client that comes back to its session. On another node there may be a connection that it
// takes the place of, and that still counts.
func (c *Client) Resume(who *auth.Identity, session string) error {
	return c.identify(who, session, true)
}

// Yield has the connection not count with its user any more: another takes its place, and this one is about to end.
func (c *Client) Yield() {
	c.clients.mu.Lock()
	defer c.clients.mu.Unlock()
	c.yielded = true
	c.clients.countLocked(c, nil)
}

func (c *Client) identify(who *auth.Identity, session string, resumed bool) error {
	before := c.user.Load()
	c.clients.mu.Lock()
	err := c.identifyLocked(who, session, resumed)
	c.clients.mu.Unlock()
	if err == nil && c.request && c.user.Load() != before { // the request has not counted with the user yet
		if wait, limit := c.waitShared(time.Now(), 1, 0); wait > 0 {
			err = tooMuch(limit, wait)
		}
	}
	if err == nil {
		c.watchExpiry()
		err = c.checkRevoked()
	}
	return err
}

// identifyLocked is Identify, or Resume, without what the client spends. It does not fail for a single request. Lock of
// Clients held.
func (c *Client) identifyLocked(who *auth.Identity, session string, resumed bool) error {
	var u *party
	if who.User != "" {
		u = c.clients.userLocked(who.User)
	}
	if !c.request && u != c.counted && !c.yielded {
		if err := c.clients.roomLocked(u, resumed); err != nil {
			return err
		}
		c.clients.countLocked(c, u)
	}
	c.user.Store(u)
	c.who.Store(&identified{who, session})
	return nil
}

// warning is how long before its token expires a client is told.
const warning = time.Minute

// watchExpiry begins to wait for the end of the client's token.
func (c *Client) watchExpiry() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.expiry != nil {
		c.expiry.Stop()
		c.expiry = nil
	}
	who := c.who.Load()
	if who.Expires.IsZero() || c.left || c.connection() == nil {
		return
	}
	left := time.Until(who.Expires)
	warn := min(warning, left/2)
	c.expiry = time.AfterFunc(left-warn, func() { c.expiring(who, warn) })
}

// expiring warns the client, and ends its connection if it does not get another token.
func (c *Client) expiring(who *identified, in time.Duration) {
	c.mu.Lock()
	stale := c.left || c.who.Load() != who
	if !stale {
		c.expiry = time.AfterFunc(in, func() { c.expired(who) })
	}
	c.mu.Unlock()
	if !stale {
		c.connection().Expiring(in)
	}
}

func (c *Client) expired(who *identified) {
	c.mu.Lock()
	stale := c.left || c.who.Load() != who
	c.mu.Unlock()
	if !stale {
		c.end(protocol.CloseUnauthorized, "the token has expired; connect again with a new one")
	}
}

// Allow tells whether the client may do something with all channels that p selects. The error is a
// *DeniedError.
func (c *Client) Allow(action auth.Action, p channel.Pattern) error {
	asked := permission{c.who.Load(), action, p}
	if asked == c.allowed {
		return nil // as mostly, when many messages go to one channel
	}
	d := Decide(c.clients.rules, asked.who.Identity, action, p)
	if d.Allowed {
		c.allowed = asked
		return nil
	}
	return &DeniedError{Action: action, Channels: p, Decision: d, Known: !asked.who.Anonymous()}
}

// Spend counts messages that the client sends, of so many bytes together. What is too much is refused
// with a *LimitError that says when to try again; a client that goes on all the same is disconnected.
func (c *Client) Spend(messages, bytes int) error {
	wait, limit := c.wait(messages, bytes)
	if wait == 0 {
		return nil
	}
	if !c.patient() {
		c.end(protocol.CloseTooMany, fmt.Sprintf("the rate (%s) has been exceeded too often; connect again in 10 s, and wait when told to", limit))
	}
	return tooMuch(limit, wait)
}

func tooMuch(limit string, wait time.Duration) error {
	return &LimitError{limit, "you send too much in too short a time", wait}
}

// Pace is Spend for a client that can't be told: it waits until there is room. It returns false if the
// connection is over before.
func (c *Client) Pace(over <-chan struct{}, messages, bytes int) bool {
	for {
		wait, _ := c.wait(messages, bytes)
		if wait == 0 {
			return true
		}
		if !sleep(over, wait) {
			return false
		}
	}
}

// wait takes what is sent out of the buckets, or tells how long it takes until there is room, and by which
// limit. What one bucket gave before another did not is gone.
func (c *Client) wait(messages, bytes int) (time.Duration, string) {
	l := &c.clients.limits
	if !c.clients.limited || c.trusted {
		return 0, ""
	}
	now := time.Now()
	if l.Idle > 0 {
		c.spent.Store(now.UnixNano())
	}
	if wait := c.takeOwn(now, &c.messages, c.near.messages, l.Messages, messages); wait > 0 {
		return wait, "limits.messages"
	}
	if wait := c.takeOwn(now, &c.bytes, c.near.bytes, l.Bytes, bytes); wait > 0 {
		return wait, "limits.bytes"
	}
	return c.waitShared(now, messages, bytes)
}

// waitShared is wait for what all connections of the user may send together.
func (c *Client) waitShared(now time.Time, messages, bytes int) (time.Duration, string) {
	u := c.user.Load()
	if u == nil {
		return 0, ""
	}
	if wait := c.userMessages.take(u.messages, now, messages); wait > 0 {
		return wait, "limits.messages_per_user"
	}
	return c.userBytes.take(u.bytes, now, bytes), "limits.bytes_per_user"
}

// takeOwn takes what counts towards the limit of a connection. All requests of an address count as one connection.
func (c *Client) takeOwn(now time.Time, own *allowance, near *rate.Limiter, r policy.Rate, n int) time.Duration {
	if c.request {
		return take(near, now, n)
	}
	return own.take(r, now, n)
}

// A client may be refused so often, and then once a second, before it is disconnected.
const patience = 100

func (c *Client) patient() bool {
	if c.patience == nil {
		c.patience = rate.NewLimiter(1, patience)
	}
	return c.patience.Allow()
}
