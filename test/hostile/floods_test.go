package hostile

import (
	"bytes"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// level is what a process holds.
type level struct {
	heapBytes  uint64
	goroutines int
}

// levelNow returns it without what is garbage.
func levelNow() level {
	runtime.GC()
	runtime.GC() // what finalizers have let go of
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return level{m.HeapAlloc, runtime.NumGoroutine()}
}

// wantBack waits until what was held is given back, but for what caches and pools may keep.
func (before level) wantBack(t *testing.T) {
	t.Helper()
	const spareBytes, spareGoroutines = 16 << 20, 5
	deadline := time.Now().Add(patience)
	for {
		now := levelNow()
		if now.heapBytes <= before.heapBytes+spareBytes && now.goroutines <= before.goroutines+spareGoroutines {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("before there were %+v, and now %+v", before, now)
		}
		<-time.After(soon)
	}
}

// flood runs attack many times at once, while the bystanders talk, and checks that nothing stays.
func (n *node) flood(t *testing.T, times int, attack func()) {
	t.Helper()
	before := levelNow()
	var attacks sync.WaitGroup
	turn := make(chan struct{}, 16)
	over := make(chan struct{})
	go func() {
		defer close(over)
		for range times {
			turn <- struct{}{}
			attacks.Go(func() {
				attack()
				<-turn
			})
		}
		attacks.Wait()
	}()
	for {
		n.flows(t)
		select {
		case <-over:
			n.flows(t)
			before.wantBack(t)
			return
		default:
		}
	}
}

// assault returns an attack that opens a connection, sends, and leaves without a word; target "" is for no handshake.
func (n *node) assault(t *testing.T, target, send string, headers ...string) func() {
	if target != "" {
		send = strings.Replace(handshake(target, headers...), "close, ", "", 1) + send
	}
	return func() {
		nc, err := net.Dial("tcp", n.addr)
		if err != nil {
			t.Error(err)
			return
		}
		defer nc.Close()
		if err := nc.SetDeadline(time.Now().Add(patience)); err != nil {
			t.Error(err)
		}
		if _, err := nc.Write([]byte(send)); err != nil && !cutOff(err) {
			t.Error(err)
		}
	}
}

func TestFloodsLeaveNothingBehindAndTheOthersTalking(t *testing.T) {
	n := newNode(t, nil)
	message := frame(fin|1, `{"publish":{"channel":"open/flood","data":"`+strings.Repeat("a", 1000)+`"}}`)
	bomb := frame(fin|2|rsv1, deflated(t, bytes.Repeat([]byte("a"), maxMessage)))
	for _, in := range []struct {
		name   string
		times  int
		attack func()
	}{
		{"connections that say nothing", 300, n.assault(t, "", "")},
		{"half a request", 300, n.assault(t, "", "GET /channels/open/a HTTP/1.1\r\nHost: ")},
		{"half a body", 100, n.assault(t, "", "POST /channels/open/a HTTP/1.1\r\nHost: "+host+"\r\nContent-Length: 9000\r\n\r\n"+strings.Repeat("a", 5000))},
		{"requests that are refused", 300, n.assault(t, "", request("GET /channels/dead/a"))},
		{"handshakes alone", 300, n.assault(t, "/channels/open/a", "")},
		{"handshakes to the protocol", 300, n.assault(t, "/socket", "")},
		{"half a frame", 300, n.assault(t, "/channels/open/a", head(fin|2, 5000)+"abc")},
		{"half a message", 100, n.assault(t, "/channels/open/a", frame(2, strings.Repeat("a", 5000)))},
		{"fragments without content", 20, n.assault(t, "/channels/open/a", frame(1, "a")+strings.Repeat(frame(0, ""), 10_000))},
		{"fragments of a byte", 20, n.assault(t, "/channels/open/a", frame(1, "a")+strings.Repeat(frame(0, "b"), 9_000))},
		{"pings", 20, n.assault(t, "/channels/open/a", strings.Repeat(frame(fin|9, "ping"), 10_000))},
		{"pongs nobody asked for", 20, n.assault(t, "/channels/open/a", strings.Repeat(frame(fin|10, "pong"), 10_000))},
		{"close frames", 50, n.assault(t, "/channels/open/a", strings.Repeat(frame(fin|8, "\x03\xe8"), 1000))},
		{"messages of nothing", 10, n.assault(t, "/channels/open/flood", strings.Repeat(frame(fin|1, ""), 5_000))},
		{"messages that grow a thousandfold", 20, n.assault(t, "/channels/open/flood", strings.Repeat(bomb, 100), "Sec-WebSocket-Extensions: permessage-deflate")},
		{"publications without waiting", 10, n.assault(t, "/socket", strings.Repeat(message, 500))},
		{"publications that are kept", 5, n.assault(t, "/socket", strings.Repeat(frame(fin|1, `{"publish":{"channel":"kept/flood","data":"x"}}`), 300))},
		{"subscriptions", 10, n.assault(t, "/socket", strings.Repeat(frame(fin|1, `{"subscribe":{"channel":"open/flood"}}`), 1100))},
		{"subscriptions to everything", 10, n.assault(t, "/socket", strings.Repeat(frame(fin|1, `{"subscribe":{"pattern":"open/#"}}`), 1100))},
		{"replays", 5, n.assault(t, "/socket", strings.Repeat(frame(fin|1, `{"subscribe":{"channel":"kept/flood","last":100}}`), 100))},
		{"questions", 10, n.assault(t, "/socket", strings.Repeat(frame(fin|1, `{"history":{"channel":"kept/flood"}}`), 100))},
		{"presence", 20, n.assault(t, "/socket", strings.Repeat(frame(fin|1, `{"subscribe":{"channel":"present/a"}}`), 100))},
		{"sessions", 300, n.assault(t, "/socket", frame(fin|1, `{"connect":{}}`))},
		{"bad tokens", 300, n.assault(t, "/socket", frame(fin|1, `{"connect":{"token":"`+strings.Repeat("a", 8000)+`.b.c"}}`))},
	} {
		t.Run(in.name, func(t *testing.T) { n.flood(t, in.times, in.attack) })
	}
}
