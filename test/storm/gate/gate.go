// Package gate has a proxy for TCP that can be shut: what passes then waits, as in a network that is cut in two, and goes
// on when it is opened again. It also breaks connections off, and slows them down.
package gate

import (
	"net"
	"sync"
	"time"
)

// Gate stands before one address. Its methods may be called from any goroutine.
type Gate struct {
	target   string
	listener net.Listener
	running  sync.WaitGroup

	mu     sync.Mutex // guards what follows
	closed bool
	shut   bool
	delay  time.Duration
	pairs  map[*pair]struct{}
	whose  func(*net.TCPConn) string
	outs   map[string]bool // whose connections do not pass either
	moved  chan struct{}   // closed, and made anew, with each change
}

// Start listens at an address, until Close. whose, which may be nil, names who has opened a connection, for ShutOut.
func Start(address, target string, whose func(*net.TCPConn) string) (*Gate, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	g := &Gate{target: target, listener: listener, pairs: map[*pair]struct{}{}, whose: whose, outs: map[string]bool{}, moved: make(chan struct{})}
	g.running.Go(g.accept)
	return g, nil
}

// Addr returns where it listens, as host:port.
func (g *Gate) Addr() string { return g.listener.Addr().String() }

// Shut lets nothing pass, and nobody is told.
func (g *Gate) Shut() { g.change(func() { g.shut = true }) }

// Open lets everything pass that waits, and what comes.
func (g *Gate) Open() { g.change(func() { g.shut = false }) }

// ShutOut lets nothing pass in either direction on connections that somebody has opened.
func (g *Gate) ShutOut(who string) { g.change(func() { g.outs[who] = true }) }

// LetIn is the end of ShutOut.
func (g *Gate) LetIn(who string) { g.change(func() { delete(g.outs, who) }) }

// Delay has each chunk of bytes wait for so long, both ways.
func (g *Gate) Delay(d time.Duration) { g.change(func() { g.delay = d }) }

func (g *Gate) change(f func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	f()
	close(g.moved)
	g.moved = make(chan struct{})
}

// Reset breaks off connections, those for which is returns true, with a TCP reset to both sides, and returns how many.
// They are numbered from 0, in no order.
func (g *Gate) Reset(is func(number int) bool) (count int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	number := 0
	for p := range g.pairs {
		if is(number) {
			p.breakOff()
			count++
		}
		number++
	}
	return count
}

// Close ends all connections and waits for that.
func (g *Gate) Close() error {
	err := g.listener.Close()
	g.change(func() {
		g.closed = true
		for p := range g.pairs {
			p.breakOff()
		}
	})
	g.running.Wait()
	return err
}

func (g *Gate) accept() {
	for {
		conn, err := g.listener.Accept()
		if err != nil {
			g.mu.Lock()
			closed := g.closed
			g.mu.Unlock()
			if closed || isClosed(err) {
				return
			}
			continue // the client has gone already
		}
		g.running.Go(func() { g.carry(conn.(*net.TCPConn)) })
	}
}

// carry joins a connection to the target as soon as the gate is open.
func (g *Gate) carry(front *net.TCPConn) {
	p := &pair{gate: g, front: front, over: make(chan struct{})}
	if g.whose != nil {
		p.who = g.whose(front)
	}
	if !g.enter(p) {
		p.breakOff()
		return
	}
	defer g.leave(p)
	if !p.wait() {
		return
	}
	conn, err := net.Dial("tcp", g.target)
	if err != nil {
		p.breakOff()
		return
	}
	back := conn.(*net.TCPConn)
	if !p.join(back) {
		return
	}
	var other sync.WaitGroup
	other.Go(func() { p.pass(front, back) })
	p.pass(back, front)
	other.Wait()
	p.close()
}

func (g *Gate) enter(p *pair) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.closed {
		g.pairs[p] = struct{}{}
	}
	return !g.closed
}

func (g *Gate) leave(p *pair) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.pairs, p)
}

// state tells whether a connection passes now, and after which delay; moved is closed when that may have changed.
func (g *Gate) state(who string) (passes bool, delay time.Duration, moved <-chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return !g.shut && !g.outs[who], g.delay, g.moved
}
