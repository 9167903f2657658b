package hostile

import (
	"crypto/tls"
	"io"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/internal/server"
)

func TestSlowHandshakesEndInTimeAndHoldUpNobody(t *testing.T) {
	t.Parallel()
	const each = 100
	x := newTarget(t, tls.NoClientCert, server.Front{})
	x.bystanders()
	hello := helloOf(t, x.client())
	began := time.Now()
	var ended sync.WaitGroup
	for _, slow := range []func(net.Conn, <-chan struct{}){
		func(net.Conn, <-chan struct{}) {},                                      // says nothing
		func(nc net.Conn, _ <-chan struct{}) { nc.Write(hello[:len(hello)/2]) }, // says half of it
		func(nc net.Conn, _ <-chan struct{}) { nc.Write(hello) },                // says no more after its hello
		func(nc net.Conn, over <-chan struct{}) { dribble(nc, hello, over) },    // says it byte by byte
	} {
		for range each {
			nc, err := net.Dial("tcp", x.addr)
			if err != nil {
				t.Fatal(err)
			}
			defer nc.Close()
			ended.Go(func() {
				over := make(chan struct{})
				var saying sync.WaitGroup
				saying.Go(func() { slow(nc, over) })
				if err := nc.SetReadDeadline(began.Add(2 * patience)); err != nil {
					t.Error(err)
				}
				if _, err := io.Copy(io.Discard, nc); err != nil && !cutOff(err) {
					t.Error("the server does not end the connection: ", err)
				}
				close(over)
				saying.Wait()
			})
		}
	}
	over := make(chan struct{})
	go func() { ended.Wait(); close(over) }()
	for waiting, tick := true, time.NewTicker(100*time.Millisecond); waiting; {
		select {
		case <-over:
			waiting = false
		case <-tick.C:
			x.flows()
			if _, err := x.shake(x.client()); err != nil {
				t.Fatal("another client can't connect: ", err)
			}
		}
	}
	if took := time.Since(began); took < 9*time.Second || took > 30*time.Second {
		t.Errorf("they ended after %v; want about 10 s", took)
	}
}

// dribble writes a byte ten times a second.
func dribble(w io.Writer, b []byte, over <-chan struct{}) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for i := range b {
		if _, err := w.Write(b[i : i+1]); err != nil {
			return
		}
		select {
		case <-over:
			return
		case <-tick.C:
		}
	}
}

func TestAWaveOfHandshakesLeavesRoomForMessages(t *testing.T) {
	t.Parallel()
	x := newTarget(t, tls.NoClientCert, server.Front{})
	x.bystanders()
	over := make(chan struct{})
	var wave sync.WaitGroup
	for range 8 {
		wave.Go(func() {
			for range 20 {
				if _, err := x.shake(x.client()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	go func() { wave.Wait(); close(over) }()
	for {
		select {
		case <-over:
			return
		default:
			x.flows()
		}
	}
}

func TestAForgedPROXYHeaderLeadsNowhere(t *testing.T) {
	for name, proxies := range map[string]string{"from a stranger": "10.0.0.0/8", "from a proxy that never sends one": ""} {
		front := server.Front{}
		if proxies != "" {
			front = server.Front{ProxyProtocol: true, Proxies: []netip.Prefix{netip.MustParsePrefix(proxies)}}
		}
		t.Run(name, func(t *testing.T) {
			x := newTarget(t, tls.NoClientCert, front)
			if proxies == "" {
				x.bystanders()
			}
			hello := helloOf(t, x.client())
			for _, header := range []string{
				"PROXY TCP4 127.0.0.1 127.0.0.1 1 443\r\n",
				"PROXY UNKNOWN\r\n",
				"\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c\x7f\x00\x00\x01\x7f\x00\x00\x01\x00\x01\x01\xbb",
				"\r\n\r\n\x00\r\nQUIT\n\x20\x00\x00\x00",
			} {
				if got := inWords(x.tell(append([]byte(header), hello...), false)); got != "closed" {
					t.Errorf("%q: answered %q", header, got)
				}
			}
			if proxies == "" {
				x.flows()
			}
		})
	}
}
