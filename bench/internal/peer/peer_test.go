//go:build linux

package peer

import (
	"bytes"
	"crypto/tls"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds each wait in these tests.
const patience = 10 * time.Second

// serve runs a server of p until the test ends, and returns it and how to connect to it.
func serve(t *testing.T, p Peer, kind Kind, secure bool) (Server, func() *websocket.Conn) {
	t.Helper()
	ln, err := p.Listen(secure)
	if err != nil {
		t.Fatal(err)
	}
	url := "ws://" + ln.Addr().String()
	if secure {
		url = "wss://" + ln.Addr().String()
	}
	server := p.New(kind)
	stopped := make(chan error, 1)
	go func() { stopped <- server.Serve(ln) }()
	t.Cleanup(func() {
		ln.Close()
		if err := <-stopped; !errors.Is(err, net.ErrClosed) {
			t.Errorf("Serve: %v", err)
		}
	})
	dialer := websocket.Dialer{HandshakeTimeout: patience, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	return server, func() *websocket.Conn {
		t.Helper()
		conn, _, err := dialer.Dial(url, nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		conn.SetReadDeadline(time.Now().Add(patience))
		return conn
	}
}

func expect(t *testing.T, conn *websocket.Conn, want []byte) {
	t.Helper()
	typ, got, err := conn.ReadMessage()
	if err != nil {
		t.Fatal(err)
	}
	if typ != websocket.BinaryMessage || !bytes.Equal(got, want) {
		t.Fatalf("got a message of type %d and %d bytes %.40q; want the binary one of %d bytes", typ, len(got), got, len(want))
	}
}

func send(t *testing.T, conn *websocket.Conn, message []byte) {
	t.Helper()
	if err := conn.WriteMessage(websocket.BinaryMessage, message); err != nil {
		t.Fatal(err)
	}
}

// messages are of the sizes that the loads send.
var messages = [][]byte{
	bytes.Repeat([]byte("s"), 64), bytes.Repeat([]byte("m"), 128), bytes.Repeat([]byte("l"), 16<<10),
}

func TestEachPeerEchoes(t *testing.T) {
	for _, p := range All() {
		for _, secure := range []bool{false, true} {
			if secure && p.IsFloor() {
				continue // it has no TLS
			}
			name := p.Name
			if secure {
				name += " over TLS"
			}
			t.Run(name, func(t *testing.T) {
				_, dial := serve(t, p, Echo, secure)
				conn := dial()
				for _, m := range messages {
					send(t, conn, m)
					expect(t, conn, m)
				}
				for range 2 { // several in flight
					for _, m := range messages {
						send(t, conn, m)
					}
				}
				for range 2 {
					for _, m := range messages {
						expect(t, conn, m)
					}
				}
			})
		}
	}
}

func TestEachPeerBroadcastsToAllMembers(t *testing.T) {
	for _, p := range All() {
		t.Run(p.Name, func(t *testing.T) {
			server, dial := serve(t, p, Broadcast, false)
			first, second, third := dial(), dial(), dial()
			awaitMembers(t, server, 3)
			for _, m := range messages[:2] {
				send(t, first, m)
			}
			for _, conn := range []*websocket.Conn{first, second, third} {
				expect(t, conn, messages[0])
				expect(t, conn, messages[1])
			}
			second.Close()
			awaitMembers(t, server, 2)
			send(t, third, messages[0])
			expect(t, first, messages[0])
			expect(t, third, messages[0])
		})
	}
}

// awaitMembers waits until a server knows its members; it learns of them after their handshake.
func awaitMembers(t *testing.T, server Server, want int) {
	t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for server.Members() != want {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("the server knows %d members; want %d", server.Members(), want)
		}
	}
}

func TestAPeerIsFoundByItsName(t *testing.T) {
	p, err := Find("gws")
	if err != nil || p.Name != "gws" {
		t.Errorf("found %q, %v", p.Name, err)
	}
	if _, err := Find("nobody"); err == nil || err.Error() != `there is no peer "nobody" (there are: holdfast, gobwas, gws, gorilla, coder, floor)` {
		t.Errorf("finding nobody: %v", err)
	}
}
