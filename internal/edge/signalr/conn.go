package signalr

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/edge/door"
	"github.com/holdfast-dev/holdfast/internal/edge/signalr/hubproto"
	"github.com/holdfast-dev/holdfast/internal/session"
	"github.com/holdfast-dev/holdfast/protocol"
	"github.com/holdfast-dev/holdfast/websocket"
)

const (
	// What calls may hold while they are not answered. A client that has so much in flight is not read until some of it is.
	maxInFlightBytes = 4 << 20
	callWeight       = maxInFlightBytes / 256 // the least that a call holds
	pageWeight       = 512 << 10              // of a call that is answered with a page

	maxSubscriptions = 1000 // of a connection
	maxUploads       = 100  // streams that a client sends at a time
)

// conn is one client's connection to a hub, whatever carries it. Its calls are begun in the order in which they come; those that wait
// for something are finished by other goroutines. Between requests, one over HTTP has timers and no goroutine.
type conn struct {
	ticket
	hub     *Hub
	handler *Handler
	client  *session.Client

	work     context.Context
	stop     context.CancelFunc
	flight   *semaphore.Weighted // of calls, in bytes
	commands sync.WaitGroup      // goroutines that finish them
	links    sync.WaitGroup      // that have not ended
	out      *out
	heard    atomic.Int64 // when the client has given a sign of life; in nanoseconds since 1970

	sending sync.Mutex // held by the request whose body is read
	reading sync.Mutex // of what the client sends; guards what follows
	frames  hubproto.Frames
	greeted bool
	in      incoming
	burst   burst // publishes that have not left

	gathered int // bytes of calls whose streams have not ended

	mu      sync.Mutex    // guards what follows; taken behind reading
	err     error         // why the connection is over
	over    chan struct{} // closed when it is
	beat    *time.Timer   // for pings, and the end of a client that is silent
	lonely  *time.Timer   // ends a connection without a link
	subs    map[channel.Name]*subscription
	streams map[string]*subscription      // by the id of their invocation
	calls   map[string]context.CancelFunc // that wait for the backend
	uploads map[string]*upload
	results map[string]chan<- *hubproto.Completion // of what the client has been asked
	asked   uint64                                 // so far
	present map[channel.Name]int                   // subscriptions that make the client present
}

var (
	errSilent    = errors.New("the client has been silent for too long")
	errUngreeted = errors.New("the client has not sent its handshake in time")
	errLeft      = errors.New("the client has left")
)

// newConn returns the connection of a client that has been let in.
func newConn(h *Handler, at *Hub, t ticket, client *session.Client) *conn {
	c := &conn{
		handler: h,
		ticket:  t,
		hub:     at,
		client:  client,
		flight:  semaphore.NewWeighted(maxInFlightBytes),
		frames:  hubproto.Frames{Encoding: hubproto.InJSON, MaxBytes: h.limit},
		over:    make(chan struct{}),
		subs:    make(map[channel.Name]*subscription),
		streams: make(map[string]*subscription),
		calls:   make(map[string]context.CancelFunc),
		uploads: make(map[string]*upload),
		results: make(map[string]chan<- *hubproto.Completion),
		present: make(map[channel.Name]int),
	}
	c.work, c.stop = context.WithCancel(h.work)
	c.out = &out{encoding: hubproto.InJSON, work: c.work}
	c.heard.Store(time.Now().UnixNano())
	c.lonely = time.AfterFunc(h.config.ReconnectTimeout, func() { c.end(errSilent) })
	c.lonely.Stop()
	c.beat = time.AfterFunc(h.config.HandshakeTimeout, c.tick)
	return c
}

// open lets a client in that comes with a ticket. Otherwise the request has been answered.
func (h *Handler) open(w http.ResponseWriter, r *http.Request, at *Hub, t ticket) (*conn, bool) {
	client, ok := h.door.Connect(w, r)
	if !ok {
		h.release(&t)
		return nil, false
	}
	c := newConn(h, at, t, client)
	if t.negotiated() && !h.conns.enter(c) {
		c.claimed = false // but by the other
		c.end(errLeft)
		h.conflict(w, r, "the connection has a transport already")
		return nil, false
	}
	if reason, closing := client.Connected(c); closing {
		c.end(errors.New(reason))
	}
	return c, true
}

// attach has a link carry the connection from now on, instead of any before. It returns false if the connection is over. Otherwise links
// has to be told when the link is.
func (c *conn) attach(l link) bool {
	c.mu.Lock()
	if c.err != nil {
		c.mu.Unlock()
		return false
	}
	c.links.Add(1)
	c.lonely.Stop()
	c.mu.Unlock()
	c.reading.Lock() // what came on the link before has been dealt with
	defer c.reading.Unlock()
	c.heard.Store(time.Now().UnixNano())
	c.frames = hubproto.Frames{Encoding: c.frames.Encoding, MaxBytes: c.handler.limit}
	c.in.restart()
	if before := c.out.attach(l); before != nil {
		before.expel(nil, websocket.CloseCode(protocol.CloseTakenOver), "another WebSocket has taken over the connection")
	}
	return true
}

