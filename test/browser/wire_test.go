package browser

import (
	"io"
	"net"
	"strings"
	"sync"
	"testing"
)

// wire is a network between the browser and a server that can fail.
type wire struct {
	page     string // https://localhost:PORT
	to       string // the server's address
	listener net.Listener
	done     sync.WaitGroup

	mu    sync.Mutex // guards what follows
	down  bool
	pipes []*pipe
}

// pipe is one connection through a wire: the browser's end and the server's.
type pipe struct {
	ends   [2]net.Conn
	silent bool // guarded by the wire
}

// through puts a wire before a server until the end of the test.
func through(t *testing.T, s *server) *wire {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String()) // it is one
	w := &wire{page: "https://localhost:" + port, to: strings.TrimPrefix(s.page, "https://"), listener: l}
	w.done.Go(w.accept)
	t.Cleanup(func() {
		l.Close()
		w.cut()
		w.done.Wait()
	})
	return w
}

func (w *wire) accept() {
	for {
		near, err := w.listener.Accept()
		if err != nil {
			return
		}
		far, err := net.Dial("tcp", w.to)
		if err != nil { // the server is not there
			near.Close()
			continue
		}
		p := &pipe{ends: [2]net.Conn{near, far}}
		w.mu.Lock()
		w.pipes = append(w.pipes, p)
		if w.down {
			p.close()
		}
		w.mu.Unlock()
		w.done.Go(func() { w.carry(p, near, far) })
		w.done.Go(func() { w.carry(p, far, near) })
	}
}

// carry copies what comes from one end to the other. When that is over it closes both, unless nobody is to be told.
func (w *wire) carry(p *pipe, from, to net.Conn) {
	passed := writer(func(b []byte) (int, error) {
		if w.isSilent(p) {
			return len(b), nil
		}
		return to.Write(b)
	})
	io.Copy(passed, from) // it ends as the connections do
	if !w.isSilent(p) {
		p.close()
	}
}

func (w *wire) isSilent(p *pipe) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return p.silent
}

type writer func(b []byte) (int, error)

func (f writer) Write(b []byte) (int, error) { return f(b) }

func (p *pipe) close() {
	for _, end := range p.ends {
		end.Close() // the other direction may have closed it
	}
}

// cut ends all connections and lets none be made, as a cable that is pulled.
func (w *wire) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.down = true
	for _, p := range w.pipes {
		p.close()
	}
}

// silence lets nothing pass any more on the connections that are there, and tells nobody, as a router that has
// forgotten them.
func (w *wire) silence() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, p := range w.pipes {
		p.silent = true
	}
}

// mend lets connections be made again.
func (w *wire) mend() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.down = false
}
