package socket

import (
	"bufio"
	"fmt"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"
)

// BenchmarkIdle reports what a client costs that has connected and says nothing, without TLS: by a WebSocket, and as a ratio to it,
// by a stream. The clients are bare sockets of the same process, which are counted too.
func BenchmarkIdle(b *testing.B) {
	const clients = 1000
	var first float64
	for _, way := range []struct{ name, headers, until string }{
		{"WebSocket", "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", "Sec-WebSocket-Accept: "},
		{"stream", "Accept: text/event-stream\r\n", "data: "},
	} {
		b.Run(way.name, func(b *testing.B) {
			if b.N > 1 { // the benchmark is run again for its timing, which means nothing here
				return
			}
			e := startWith(b, Config{FirstCommand: time.Hour})
			addr := strings.TrimSuffix(strings.TrimPrefix(e.url, "ws://"), Path)
			before, goroutines := inUse(), runtime.NumGoroutine()
			for range clients {
				c, err := net.Dial("tcp", addr)
				if err != nil {
					b.Fatal(err)
				}
				defer c.Close()
				if _, err := fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: %s\r\n%s\r\n", Path, addr, way.headers); err != nil {
					b.Fatal(err)
				}
				lines := bufio.NewScanner(c)
				for !strings.HasPrefix(lines.Text(), way.until) {
					if !lines.Scan() {
						b.Fatal("the answer ends: ", lines.Err())
					}
				}
			}
			each := (inUse() - before) / clients
			if first == 0 {
				first = each
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(each, "B/client")
			b.ReportMetric(each/first, "x-WebSocket")
			b.ReportMetric(float64(runtime.NumGoroutine()-goroutines)/clients, "goroutines/client")
		})
	}
}

// inUse returns the bytes of heap and stacks.
func inUse() float64 {
	var m runtime.MemStats
	for range 5 { // stacks shrink by halves, a collection at a time
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc + m.StackInuse)
}
