package channels

import (
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

func TestAClientThatDoesNotAnswerAPingIsGivenUpAndTold(t *testing.T) {
	e := startWith(t, Config{PingInterval: 10 * time.Millisecond, PongTimeout: 10 * time.Millisecond})
	host := strings.TrimPrefix(e.url, "http://")
	c, err := net.Dial("tcp", host)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	deadline, _ := patience(t).Deadline()
	c.SetDeadline(deadline)
	fmt.Fprintf(c, "GET %sc HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", Prefix, host)
	got, err := io.ReadAll(c) // and write nothing
	if err != nil || !strings.Contains(string(got), "\x89\x00") || !strings.HasSuffix(string(got), "no sign of life, not even a pong") {
		t.Errorf("got %q, %v", got, err)
	}
}
