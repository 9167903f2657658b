package websocket

import (
	"net"
	"syscall"
	"time"
)

// tcpUserTimeout is TCP_USER_TIMEOUT of tcp(7), which package syscall does not have.
const tcpUserTimeout = 18

// wantAcks has the system end a TCP connection whose peer acknowledges nothing for a while although it was sent something: a client that
// never speaks may have lost its power or its network. Without it that shows after a quarter of an hour.
func wantAcks(nc net.Conn, within time.Duration) error {
	for {
		over, ok := nc.(interface{ NetConn() net.Conn })
		if !ok {
			break
		}
		nc = over.NetConn()
	}
	tcp, ok := nc.(*net.TCPConn)
	if !ok {
		return nil // another machine's network is not involved, or nobody knows
	}
	rc, err := tcp.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = rc.Control(func(fd uintptr) {
		failed = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpUserTimeout, int(within.Milliseconds()))
	})
	if err != nil {
		return err
	}
	return failed
}
