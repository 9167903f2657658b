package gate

import (
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

// pair is a connection through a gate.
type pair struct {
	gate  *Gate
	who   string // has opened it, if that is known
	front *net.TCPConn

	mu     sync.Mutex // guards what follows
	back   *net.TCPConn
	broken bool
	over   chan struct{} // closed with broken
}

const chunkBytes = 16 << 10

func isClosed(err error) bool { return errors.Is(err, net.ErrClosed) }

// join notes the connection to the target, unless the pair has been broken off meanwhile.
func (p *pair) join(back *net.TCPConn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.back = back
	if p.broken {
		reset(back)
	}
	return !p.broken
}

// wait waits until something may pass, and tells whether it ever will.
func (p *pair) wait() bool {
	var slept time.Duration
	for {
		passes, delay, moved := p.gate.state(p.who)
		if passes && slept >= delay {
			return !p.isBroken()
		}
		var late <-chan time.Time
		if passes {
			late = time.After(delay - slept)
			slept = delay
		}
		select {
		case <-late:
		case <-moved:
			// A change of the delay counts for the next chunk.
		case <-p.over:
			return false
		}
	}
}

func (p *pair) isBroken() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.broken
}

// pass carries bytes one way until that ends.
func (p *pair) pass(to, from *net.TCPConn) {
	buffer := make([]byte, chunkBytes)
	for {
		n, err := from.Read(buffer)
		if !p.wait() {
			return
		}
		if n > 0 {
			if _, failed := to.Write(buffer[:n]); failed != nil && err == nil {
				err = failed
			}
		}
		switch {
		case err == nil:
		case err == io.EOF && to.CloseWrite() == nil:
			return
		default:
			p.breakOff()
			return
		}
	}
}

// breakOff resets both sides.
func (p *pair) breakOff() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.broken {
		return
	}
	p.broken = true
	close(p.over)
	reset(p.front)
	if p.back != nil {
		reset(p.back)
	}
}

// close ends both sides, which have said all that they had to say.
func (p *pair) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.front.Close() // it may be closed already
	p.back.Close()
}

func reset(c *net.TCPConn) {
	if c.SetLinger(0) == nil {
		c.Close() // it may be closed already
	}
}
