package websocket

import (
	"context"
	"io"
	"net"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/websocket/internal/wire"
)

// Each benchmark first does the bare minimum of system calls on the same kind of socket, and reports how many times as long the
// engine takes as "x-bare". Numbers of different machines can't be compared; that ratio nearly can.

const smallMessage = "a small message, as they are in a chat or a game; sixty-four bytes"

// timed returns how long each of n calls of f takes.
func timed(n int, f func()) time.Duration {
	start := time.Now()
	for range n {
		f()
	}
	return time.Since(start) / time.Duration(n)
}

// compare measures f and reports its ratio to bare.
func compare(b *testing.B, bare time.Duration, f func()) {
	b.Helper()
	b.ReportAllocs()
	for b.Loop() {
		f()
	}
	b.ReportMetric(float64(b.Elapsed())/float64(b.N)/float64(bare), "x-bare")
}

// bareRuns is how often the bare minimum is measured.
const bareRuns = 20_000

// drain reads nc until its end.
func drain(nc net.Conn) {
	io.CopyBuffer(io.Discard, struct{ io.Reader }{nc}, make([]byte, 1<<20))
}

func BenchmarkWriteSmall(b *testing.B) {
	for _, role := range roles {
		b.Run(roleName(role), func(b *testing.B) {
			c, p := connected(b, "tcp", role, Limits{})
			go drain(p.Conn)
			frame := raw(0x81, role == wire.Client, smallMessage)
			bare := timed(bareRuns, func() { c.nc.Write(frame) })
			ctx, text := context.Background(), []byte(smallMessage)
			compare(b, bare, func() { c.Write(ctx, Text, text) })
		})
	}
}

// BenchmarkReadSmall reads messages that have arrived in bulk; the bare minimum copies the same bytes out of the socket.
func BenchmarkReadSmall(b *testing.B) {
	for _, role := range roles {
		b.Run(roleName(role), func(b *testing.B) {
			c, p := connected(b, "tcp", role, Limits{})
			frame := raw(0x81, role == wire.Server, smallMessage)
			var bulk []byte
			for len(bulk) < 32<<10 {
				bulk = append(bulk, frame...)
			}
			go func() {
				for {
					if _, err := p.Conn.Write(bulk); err != nil {
						return
					}
				}
			}()
			buf := make([]byte, len(bulk)) // whole frames, so that the engine goes on where this stops
			perBulk := timed(bareRuns/100, func() { io.ReadFull(c.nc, buf) })
			bare := perBulk / time.Duration(len(bulk)/len(frame))
			compare(b, bare, func() {
				if _, _, err := c.receive(); err != nil {
					b.Fatal(err)
				}
			})
		})
	}
}

// BenchmarkEcho is one message there and back; the bare minimum echoes the same bytes without looking at them.
func BenchmarkEcho(b *testing.B) {
	for _, kind := range []string{"tcp", "tls"} {
		for _, size := range []int{64, 16 << 10} {
			b.Run(map[string]string{"tcp": "ws", "tls": "wss"}[kind]+map[int]string{64: " 64 B", 16 << 10: " 16 KiB"}[size], func(b *testing.B) {
				request, answer := raw(0x81, true, filler(size)), raw(0x81, false, filler(size))
				trip := func(nc net.Conn) func() {
					buf := make([]byte, len(answer))
					return func() {
						nc.Write(request)
						if _, err := io.ReadFull(nc, buf); err != nil {
							b.Fatal(err)
						}
					}
				}
				bareServer, bareClient := ends(b, kind, wire.Server)
				defer bareServer.Close()
				defer bareClient.Close()
				go func() {
					buf := make([]byte, len(request))
					for {
						if _, err := io.ReadFull(bareServer, buf); err != nil {
							return
						}
						bareServer.Write(buf[:len(answer)])
					}
				}()
				bare := timed(bareRuns/4, trip(bareClient))

				c, p := connected(b, kind, wire.Server, Limits{})
				go c.Serve(func(typ MessageType, m []byte) { c.Write(context.Background(), typ, m) })
				compare(b, bare, trip(p.Conn))
			})
		}
	}
}

// BenchmarkBroadcast sends one frame to many connections; the bare minimum is a write to each socket.
func BenchmarkBroadcast(b *testing.B) {
	const subscribers = 200
	var conns []*Conn
	for range subscribers {
		c, p := connected(b, "tcp", wire.Server, Limits{})
		conns = append(conns, c)
		go drain(p.Conn)
	}
	frame := raw(0x81, false, smallMessage)
	bare := timed(bareRuns/subscribers, func() {
		for _, c := range conns {
			c.nc.Write(frame)
		}
	})
	f := NewFrame(Text, []byte(smallMessage))
	dropped := 0
	compare(b, bare, func() {
		for _, c := range conns {
			if c.Send(f) == Dropped {
				dropped++
			}
		}
	})
	b.ReportMetric(float64(b.Elapsed())/float64(b.N)/subscribers, "ns/subscriber")
	b.ReportMetric(float64(dropped)/float64(b.N)/subscribers*100, "%dropped")
}
