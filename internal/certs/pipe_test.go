package certs

import (
	"io"
	"net"
	"sync"
	"time"
)

// bufferedPipe returns the two ends of a connection in memory on which writing never waits, as on a socket; on a
// net.Pipe two ends that both write, one of them an alert, would wait for ever.
func bufferedPipe() (near, far net.Conn) {
	one, other := newStream(), newStream()
	return &end{in: one, out: other}, &end{in: other, out: one}
}

type stream struct {
	mu     sync.Mutex
	more   *sync.Cond
	bytes  []byte
	closed bool
}

func newStream() *stream {
	s := &stream{}
	s.more = sync.NewCond(&s.mu)
	return s
}

type end struct{ in, out *stream }

func (e *end) Read(p []byte) (int, error) {
	e.in.mu.Lock()
	defer e.in.mu.Unlock()
	for len(e.in.bytes) == 0 && !e.in.closed {
		e.in.more.Wait()
	}
	if len(e.in.bytes) == 0 {
		return 0, io.EOF
	}
	n := copy(p, e.in.bytes)
	e.in.bytes = e.in.bytes[n:]
	return n, nil
}

func (e *end) Write(p []byte) (int, error) {
	e.out.mu.Lock()
	defer e.out.mu.Unlock()
	if e.out.closed {
		return 0, io.ErrClosedPipe
	}
	e.out.bytes = append(e.out.bytes, p...)
	e.out.more.Broadcast()
	return len(p), nil
}

func (e *end) Close() error {
	for _, s := range []*stream{e.in, e.out} {
		s.mu.Lock()
		s.closed = true
		s.more.Broadcast()
		s.mu.Unlock()
	}
	return nil
}

func (e *end) LocalAddr() net.Addr              { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }
func (e *end) RemoteAddr() net.Addr             { return e.LocalAddr() }
func (e *end) SetDeadline(time.Time) error      { return nil }
func (e *end) SetReadDeadline(time.Time) error  { return nil }
func (e *end) SetWriteDeadline(time.Time) error { return nil }
