package session

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/holdfast-dev/holdfast/protocol"
	"github.com/holdfast-dev/holdfast/websocket"
)

// ErrDraining says that the node lets nobody in, because it is being emptied.
var ErrDraining = errors.New("this node is being emptied; connect again, and another one will answer")

// Mover is a Connection whose client can be asked to go elsewhere, which it does without missing anything.
type Mover interface {
	Connection
	// Move asks the client to connect elsewhere now, and leaves the connection to it.
	Move(Advice)
}

// Advice tells clients where to go, and why.
type Advice struct {
	Why       string   // protocol.WhyShutdown, WhyDrain or WhyBalance
	Reason    string   // for people, where the connection is closed
	Endpoints []string // base URLs of other nodes, the best first; nil for those that the client knows
}

// Moving says how clients go elsewhere.
type Moving struct {
	Advise func() Advice // called for each client
	Most   int           // of them; 0 for all
	Over   time.Duration // they are asked in random order, spread over it
	Close  bool          // those that can't be asked are closed with 1012; otherwise they stay
}

// movingTick is how exactly the times are kept: clients whose time has come within it are asked together.
const movingTick = 10 * time.Millisecond

// Move has clients go elsewhere. It returns when the last one has been asked, or when ctx ends, and how many were asked or
// closed. Those that come meanwhile are not among them. Cost: one look at each client, and eight bytes for each.
func (cs *Clients) Move(ctx context.Context, m Moving) int {
	going := cs.going(m)
	began := time.Now()
	for i, c := range going {
		due := m.Over * time.Duration(i) / time.Duration(len(going))
		if wait := due - time.Since(began); wait >= movingTick && !sleep(ctx.Done(), wait) {
			return i
		}
		if ctx.Err() != nil {
			return i
		}
		c.move(m.Advise())
	}
	return len(going)
}

// going returns whom m is about, in random order.
func (cs *Clients) going(m Moving) []*Client {
	var all []*Client
	cs.mu.Lock()
	cs.all.Scan(func(_ uint64, c *Client) bool {
		conn := c.connection()
		if _, can := conn.(Mover); can || m.Close && conn != nil {
			all = append(all, c)
		}
		return true
	})
	cs.mu.Unlock()
	rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	if m.Most > 0 {
		all = all[:min(m.Most, len(all))]
	}
	return all
}

func (c *Client) move(a Advice) {
	conn := c.connection()
	if mover, can := conn.(Mover); can {
		mover.Move(a)
		return
	}
	conn.End(protocol.CloseCode(websocket.CloseServiceRestart), a.Reason)
}

// Refuse has nobody let in any more, with ErrDraining, or everybody again.
func (cs *Clients) Refuse(draining bool) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	cs.draining = draining
}

// Empty returns a channel that is closed when nobody is connected.
func (cs *Clients) Empty() <-chan struct{} {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	if cs.empty == nil {
		cs.empty = make(chan struct{})
	}
	empty := cs.empty
	cs.emptiedLocked()
	return empty
}

// emptiedLocked tells who waits if nobody is connected.
func (cs *Clients) emptiedLocked() {
	if cs.empty != nil && cs.all.Len() == 0 {
		close(cs.empty)
		cs.empty = nil
	}
}
