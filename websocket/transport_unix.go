//go:build unix

package websocket

import (
	"io"
	"net"
	"syscall"
)

// rawIO reads and writes a socket's descriptor directly: it waits for readability without holding
// a buffer, and it writes without ever blocking. One goroutine may read while another writes.
//
// The callbacks are made once, because a closure per call would be an allocation per call.
type rawIO struct {
	rc syscall.RawConn

	in      *inbound // owned by the reader, like readErr
	readErr error
	onRead  func(fd uintptr) bool

	out      []byte // owned by the outbox's writer, like the two below
	written  int
	writeErr error
	onWrite  func(fd uintptr) bool
}

// newRawIO returns nil unless nc is a plain socket. A wrapper (TLS above all) must not be bypassed.
func newRawIO(nc net.Conn, in *inbound) *rawIO {
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
	r := &rawIO{rc: rc, in: in}
	r.onRead, r.onWrite = r.readReady, r.writeReady
	return r
}

// read waits until bytes arrive and puts them behind what in has not parsed yet.
func (r *rawIO) read() error {
	r.in.stash()
	if err := r.rc.Read(r.onRead); err != nil {
		return err
	}
	return r.readErr
}

// readReady runs when the descriptor may be readable. Returning false parks the goroutine.
func (r *rawIO) readReady(fd uintptr) bool {
	free := r.in.take()
	for {
		n, err := syscall.Read(int(fd), free)
		switch {
		case err == syscall.EINTR:
			continue
		case err == syscall.EAGAIN:
			r.in.stash()
			return false
		case err != nil:
			r.readErr = err
		case n == 0:
			r.readErr = io.EOF
		default:
			r.in.w += n
			r.readErr = nil
		}
		return true
	}
}

// tryWrite makes one attempt to write p.
func (r *rawIO) tryWrite(p []byte) (int, error) {
	r.out = p
	err := r.rc.Write(r.onWrite)
	r.out = nil
	if err != nil {
		return 0, err
	}
	return r.written, r.writeErr
}

// writeReady always returns true: the caller must never be parked here.
func (r *rawIO) writeReady(fd uintptr) bool {
	for {
		n, err := syscall.Write(int(fd), r.out)
		r.written, r.writeErr = max(n, 0), nil
		switch err {
		case nil, syscall.EAGAIN:
		case syscall.EINTR:
			continue
		default:
			r.writeErr = err
		}
		return true
	}
}
