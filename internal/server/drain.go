package server

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/holdfast-dev/holdfast/internal/cluster"
	"github.com/holdfast-dev/holdfast/internal/session"
	"github.com/holdfast-dev/holdfast/protocol"
	"github.com/holdfast-dev/holdfast/websocket"
)

const (
	// balancersNotice is for how long a node that drains goes on taking clients: load balancers learn from /readyz that it
	// does, and until then would only bring them back. It is part of the drain time, at most a fifth.
	balancersNotice = 5 * time.Second
	// leaveGrace is how long a client that was asked to move may take.
	leaveGrace = 10 * time.Second
)

// ErrAlone says that there is no other node to which clients could go.
var ErrAlone = errors.New("no other node is ready, so clients have nowhere to go; start one, or stop this one")

var errStops = errors.New("the node stops; start it again when it has")

// drain is the emptying of the node, while it lasts and afterwards.
type drain struct {
	context context.Context // of what moves clients
	end     context.CancelFunc
	running sync.WaitGroup // what moves clients
	grace   time.Duration  // leaveGrace

	mu   sync.Mutex // guards what follows
	stop context.CancelFunc
	done chan struct{} // closed when it is over; nil if the node does not drain
	last bool          // the node stops then

	balancing bool // some clients are being moved
}

func newDrain() *drain {
	d := &drain{grace: leaveGrace}
	d.context, d.end = context.WithCancel(context.Background())
	return d
}

// Drain has all clients go to other nodes, and lets nobody in any more: /readyz turns red, and after a moment, in which load
// balancers notice, clients are asked to move or are closed with 1012, spread over Config.Drain, or for longer if the others
// can't take them as fast. What is left ten seconds later is closed as well. It returns when nobody is left, or with the
// error of ctx, or at once with ErrAlone; further calls wait for the first one. why is protocol.WhyShutdown or WhyDrain.
func (s *Server) Drain(ctx context.Context, why string) error {
	done, err := s.beginDrain(why)
	if err != nil {
		return err
	}
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// beginDrain is Drain that does not wait.
func (s *Server) beginDrain(why string) (done <-chan struct{}, err error) {
	d := s.drain
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.done != nil {
		d.last = d.last || why == protocol.WhyShutdown
		return d.done, nil
	}
	if len(s.elsewhere()) == 0 || d.context.Err() != nil {
		return nil, ErrAlone
	}
	ctx, stop := context.WithCancel(d.context)
	over := make(chan struct{})
	d.stop, d.done, d.last = stop, over, why == protocol.WhyShutdown
	reason := "the node is being emptied"
	if why == protocol.WhyShutdown {
		reason = "the node stops"
	}
	s.canary.ready.Drain(reason)
	d.running.Go(func() {
		defer close(over)
		defer stop()
		s.empty(ctx, session.Advice{Why: why, Reason: reason + "; connect again, and another one answers"})
	})
	return over, nil
}

// Undrain takes clients again. Those that have gone stay where they are. It fails if the node stops.
func (s *Server) Undrain() error {
	d := s.drain
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.last || d.context.Err() != nil {
		return errStops
	}
	if d.done == nil {
		return nil
	}
	d.stop()
	<-d.done
	d.stop, d.done = nil, nil
	s.clients.Refuse(false)
	s.canary.ready.Drain("")
	return nil
}

// empty lets the clients go, until nobody is left or ctx ends.
func (s *Server) empty(ctx context.Context, a session.Advice) {
	notice := min(balancersNotice, s.config.Drain/5)
	if !sleep(ctx, notice) {
		return
	}
	s.clients.Refuse(true)
	n := s.clients.Count()
	over := max(s.config.Drain-notice, s.takes(n))
	s.config.Log.Info("clients move to other nodes", "clients", n, "over", over, "why", a.Why)
	moved := s.clients.Move(ctx, session.Moving{Over: over, Close: true, Advise: func() session.Advice {
		a.Endpoints = endpointsOf(s.elsewhere())
		return a
	}})
	grace := time.NewTimer(s.drain.grace)
	defer grace.Stop()
	select {
	case <-s.clients.Empty():
	case <-grace.C:
	case <-ctx.Done():
		return
	}
	everybody := func(*session.Client) bool { return true }
	left := s.clients.End(everybody, protocol.CloseCode(websocket.CloseServiceRestart), a.Reason)
	s.config.Log.Info("the node is empty", "moved", moved-min(moved, left), "closed", left)
}

// elsewhere returns the other nodes that take clients, in random order.
func (s *Server) elsewhere() []cluster.Node {
	var others []cluster.Node
	self := s.cluster.Self().ID
	for _, n := range s.cluster.Nodes() {
		if n.ID != self && n.State == cluster.Ready {
			others = append(others, n)
		}
	}
	rand.Shuffle(len(others), func(i, j int) { others[i], others[j] = others[j], others[i] })
	return others
}

// endpointsOf returns where clients reach nodes, in the order of the nodes.
func endpointsOf(nodes []cluster.Node) []string {
	var all []string
	for _, n := range nodes {
		all = append(all, n.Endpoints...)
	}
	return all
}

// takes returns how long the other nodes need to let so many clients in.
func (s *Server) takes(clients int) time.Duration {
	var rate float64
	for _, n := range s.elsewhere() {
		if n.Handshakes == 0 {
			return 0 // as many as come
		}
		rate += n.Handshakes
	}
	if rate == 0 {
		return 0
	}
	return time.Duration(float64(clients) / rate * float64(time.Second))
}

// close ends what moves clients, and waits for it. Further calls do nothing.
func (d *drain) close() {
	d.mu.Lock()
	d.end() // nothing is begun from here on
	d.mu.Unlock()
	d.running.Wait()
}

// sleep waits, and tells whether it has slept its time.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
