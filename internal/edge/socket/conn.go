package socket

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/edge/door"
	"github.com/holdfast-dev/holdfast/internal/session"
	"github.com/holdfast-dev/holdfast/protocol"
	"github.com/holdfast-dev/holdfast/websocket"
)

const (
	// What commands may hold while they are not answered. A client that has so much in flight is not
	// read until some of it is.
	maxInFlightBytes = 4 << 20
	commandWeight    = maxInFlightBytes / 256 // the least that a command holds
	pageWeight       = 512 << 10              // of a command that is answered with a page

	maxBroken = 10 // messages that can't be understood, before the connection is closed
	idChars   = 16 // of a session: 80 random bits
)

// conn is one connection. Its commands are begun by the goroutine that reads it, or by the one whose turn it is
// to; those that wait for something are finished by others.
type conn struct {
	handler *Handler
	client  *session.Client
	carrier carrier
	out     *out
	number  uint64 // of the handshake: a client has given up those before

	work     context.Context
	stop     context.CancelFunc
	flight   *semaphore.Weighted // of commands, in bytes
	commands sync.WaitGroup      // goroutines that finish them
	answers  answers             // to publishes

	// These belong to the goroutine that reads. The first three do not change once the client has been
	// greeted, and may be read by others from then on.
	id        string // of the session
	turn      uint64 // of the session: one more than the client has known of
	resumable bool   // the client has been told its secret
	greeted   bool
	broken    int    // messages that could not be understood
	highest   uint64 // number of a subscription
	burst     burst  // publishes that have not left
	first     *time.Timer
	// Why the last connect was refused that may come again: until one is not, nothing else is run, since what was
	// sent along with it was meant for who the client says it is.
	turnedAway *protocol.Error
	expelled   atomic.Bool // nothing more is begun
	advised    atomic.Bool // the client has been asked to move, and leaves when it has another connection

	mu       sync.Mutex // guards what follows
	subs     map[uint64]*subscription
	present  map[channel.Name]int // subscriptions that make the session present
	farewell *time.Timer          // ends a connection that was told to move, when the client has a newer one
}

func newConn(h *Handler, carrier carrier, encoding protocol.Encoding, client *session.Client, number uint64) *conn {
	c := &conn{
		handler: h,
		client:  client,
		carrier: carrier,
		number:  number,
		flight:  semaphore.NewWeighted(maxInFlightBytes),
		id:      rand.Text()[:idChars],
		subs:    make(map[uint64]*subscription),
		present: make(map[channel.Name]int),
	}
	c.work, c.stop = context.WithCancel(h.work)
	c.out = &out{carrier: carrier, encoding: encoding, work: c.work, audit: func(e *protocol.Error) string { return h.door.Tell(client, e) }}
	c.answers.out = c.out
	return c
}

// serve reads a WebSocket until the connection is over, and cleans up.
func (c *conn) serve(ws *websocket.Conn) {
	c.handler.keep.Watch(ws)
	c.awaitFirst()
	err := ws.ServeBatch(c.receiveAll)
	c.handler.door.Ended(c.client, err)
	c.finish(err)
}

// awaitFirst closes the connection if no command comes.
func (c *conn) awaitFirst() {
	c.first = time.AfterFunc(c.handler.config.FirstCommand, func() {
		c.breaks(protocol.CloseNoConnect, "no_command", "no command has come; the first is connect, or any other")
	})
}

// finish cleans up when the connection is over, for a reason. Nothing is received any more.
func (c *conn) finish(why error) {
	c.handler.config.Log.Debug("connection over", "path", Path, "session", c.id, "remote", c.client.From(), "error", why)
	c.first.Stop()
	c.stop()
	c.commands.Wait()
	for _, s := range c.subs { // nobody else uses it any more
		s.cancel()
	}
	c.leaveAll(closedByClient(why))
	c.stopFarewell()
	c.handler.sessions.leave(c, time.Now())
	c.out.close()
}

// receiveAll runs the commands of messages that have come together.
func (c *conn) receiveAll(together []websocket.Message) {
	for _, m := range together {
		c.receive(m.Type, m.Payload)
	}
	c.publishBurst()
}

// receive runs the commands of a message.
func (c *conn) receive(typ websocket.MessageType, payload []byte) {
	if c.expelled.Load() {
		return
	}
	if binary := typ == websocket.Binary; binary != c.out.encoding.Binary() {
		c.breaks(protocol.CloseBadMessage, "bad_frame", fmt.Sprintf("%v comes in %v frames, not in %v ones; the subprotocol chooses", c.out.encoding, frameOf(c.out.encoding), typ))
		return
	}
	commands, fault := c.out.encoding.DecodeCommands(payload, maxCommands)
	if fault != nil {
		c.misunderstood(fault)
		return
	}
	c.first.Stop()
	bytes := len(payload) / len(commands)
	for _, command := range commands {
		if c.out.full.Load() {
			c.publishBurst() // rather than let it wait
		}
		if c.out.settle(c.work) != nil || c.expelled.Load() {
			return
		}
		if refused := c.spend(bytes); refused != nil {
			c.refuseCommand(command, refused)
			continue
		}
		c.run(command)
	}
}