// detached notes that a link is over. The connection goes on for a while if that was agreed and the client has not said that it leaves.
func (c *conn) detached(l link, why error) {
	if !c.out.detach(l) {
		return
	}
	if !c.reconnects || websocket.CloseCodeOf(why) == websocket.CloseNormal {
		c.end(why)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil {
		c.lonely.Reset(c.handler.config.ReconnectTimeout)
	}
}

// tick pings a client that has not been sent anything, and gives up one that is silent.
func (c *conn) tick() {
	h, now := &c.handler.config, time.Now()
	c.reading.Lock()
	greeted := c.greeted
	c.reading.Unlock()
	switch silent := now.Sub(time.Unix(0, c.heard.Load())); {
	case !greeted:
		c.expel(errUngreeted, "handshake timeout", websocket.ClosePolicyViolation)
		return
	case silent > h.ClientTimeout && c.out.silentMeansGone():
		c.expel(errSilent, "client timeout", websocket.ClosePolicyViolation)
		return
	}
	next := h.PingInterval - now.Sub(time.Unix(0, c.out.last.Load()))
	if next <= 0 {
		next = h.PingInterval
		if !c.out.polls() {
			c.out.say(&hubproto.Ping{})
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil {
		c.beat.Reset(next)
	}
}

// expel tells the client why its connection ends, and ends it.
func (c *conn) expel(err error, reason string, code websocket.CloseCode) {
	c.out.expel(&hubproto.Close{Error: reason, AllowReconnect: protocol.CloseCode(code).Reconnect() != protocol.ReconnectNever}, code, door.Reason(reason, ""))
	c.end(err)
}

// breaks ends the connection of a client that does not keep to the protocol, and tells the audit.
func (c *conn) breaks(kind string, err error) {
	ref := c.handler.door.Tell(c.client, &door.RequestError{Kind: kind, Err: err})
	c.expel(err, fmt.Sprintf("%v (ref %s)", err, ref), websocket.CloseProtocolError)
}

// end ends the connection, and cleans up in a goroutine that session.Clients waits for.
func (c *conn) end(why error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return
	}
	c.err = why
	close(c.over)
	c.lonely.Stop()
	c.beat.Stop()
	c.handler.conns.leave(c)
	c.handler.release(&c.ticket)
	c.stop()
	go c.finish()
}

// finish ends what the connection has begun.
func (c *conn) finish() {
	defer c.client.Leave()
	c.reading.Lock()
	c.frames = hubproto.Frames{} // nothing is begun any more
	c.reading.Unlock()
	c.commands.Wait()
	c.links.Wait()
	for _, s := range c.subs { // nobody else uses them any more
		s.cancel()
	}
	for _, s := range c.streams {
		s.cancel()
	}
	c.leaveAll()
	c.out.close()
	c.handler.door.Ended(c.client, c.err)
	c.handler.config.Log.Debug("connection over", "path", c.hub.path, "connection", c.id, "error", c.err)
}

func (c *conn) isOver() bool {
	select {
	case <-c.over:
		return true
	default:
		return false
	}
}

// begin waits until there is room for a call of a weight. When it has, the call has to give the room back with release. It returns
// false if the connection is over.
func (c *conn) begin(weight int64) bool {
	return c.flight.Acquire(c.work, weigh(weight)) == nil
}

func (c *conn) release(weight int64) { c.flight.Release(weigh(weight)) }

// weigh keeps a weight within its bounds. It does not change one that is.
func weigh(weight int64) int64 { return min(max(weight, callWeight), maxInFlightBytes) }

// GoAway implements session.Connection: the client is told that it may come back.
func (c *conn) GoAway(ctx context.Context, reason string) {
	c.out.say(&hubproto.Close{Error: reason, AllowReconnect: true})
	if l := c.out.current(); l != nil {
		l.close(ctx, websocket.CloseGoingAway, door.Reason(reason, ""))
	}
	c.end(errors.New(reason))
}

// Expiring implements session.Connection. There is nothing in the protocol that says it.
func (c *conn) Expiring(time.Duration) {}

// End implements session.Connection.
func (c *conn) End(code protocol.CloseCode, reason string) {
	c.expel(errors.New(reason), reason, websocket.CloseCode(code))
}

// Subscriptions implements session.Connection.
func (c *conn) Subscriptions() []channel.Pattern {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all []channel.Pattern
	for name := range c.subs {
		all = append(all, channel.Pattern(name))
	}
	for _, s := range c.streams {
		all = append(all, channel.Pattern(s.name))
	}
	slices.Sort(all)
	return slices.Compact(all)
}
