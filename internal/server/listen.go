package server

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"syscall"
)

// ListenError is an address that can't be listened on.
type ListenError struct {
	Addr string
	Err  error
}

func (e *ListenError) Error() string { return fmt.Sprintf("cannot listen on %s: %v", e.Addr, e.Err) }

// Unwrap returns the cause, such as syscall.EADDRINUSE.
func (e *ListenError) Unwrap() error { return e.Err }

// portAttempts is how often a free port is looked for that both loopback addresses have.
const portAttempts = 10

// listen binds addr. For the host "localhost", to which a browser may connect by IPv4 or by IPv6, it
// binds the same port of both; a machine without IPv6 has only the one.
func listen(addr string) ([]net.Listener, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, &ListenError{Addr: addr, Err: err}
	}
	if host != "localhost" {
		l, err := net.Listen("tcp", addr)
		if err != nil {
			return nil, &ListenError{Addr: addr, Err: err}
		}
		return []net.Listener{l}, nil
	}
	for attempt := 1; ; attempt++ {
		ls, err := listenLoopback(port)
		if err == nil {
			return ls, nil
		}
		if port != "0" || attempt == portAttempts || !errors.Is(err, syscall.EADDRINUSE) {
			return nil, err
		}
	}
}

// listenLoopback binds a port, or a free one for "0", on 127.0.0.1 and on ::1.
func listenLoopback(port string) ([]net.Listener, error) {
	addr := net.JoinHostPort("127.0.0.1", port)
	four, err := net.Listen("tcp4", addr)
	if err != nil {
		return nil, &ListenError{Addr: addr, Err: err}
	}
	addr = net.JoinHostPort("::1", strconv.Itoa(four.Addr().(*net.TCPAddr).Port))
	six, err := net.Listen("tcp6", addr)
	switch {
	case err == nil:
		return []net.Listener{four, six}, nil
	case errors.Is(err, syscall.EADDRINUSE):
		four.Close()
		return nil, &ListenError{Addr: addr, Err: err}
	}
	return []net.Listener{four}, nil
}

// listenBoth binds addr for TCP and the same addresses and ports for UDP, which HTTP/3 uses.
func listenBoth(addr string) ([]net.Listener, []*net.UDPConn, error) {
	for attempt := 1; ; attempt++ {
		tcp, err := listen(addr)
		if err != nil {
			return nil, nil, err
		}
		udp, err := listenUDP(tcp)
		if err == nil {
			return tcp, udp, nil
		}
		closeAll(tcp)
		if _, port, _ := net.SplitHostPort(addr); port != "0" || attempt == portAttempts || !errors.Is(err, syscall.EADDRINUSE) {
			return nil, nil, err
		}
	}
}

// listenUDP binds the addresses of ls for UDP.
func listenUDP(ls []net.Listener) ([]*net.UDPConn, error) {
	var conns []*net.UDPConn
	for _, l := range ls {
		tcp := l.Addr().(*net.TCPAddr)
		c, err := net.ListenUDP("udp", &net.UDPAddr{IP: tcp.IP, Port: tcp.Port, Zone: tcp.Zone})
		if err != nil {
			closeAll(conns)
			return nil, &ListenError{Addr: tcp.String(), Err: err}
		}
		conns = append(conns, c)
	}
	return conns, nil
}

func closeAll[C io.Closer](cs []C) {
	for _, c := range cs {
		c.Close()
	}
}

func firstAddr(ls []net.Listener) net.Addr {
	if len(ls) == 0 {
		return nil
	}
	return ls[0].Addr()
}
