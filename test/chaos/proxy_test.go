package chaos

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strconv"
	"sync"
	"testing"
	"time"
)

// proxy stands between clients and a server. Each client has a line of its own, which it names in the query of its
// URL, so that what is behind the proxy needs no knowledge of it.
type proxy struct {
	target   string
	listener net.Listener
	lines    []*line
	running  sync.WaitGroup
}

// startProxy listens until stop.
func startProxy(target string, lines int) (*proxy, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &proxy{target: target, listener: listener}
	for range lines {
		p.lines = append(p.lines, &line{proxy: p, wires: map[*wire]struct{}{}})
	}
	p.running.Go(p.accept)
	return p, nil
}

// url returns where the client of a line connects.
func (p *proxy) url(line int) string {
	return fmt.Sprintf("ws://%s/socket?line=%d", p.listener.Addr(), line)
}

func (p *proxy) accept() {
	for {
		front, err := p.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue // the client has gone already
		}
		p.running.Go(func() { p.carry(front.(*net.TCPConn)) })
	}
}

// headTimeout bounds the wait for the first line of a request.
const headTimeout = 10 * time.Second

// carry finds the line that a connection belongs to, and goes on there.
func (p *proxy) carry(front *net.TCPConn) {
	defer front.Close()
	opened := time.Now()
	head := make([]byte, 0, 4<<10)
	if err := front.SetReadDeadline(opened.Add(headTimeout)); err != nil {
		return
	}
	for !bytes.Contains(head, []byte("\r\n")) {
		n, err := front.Read(head[len(head):cap(head)])
		head = head[:len(head)+n]
		if err != nil || len(head) == cap(head) {
			return
		}
	}
	number, err := lineOf(head)
	if err != nil || number >= len(p.lines) || front.SetReadDeadline(time.Time{}) != nil {
		return
	}
	p.lines[number].carry(front, head, opened)
}

func lineOf(head []byte) (int, error) {
	request, _, _ := bytes.Cut(head, []byte("\r\n"))
	parts := bytes.Split(request, []byte(" "))
	if len(parts) != 3 {
		return 0, fmt.Errorf("%q is no request", request)
	}
	u, err := url.ParseRequestURI(string(parts[1]))
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(u.Query().Get("line"))
}

// stop ends every connection.
func (p *proxy) stop() error {
	err := p.listener.Close()
	for _, l := range p.lines {
		l.close()
	}
	p.running.Wait()
	return err
}

// wire is one connection through the proxy.
type wire struct {
	line        *line
	front, back *net.TCPConn // back is nil for one that is held and goes nowhere

	mu    sync.Mutex // guards what follows
	fate  fate
	left  int // bytes that pass before a halved connection is reset
	turns int // chunks that have come from the server

	// When the connection was opened, and when the second chunk came from the server: behind the answer to the
	// handshake that is the answer to connect. Guarded by line.mu.
	opened, greeted time.Time
	lives           int // subscriptions that have been live on it
}

// fate is what becomes of a connection.
type fate int

const (
	fine     fate = iota
	reset         // both sides get a TCP reset
	finished      // both sides get an orderly end of TCP, without a close frame
	halved        // a few more bytes pass, so that a frame is cut; then it is reset
	vanished      // nothing passes any more and nobody is told: what is sent is thrown away
	fates         // how many there are
)

// pass carries bytes one way until that ends, in a goroutine of its own.
func (w *wire) pass(to, from *net.TCPConn, fromServer bool) {
	buffer := make([]byte, 4<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			if fromServer {
				w.count()
			}
			send, last := w.room(n)
			if send > 0 {
				if _, failed := to.Write(buffer[:send]); failed != nil && err == nil {
					err = failed
				}
			}
			if last {
				w.breakOff()
				return
			}
		}
		if err == nil {
			continue
		}
		w.ended(to, err)
		return
	}
}

// room returns how many of n bytes pass, and whether they are the last ones.
func (w *wire) room(n int) (send int, last bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch w.fate {
	case vanished:
		return 0, false
	case halved:
		send = min(n, w.left)
		w.left -= send
		return send, send < n
	}
	return n, false
}

func (w *wire) count() {
	w.mu.Lock()
	w.turns++
	second := w.turns == 2
	w.mu.Unlock()
	if second {
		w.line.greeted(w)
	}
}

// ended tells the other side that one has ended, unless nobody is told anything.
func (w *wire) ended(to *net.TCPConn, err error) {
	w.mu.Lock()
	told := w.fate != vanished
	w.mu.Unlock()
	switch {
	case !told:
	case err == io.EOF:
		if to.CloseWrite() != nil {
			w.breakOff()
		}
	default:
		w.breakOff()
	}
}

// breakOff resets both sides.
func (w *wire) breakOff() {
	w.breakFront()
	if w.back != nil {
		breakConn(w.back)
	}
}

// breakFront resets the client's side.
func (w *wire) breakFront() { breakConn(w.front) }

func breakConn(c *net.TCPConn) {
	if c.SetLinger(0) == nil {
		c.Close() // it may be closed already
	}
}

func (w *wire) is(f fate) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.fate == f
}

// meet makes the connection end somehow. What has to follow later is up to the line.
func (w *wire) meet(end fate, left int) {
	w.mu.Lock()
	w.fate, w.left = end, left
	w.mu.Unlock()
	switch end {
	case reset:
		w.breakOff()
	case finished:
		w.front.Close()
		if w.back != nil {
			w.back.Close()
		}
	}
}

func TestAProxySendsEachClientDownItsLine(t *testing.T) {
	for request, want := range map[string]int{
		"GET /socket?line=12 HTTP/1.1\r\nHost: x\r\n": 12,
		"GET /socket?a=b&line=0 HTTP/1.1\r\n":         0,
		"POST /socket?line=1 HTTP/1.1\r\n":            1,
	} {
		if got, err := lineOf([]byte(request)); got != want || err != nil {
			t.Errorf("%q: %d, %v", request, got, err)
		}
	}
	for _, request := range []string{"\r\n", "GET /socket HTTP/1.1\r\n"} {
		if got, err := lineOf([]byte(request)); err == nil {
			t.Errorf("%q: %d", request, got)
		}
	}
}