// refuseCommand refuses a command that is not looked into.
func (c *conn) refuseCommand(command protocol.Command, why *protocol.Error) {
	if publish, ok := command.Verb.(*protocol.Publish); ok {
		if name, err := channel.Parse(publish.Channel); err == nil {
			c.refuseInTurn(name, command.ID, why)
			return
		}
	}
	c.out.refuse(command.ID, why)
}

func frameOf(e protocol.Encoding) websocket.MessageType {
	if e.Binary() {
		return websocket.Binary
	}
	return websocket.Text
}

// misunderstood answers a message none of whose commands can be run. A client that goes on sending
// such is closed.
func (c *conn) misunderstood(fault *protocol.Error) {
	if c.broken++; c.broken == maxBroken {
		c.breaks(protocol.CloseBadMessage, string(fault.Code), fmt.Sprintf("%d messages could not be understood; the last: %v", maxBroken, fault))
		return
	}
	if c.out.settle(c.work) == nil {
		c.out.refuse(0, fault)
	}
}

// run begins a command.
func (c *conn) run(command protocol.Command) {
	id := command.ID
	if _, again := command.Verb.(*protocol.Connect); c.turnedAway != nil && !again {
		c.out.refuse(id, c.turnedAway)
		return
	}
	if publish, ok := command.Verb.(*protocol.Publish); ok {
		if c.mayGo(id) {
			c.publish(id, publish)
		}
		return
	}
	c.publishBurst()
	if command.Err != nil {
		c.out.refuse(id, command.Err)
		return
	}
	if verb, ok := command.Verb.(*protocol.Connect); ok {
		c.connect(id, verb)
		return
	}
	if !c.mayGo(id) {
		return
	}
	switch verb := command.Verb.(type) {
	case *protocol.Subscribe:
		c.subscribe(id, verb)
	case *protocol.Unsubscribe:
		c.unsubscribe(id, verb)
	case *protocol.History:
		c.history(id, verb)
	case *protocol.Presence:
		c.presence(id, verb)
	case *protocol.Ping:
		c.out.ok(id, &protocol.PingOK{})
	case *protocol.RPC:
		c.rpc(id, verb)
	case *protocol.Refresh:
		c.refresh(id, verb)
	}
}

// mayGo lets the client in, if it is not yet. It returns false if that may not be: the command has been answered then.
func (c *conn) mayGo(id uint64) bool {
	if c.greeted {
		return true
	}
	refused := c.greet()
	if refused != nil {
		c.turnAway(id, refused)
		c.turnedAway = nil // nothing has been said of who it is: the next command may be the first as well
	}
	return refused == nil
}

// begin waits until there is room for a command of a weight. When it has, the command has to give the
// room back with end. It returns false if the connection is over.
func (c *conn) begin(weight int64) bool {
	return c.flight.Acquire(c.work, weigh(weight)) == nil
}

func (c *conn) end(weight int64) { c.flight.Release(weigh(weight)) }

// weigh keeps a weight within its bounds. It does not change one that is.
func weigh(weight int64) int64 { return min(max(weight, commandWeight), maxInFlightBytes) }

// GoAway implements session.Connection: it closes the connection, or drops it when ctx ends. How it went is logged by
// the goroutine that reads.
func (c *conn) GoAway(ctx context.Context, reason string) {
	c.carrier.Close(ctx, websocket.CloseGoingAway, reason)
	c.stop()
}

// Move implements session.Mover. The client leaves when all is answered on its new connection; if it does not heed the
// advice, it stays.
func (c *conn) Move(a session.Advice) {
	c.advised.Store(true)
	c.out.push(&protocol.Move{Why: a.Why, Endpoints: socketsOf(a.Endpoints)})
}

// socketsOf returns the URLs of /socket below base URLs.
func socketsOf(bases []string) []string {
	urls := make([]string, len(bases))
	for i, base := range bases {
		urls[i] = strings.TrimSuffix(base, "/") + Path
	}
	return urls
}

// Expiring implements session.Connection.
func (c *conn) Expiring(in time.Duration) { c.out.push(&protocol.Expiring{In: in}) }

// End implements session.Connection.
func (c *conn) End(code protocol.CloseCode, reason string) {
	c.expel(websocket.CloseCode(code), reason)
}

// Subscriptions implements session.Connection: in order, each once.
func (c *conn) Subscriptions() []channel.Pattern {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := make([]channel.Pattern, 0, len(c.subs))
	for _, s := range c.subs {
		all = append(all, s.pattern)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// expel closes the connection without waiting. The reason is cut to what fits.
func (c *conn) expel(code websocket.CloseCode, reason string) {
	c.expelled.Store(true)
	if err := c.carrier.Expel(code, door.Reason(reason, "")); err != nil {
		c.handler.config.Log.Debug("not expelled", "path", Path, "error", err)
	}
	c.stop()
}

// breaks closes the connection of a client that does not keep to the protocol, and tells the audit of what kind that is.
func (c *conn) breaks(code protocol.CloseCode, kind, reason string) {
	ref := c.handler.door.Tell(c.client, &door.RequestError{Kind: kind, Err: errors.New(reason)})
	c.expel(websocket.CloseCode(code), door.Reason(reason, ref))
}
