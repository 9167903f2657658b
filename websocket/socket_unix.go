//go:build unix

package websocket

import (
	"io"
	"net"
	"sync/atomic"
	"syscall"
)

// socket is a TCP or Unix connection whose descriptor is at hand, so that reading can wait without a
// buffer and writing need not block. As a net.Conn it behaves like the connection it wraps, until
// TLS on top of it is switched over to engaged.
type socket struct {
	net.Conn // *net.TCPConn or *net.UnixConn
	rc       syscall.RawConn

	// The writer's. The callback is made once, because a closure per call would be an allocation
	// per call.
	out      []byte
	written  int
	writeErr error
	onWrite  func(fd uintptr) bool

	engaged atomic.Pointer[ciphertext] // set when the TLS above is not to block; nil before
}

// newSocket returns nil unless nc is a plain socket: a wrapper (TLS above all) must not be bypassed.
func newSocket(nc net.Conn) *socket {
	var sc syscall.Conn
	switch nc := nc.(type) {
	case *net.TCPConn:
		sc = nc
	case *net.UnixConn:
		sc = nc
	default:
		return nil
	}
	rc, err := sc.SyscallConn()
	if err != nil {
		return nil
	}
	s := &socket{Conn: nc, rc: rc}
	s.onWrite = s.writeReady
	return s
}

// CloseWrite closes the writing half.
func (s *socket) CloseWrite() error {
	return s.Conn.(interface{ CloseWrite() error }).CloseWrite() // both kinds can
}

// NetConn returns the connection underneath.
func (s *socket) NetConn() net.Conn { return s.Conn }

// Read reads for TLS. Once engaged it never blocks.
func (s *socket) Read(p []byte) (int, error) {
	if c := s.engaged.Load(); c != nil {
		return c.read(p)
	}
	return s.Conn.Read(p)
}

// Write writes for TLS. Once engaged it never blocks and always takes all.
func (s *socket) Write(p []byte) (int, error) {
	if c := s.engaged.Load(); c != nil {
		return c.write(p)
	}
	return s.Conn.Write(p)
}

// tryWrite makes one attempt to write p, without blocking. The caller is the only one that writes.
func (s *socket) tryWrite(p []byte) (int, error) {
	s.out = p
	err := s.rc.Write(s.onWrite)
	s.out = nil
	if err != nil {
		return 0, err
	}
	return s.written, s.writeErr
}

// writeReady always returns true: the caller must never be parked here.
func (s *socket) writeReady(fd uintptr) bool {
	s.written, s.writeErr = writeFD(fd, s.out)
	return true
}

// writeFD makes one write call; 0 and no error means that it would block.
func writeFD(fd uintptr, p []byte) (int, error) {
	for {
		n, err := syscall.Write(int(fd), p)
		switch err {
		case nil:
			return n, nil
		case syscall.EAGAIN:
			return 0, nil
		case syscall.EINTR:
			continue
		default:
			return 0, err
		}
	}
}

// readFD makes one read call; again means that there is nothing to read yet.
func readFD(fd uintptr, p []byte) (n int, again bool, err error) {
	for {
		n, err := syscall.Read(int(fd), p)
		switch {
		case err == syscall.EINTR:
			continue
		case err == syscall.EAGAIN:
			return 0, true, nil
		case err != nil:
			return 0, false, err
		case n == 0:
			return 0, false, io.EOF
		}
		return n, false, nil
	}
}

// direct wraps nc if that is of use.
func direct(nc net.Conn) net.Conn {
	if s := newSocket(nc); s != nil {
		return s
	}
	return nc
}
