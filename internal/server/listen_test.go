package server

import (
	"errors"
	"net"
	"strings"
	"syscall"
	"testing"
)

func TestAPortInUseIsSaidAndNothingStaysBound(t *testing.T) {
	taken, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	free, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	freeAddr := free.Addr().String()
	free.Close()

	_, err = Listen(patience(t), Config{Rules: noRules(t), HTTPS: freeAddr, HTTP: taken.Addr().String(), Log: quiet})
	failed, ok := errors.AsType[*ListenError](err)
	if !ok || failed.Addr != taken.Addr().String() || !errors.Is(err, syscall.EADDRINUSE) {
		t.Fatalf("Listen returned %v", err)
	}
	again, err := net.Listen("tcp4", freeAddr)
	if err != nil {
		t.Fatalf("the other address stayed bound: %v", err)
	}
	again.Close()
}

func TestLocalhostMeansThePortOnBothLoopbackAddresses(t *testing.T) {
	ls, err := listen("localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	defer closeAll(ls)
	_, port, _ := strings.Cut(ls[0].Addr().String(), ":")
	if len(ls) == 2 && ls[1].Addr().String() != "[::1]:"+port {
		t.Errorf("listening on %v and %v", ls[0].Addr(), ls[1].Addr())
	}
	if _, err := listen("localhost:" + port); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("the same port again: %v", err)
	}
}

func TestAnAddressThatIsNoneIsSaid(t *testing.T) {
	for _, addr := range []string{"8443", "localhost", "256.0.0.1:0", "127.0.0.1:99999"} {
		_, err := listen(addr)
		if _, ok := errors.AsType[*ListenError](err); !ok || !strings.Contains(err.Error(), addr) {
			t.Errorf("listen(%q) returned %v", addr, err)
		}
	}
}
