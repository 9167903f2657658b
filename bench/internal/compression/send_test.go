//go:build unix

package compression

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// messages are sent over and over; their number is well beyond what any window remembers.
var messages = chat(5000)

// BenchmarkSend sends the messages of a chat to a peer that throws them away. It reports the bytes of a
// message on the wire and its CPU time, which is that of the whole process: everything but compressing
// costs all libraries about the same.
func BenchmarkSend(b *testing.B) {
	for _, l := range libraries {
		kind := "each-alone"
		if l.takeover {
			kind = "takeover"
		}
		b.Run(kind+"/"+l.name, func(b *testing.B) { send(b, l) })
	}
}

func send(b *testing.B, l library) {
	accepted := make(chan writer, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		write, err := l.accept(w, r)
		if err != nil {
			b.Error(err)
		}
		accepted <- write
	}))
	defer server.Close()
	c := open(b, server.Listener.Addr().String())
	write := <-accepted
	if write == nil {
		b.FailNow()
	}
	arrived := newTally()
	var reading sync.WaitGroup
	reading.Go(func() { arrived.read(c) })
	defer reading.Wait()
	defer c.Close()
	plain, sent := 0, 0
	before := cpuTime(b)
	for b.Loop() {
		p := messages[sent%len(messages)]
		if err := write(p); err != nil {
			b.Fatal(err)
		}
		plain += len(p)
		sent++
	}
	spent := cpuTime(b) - before
	bytes, err := arrived.wait(sent)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(bytes)/float64(sent), "wire-B/msg")
	b.ReportMetric(float64(plain)/float64(sent), "plain-B/msg")
	b.ReportMetric(float64(spent.Nanoseconds())/float64(sent), "cpu-ns/msg")
}

// open makes a handshake that offers permessage-deflate without any limits.
func open(b *testing.B, addr string) net.Conn {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		b.Fatal(err)
	}
	fmt.Fprintf(c, "GET / HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"+
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n", addr)
	head, err := http.ReadResponse(bufio.NewReader(io.LimitReader(c, 4096)), nil)
	if err != nil {
		b.Fatal(err)
	}
	if !strings.HasPrefix(head.Header.Get("Sec-WebSocket-Extensions"), "permessage-deflate") {
		b.Fatalf("no compression was agreed on: %s %v", head.Status, head.Header)
	}
	return c
}

// cpuTime returns the CPU time that this process has used, user and system.
func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
