package websocket

import (
	"net"
	"syscall"
	"testing"
	"time"
)

func TestAPeerThatAcknowledgesNothingIsNotWaitedForLongerThanItMayTakeNothing(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	s := newSocket(c)
	if err := wantAcks(s, 30*time.Second); err != nil {
		t.Fatal(err)
	}
	err = s.rc.Control(func(fd uintptr) {
		if got, err := syscall.GetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpUserTimeout); err != nil || got != 30_000 {
			t.Errorf("got %d ms, %v", got, err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	here, there := net.Pipe()
	defer here.Close()
	defer there.Close()
	if err := wantAcks(here, time.Second); err != nil {
		t.Error(err)
	}
}
