package server

import (
	"context"
	"crypto/subtle"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/hub"
	"github.com/holdfast-dev/holdfast/internal/policy"
	"github.com/holdfast-dev/holdfast/internal/session"
	"github.com/holdfast-dev/holdfast/websocket"
)

// perch is where the canary lands: what it sends is published in the hub and in a log, and goes back when it has come out of
// each. The log is one of its own, with one message for each node, kept as often as the others; what follows it is a hub of
// its own, so that nobody sees the messages, whatever pattern they subscribe to.
type perch struct {
	hub     *hub.Hub         // of the node
	clients *session.Clients // of the node
	name    channel.Name     // of this run of the node, so that nodes do not take each other's for theirs

	log  *broker.Log // nil without logs
	own  *hub.Hub
	feed *hub.Feed // of log

	stuck atomic.Bool // the hub has not handed on the last one yet

	mu     sync.Mutex // guards closed
	closed bool
}

const (
	canaryLogName   = "//canary" // which is no pattern, so that no rule has it
	canaryKept      = time.Hour  // for which the last message of a run stays that is over
	maxCanaryBytes  = 1 << 10    // of a message of the canary
	canaryServedFor = 2 * canaryLate
)

func newPerch(ctx context.Context, s *Server) (*perch, error) {
	p := &perch{hub: s.store.hub, clients: s.clients, name: channel.Name(s.clients.Node()), own: hub.New()}
	if s.store.logs == nil {
		return p, nil
	}
	keeps := broker.Retention{Count: 1, Age: canaryKept}
	var err error
	if p.log, err = s.store.logs.Log(ctx, canaryLogName, keeps); err == nil {
		p.feed, err = p.own.Follow(ctx, p.log, keeps)
	}
	if err != nil {
		p.own.Close()
		return nil, err
	}
	return p, nil
}

// close is called when nothing lands any more.
func (p *perch) close() { p.own.Close() }

// serve answers the canary; nobody else knows the key.
func (c *canary) serve(w http.ResponseWriter, r *http.Request) {
	shown := r.Header.Get("Authorization")
	if c.perch == nil || subtle.ConstantTimeCompare([]byte(shown), []byte(authorization(c.key).Get("Authorization"))) != 1 {
		nothing(w, r)
		return
	}
	if !c.enter() {
		http.Error(w, "the server stops", http.StatusServiceUnavailable)
		return
	}
	defer c.running.Done()
	ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{Limits: websocket.Limits{MaxMessageBytes: maxCanaryBytes}})
	if err != nil {
		return // it has been answered, and the canary notices
	}
	defer ws.CloseNow()
	ctx, cancel := context.WithTimeout(c.work, canaryServedFor)
	defer cancel()
	if _, nonce, err := ws.Read(ctx); err == nil {
		c.land(ctx, ws, string(nonce))
	}
}

// enter counts a connection of the canary, unless the server stops.
func (c *canary) enter() bool {
	c.perch.mu.Lock()
	defer c.perch.mu.Unlock()
	if !c.perch.closed {
		c.running.Add(1)
	}
	return !c.perch.closed
}

// leave lets nothing land any more.
func (p *perch) leave() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
}

// land publishes a nonce both ways, and stays until the canary has left.
func (c *canary) land(ctx context.Context, ws *websocket.Conn, nonce string) {
	p := c.perch
	back := landed{ws: ws}
	if p.stuck.CompareAndSwap(false, true) { // else there is one goroutine that waits, and no more are needed
		c.running.Go(func() {
			p.clients.Count() // which takes the lock that whoever comes needs
			p.hub.Probe(hub.NewPublication(p.name, websocket.Message{Type: websocket.Text, Payload: []byte(checkHub + " " + nonce)}), landedFromHub{back})
			p.stuck.Store(false)
		})
	}
	if p.feed != nil {
		sub, err := session.Open(p.own, session.Request{
			Channels: p.name.Pattern(),
			Parts:    []session.Part{{Feed: p.feed, Delivery: policy.DeliverAll, Slow: policy.SlowCatchUp}},
		}, back)
		if err != nil {
			back.say(checkLog + " " + err.Error())
			return
		}
		sub.Start()
		defer sub.Cancel()
		m := &broker.Message{Channel: p.name, Type: websocket.Text, Payload: []byte(checkLog + " " + nonce), Time: time.Now()}
		p.log.Append(ctx, m, func(_ broker.Ack, err error) {
			if err != nil {
				c.fault.Store(&err)
				back.say(checkLog + " " + refusalOf(err))
			}
		})
	}
	for {
		if _, _, err := ws.Read(ctx); err != nil {
			return
		}
	}
}

// refusalOf says why the log did not store a message, in words for strangers.
func refusalOf(err error) string {
	switch {
	case errors.Is(err, broker.ErrFull):
		return "there is no room for what is published"
	case errors.Is(err, broker.ErrUnavailable):
		return "it can't be reached, or too few of its nodes are there"
	}
	return "it does not store what is published"
}

// landed takes what comes back out of the log, for the canary. It is a session.Receiver.
type landed struct{ ws *websocket.Conn }

func (l landed) say(words string) {
	l.ws.SendBatch(websocket.NewBatch(websocket.NewFrame(websocket.Text, []byte(words))))
}

func (l landed) Deliver(p *hub.Publication) websocket.Result { return l.ws.SendBatch(p.Batch()) }
func (l landed) Flush(ctx context.Context) error             { return l.ws.Flush(ctx) }
func (l landed) Live(broker.Position)                        {}
func (l landed) Lost(broker.Position)                        {}
func (l landed) Gap(int)                                     {}
func (l landed) TooSlow()                                    {}

// landedFromHub is landed for what comes back out of the hub. It is a hub.Subscriber.
type landedFromHub struct{ landed }

func (l landedFromHub) Deliver(p *hub.Publication) { l.ws.SendBatch(p.Batch()) }
func (l landedFromHub) Missed()                    {} // its own message comes from here
