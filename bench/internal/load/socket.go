//go:build linux

package load

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// socket is a TCP connection whose system calls are made directly: blocking until nonblock is
// called, then not. It is a net.Conn so that crypto/tls can use it.
type socket struct{ fd int }

// patience bounds every blocking system call, and how long a load waits without progress.
const patience = 10 * time.Second

// errWouldBlock is what a read returns when nothing has arrived. It is a temporary net.Error, as
// crypto/tls goes on after such errors only.
var errWouldBlock net.Error = wouldBlock{}

type wouldBlock struct{}

func (wouldBlock) Error() string   { return "nothing has arrived" }
func (wouldBlock) Timeout() bool   { return true }
func (wouldBlock) Temporary() bool { return true }

// connect opens a blocking connection. Closing it resets it, which leaves nothing behind in the
// kernel: a benchmark opens more connections than there are ports.
func connect(addr netip.AddrPort) (*socket, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	s := &socket{fd: fd}
	limit := unix.NsecToTimeval(patience.Nanoseconds())
	err = errors.Join(
		unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1),
		unix.SetsockoptLinger(fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1}),
		unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &limit),
		unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &limit),
	)
	if err != nil {
		s.Close()
		return nil, os.NewSyscallError("setsockopt", err)
	}
	to := &unix.SockaddrInet4{Port: int(addr.Port()), Addr: addr.Addr().As4()}
	err = unix.Connect(fd, to)
	for err == unix.EINTR { // Go's own signals interrupt; a second call waits for the first one's end
		err = unix.Connect(fd, to)
	}
	if err != nil {
		s.Close()
		return nil, fmt.Errorf("connect to %s: %w", addr, err)
	}
	return s, nil
}

func (s *socket) nonblock() error { return unix.SetNonblock(s.fd, true) }

// Read returns errWouldBlock when nothing has arrived: at once, or, while s blocks, after patience.
func (s *socket) Read(b []byte) (int, error) {
	for {
		n, err := unix.Read(s.fd, b)
		switch {
		case err == unix.EINTR:
			continue
		case err == unix.EAGAIN:
			return 0, errWouldBlock
		case err != nil:
			return 0, os.NewSyscallError("read", err)
		case n == 0:
			return 0, io.EOF
		}
		return n, nil
	}
}

// tryWrite writes what there is room for, which may be nothing.
func (s *socket) tryWrite(b []byte) (int, error) {
	for {
		n, err := unix.Write(s.fd, b)
		switch err {
		case nil:
			return n, nil
		case unix.EINTR:
			continue
		case unix.EAGAIN:
			return 0, nil
		}
		return 0, os.NewSyscallError("write", err)
	}
}

// Write writes all of b and waits for room if it has to.
func (s *socket) Write(b []byte) (int, error) {
	for written := 0; ; {
		n, err := s.tryWrite(b[written:])
		if written += n; err != nil || written == len(b) {
			return written, err
		}
		ready, err := unix.Poll([]unix.PollFd{{Fd: int32(s.fd), Events: unix.POLLOUT}}, int(patience.Milliseconds()))
		if ready == 0 && err == nil {
			return written, fmt.Errorf("the server took no bytes for %s", patience)
		}
	}
}

func (s *socket) Close() error { return unix.Close(s.fd) }

// What crypto/tls needs no more than the names of.

func (s *socket) LocalAddr() net.Addr              { return nil }
func (s *socket) RemoteAddr() net.Addr             { return nil }
func (s *socket) SetDeadline(time.Time) error      { return nil }
func (s *socket) SetReadDeadline(time.Time) error  { return nil }
func (s *socket) SetWriteDeadline(time.Time) error { return nil }
