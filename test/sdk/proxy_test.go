package sdk

import (
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
)

// proxy is a network that breaks its first connections, each when a number of bytes has gone through it.
type proxy struct {
	to       string
	listener net.Listener
	done     sync.WaitGroup

	mu     sync.Mutex // guards what follows
	random *rand.Rand
	cuts   int // how many connections are still to break
	open   map[net.Conn]bool
}

// most is how many bytes a connection gets at most that breaks; a handshake alone has about 500.
const most = 6000

// breaking listens before the server at an address, until the end of the test.
func breaking(t *testing.T, to string, seed uint64, cuts int) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{to: to, listener: l, random: rand.New(rand.NewPCG(seed, 0)), cuts: cuts, open: map[net.Conn]bool{}}
	p.done.Go(p.accept)
	t.Cleanup(func() {
		l.Close()
		p.mu.Lock()
		for c := range p.open {
			c.Close()
		}
		p.mu.Unlock()
		p.done.Wait()
	})
	return p
}

func (p *proxy) accept() {
	for {
		near, err := p.listener.Accept()
		if err != nil {
			return
		}
		far, err := net.Dial("tcp", p.to)
		if err != nil {
			near.Close()
			continue
		}
		l := &limit{left: p.allowance()}
		p.done.Go(func() { p.carry(l, near, far) })
		p.done.Go(func() { p.carry(l, far, near) })
	}
}

// allowance returns how many bytes the next connection gets, or -1 for all that come.
func (p *proxy) allowance() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cuts == 0 {
		return -1
	}
	p.cuts--
	return p.random.IntN(most)
}

// carry copies what comes from one end to the other, and closes both when that is over or the bytes are used up.
func (p *proxy) carry(l *limit, from, to net.Conn) {
	p.mu.Lock()
	p.open[from] = true
	p.mu.Unlock()
	io.Copy(&limited{l, to}, from) // it ends as the connections do
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.open, from)
	from.Close()
	to.Close() // the other direction may have closed both
}

// limit is how many bytes may still go through a connection, in both directions together.
type limit struct {
	mu   sync.Mutex
	left int // or -1
}

// take counts n bytes and returns how many of them may go through.
func (l *limit) take(n int) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.left < 0 {
		return n
	}
	n = min(n, l.left)
	l.left -= n
	return n
}

// limited writes as far as the limit goes.
type limited struct {
	limit *limit
	to    net.Conn
}

func (w *limited) Write(b []byte) (int, error) {
	n, err := w.to.Write(b[:w.limit.take(len(b))])
	if err == nil && n < len(b) {
		err = io.ErrShortWrite
	}
	return n, err
}
