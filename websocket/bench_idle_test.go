package websocket

import (
	"bufio"
	"context"
	"crypto/tls"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"testing"
)

const (
	// idleClientEnv tells a process of the test binary to be the client side of BenchmarkIdle: "ws ADDR", "wss ADDR", "tcp ADDR" or
	// "tls ADDR". It exits when its standard input ends.
	idleClientEnv   = "HOLDFAST_IDLE_CLIENT"
	idleConnections = 2000
)

// BenchmarkIdle reports what an idle server connection costs in heap and stack, after one message each way. The bare minimum is a
// goroutine that waits in Read with a buffer of 4 KiB, as bufio has. The clients live in a process of their own.
func BenchmarkIdle(b *testing.B) {
	asIs := func(l net.Listener) net.Listener { return l }
	for _, c := range []struct {
		name, kind, bare string
		wrap             func(net.Listener) net.Listener
	}{
		{"ws", "ws", "tcp", asIs},
		{"wss", "wss", "tls", asIs},
		{"wss on a Listener", "wss", "tls", Listener},
	} {
		var bare, ours memory
		b.Run(c.name, func(b *testing.B) {
			if b.N == 1 { // the benchmark is run again for its timing, which means nothing here
				bare = idleBytes(b, c.bare, c.wrap, serveBare)
				ours = idleBytes(b, c.kind, c.wrap, serveIdle)
			}
			for range b.N {
				runtime.Gosched()
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(ours.heap, "heap-B/conn")
			b.ReportMetric(ours.stack, "stack-B/conn")
			b.ReportMetric(ours.heap+ours.stack, "B/conn")
			b.ReportMetric((ours.heap+ours.stack)/(bare.heap+bare.stack), "x-bare")
		})
	}
}

// idleBytes lets a child process open connections of a kind to what serve starts, and returns the bytes that each costs here.
func idleBytes(b *testing.B, kind string, wrap func(net.Listener) net.Listener, serve serveFunc) memory {
	b.Helper()
	before := memoryInUse()
	var ready sync.WaitGroup
	ready.Add(idleConnections)
	addr, stop := serve(b, wrap, kind == "wss" || kind == "tls", &ready)
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	child := exec.Command(self)
	child.Env = append(os.Environ(), idleClientEnv+"="+kind+" "+addr)
	child.Stderr = os.Stderr
	stdin, err := child.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := child.Start(); err != nil {
		b.Fatal(err)
	}
	ready.Wait()
	after := memoryInUse()
	stdin.Close()
	if err := child.Wait(); err != nil {
		b.Fatal(err)
	}
	stop()
	return memory{(after.heap - before.heap) / idleConnections, (after.stack - before.stack) / idleConnections}
}

// serveFunc starts a server on a wrapped listener and calls ready.Done for each connection that has become idle. stop waits for
// the connections to end.
type serveFunc func(b *testing.B, wrap func(net.Listener) net.Listener, secure bool, ready *sync.WaitGroup) (addr string, stop func())

// memory is a number of bytes.
type memory struct{ heap, stack float64 }

// memoryInUse returns the bytes of live heap and of stacks.
func memoryInUse() memory {
	var m runtime.MemStats
	for range 5 { // stacks shrink by halves, a collection at a time
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	return memory{float64(m.HeapAlloc), float64(m.StackInuse)}
}

// serveIdle serves with this package. Each connection is ready after its first message.
func serveIdle(b *testing.B, wrap func(net.Listener) net.Listener, secure bool, ready *sync.WaitGroup) (string, func()) {
	addr, conns := acceptingOn(b, wrap, secure, nil)
	var serving sync.WaitGroup
	serving.Go(func() {
		for range idleConnections {
			c := <-conns
			serving.Go(func() {
				c.Serve(func(typ MessageType, m []byte) {
					c.Write(context.Background(), typ, m)
					ready.Done()
				})
			})
		}
	})
	return addr, serving.Wait
}

// serveBare echoes with a goroutine and a buffer per connection.
func serveBare(b *testing.B, _ func(net.Listener) net.Listener, secure bool, ready *sync.WaitGroup) (string, func()) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	if secure {
		config, _ := testTLS()
		ln = tls.NewListener(ln, config)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		defer ln.Close()
		for range idleConnections {
			nc, err := ln.Accept()
			if err != nil {
				b.Error(err)
				return
			}
			serving.Go(func() {
				defer nc.Close()
				br := bufio.NewReaderSize(nc, 4<<10)
				for {
					c, err := br.ReadByte()
					if err != nil {
						return
					}
					nc.Write([]byte{c})
					ready.Done()
				}
			})
		}
	})
	return ln.Addr().String(), serving.Wait
}

// runIdleClient opens the connections, exchanges one message on each, and holds them until standard input ends.
func runIdleClient(target string) {
	kind, addr, _ := strings.Cut(target, " ")
	_, config := testTLS()
	for range idleConnections {
		var err error
		switch kind {
		case "ws", "wss":
			var c *Conn
			defer func() { c.CloseNow() }() // and so it is not collected, which would close it
			if c, err = Dial(context.Background(), kind+"://"+addr, &DialOptions{TLS: config}); err == nil {
				if err = c.Write(context.Background(), Text, []byte("hello")); err == nil {
					_, _, err = c.Read(context.Background())
				}
			}
		case "tcp", "tls":
			var nc net.Conn
			defer func() { nc.Close() }()
			if nc, err = net.Dial("tcp", addr); err == nil {
				if kind == "tls" {
					nc = tls.Client(nc, config)
				}
				if _, err = nc.Write([]byte("x")); err == nil {
					_, err = nc.Read(make([]byte, 1))
				}
			}
		}
		if err != nil {
			panic(err)
		}
	}
	io.Copy(io.Discard, os.Stdin)
}
