package channels

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/holdfast-dev/holdfast/websocket"
)

func TestWhatOneSendsReachesAllByteForByteAndKeepsItsKind(t *testing.T) {
	e := start(t)
	a, b := e.dial("chat/lobby"), e.dial("chat/lobby")
	for _, m := range []struct {
		typ     websocket.MessageType
		payload string
	}{
		{websocket.Text, "hello"},
		{websocket.Text, ""},
		{websocket.Text, "naïve 日本 \U0001F9ED\x00"},
		{websocket.Binary, "\x00\xff\xfe not UTF-8"},
		{websocket.Binary, ""},
		{websocket.Binary, strings.Repeat("\xf0x", testLimit/2)},
	} {
		e.send(a, m.typ, m.payload)
		e.wantMessage(a, m.typ, m.payload)
		e.wantMessage(b, m.typ, m.payload)
	}
}

func TestWhatOneSendsArrivesInTheOrderSent(t *testing.T) {
	e := start(t)
	a, b := e.dial("c?echo=false"), e.dial("c")
	for i := range 500 {
		e.send(a, websocket.Text, fmt.Sprint(i))
	}
	for i := range 500 {
		e.wantMessage(b, websocket.Text, fmt.Sprint(i))
	}
}

func TestChannelsAreApartAndOneNameHasManySpellings(t *testing.T) {
	e := start(t)
	a, b, other := e.dial("chat/%C3%A9"), e.dial("chat%2Fé"), e.dial("chat/e")
	e.send(other, websocket.Text, "elsewhere")
	e.send(a, websocket.Text, "here")
	e.wantMessage(b, websocket.Text, "here")
	e.wantMessage(other, websocket.Text, "elsewhere")
}

func TestEchoFalseLeavesOutTheSenderAndNobodyElse(t *testing.T) {
	e := start(t)
	quiet, other := e.dial("c?echo=false"), e.dial("c")
	e.send(quiet, websocket.Text, "from quiet")
	e.wantMessage(other, websocket.Text, "from quiet")
	e.send(other, websocket.Text, "from other")
	e.wantMessage(quiet, websocket.Text, "from other")
}

func TestABadRequestIsRefusedBeforeTheUpgradeWithItsReason(t *testing.T) {
	e := start(t)
	for rest, reason := range map[string]string{
		"chat//lobby":            "empty segment",
		"":                       "empty",
		"chat/":                  "empty segment",
		"a/%23":                  "#",
		"a/+":                    "+",
		"a%00b":                  "control character",
		"a/%FF":                  "UTF-8",
		strings.Repeat("a", 256): "255",
		"c?echo=flase":           "echo=true or echo=false",
	} {
		_, err := websocket.Dial(patience(t), strings.Replace(e.url, "http", "ws", 1)+Prefix+rest, nil)
		refused, ok := errors.AsType[*websocket.HandshakeError](err)
		if !ok || refused.StatusCode != http.StatusBadRequest || !strings.Contains(refused.Reason, reason) {
			t.Errorf("%.40q: got %v; want 400 with %q", rest, err, reason)
		}
	}
	resp, body := e.do("GET", "chat//lobby", nil, nil)
	e.wantAnswer(resp, body, http.StatusBadRequest, "empty segment")
}

func TestAForeignOriginIsRefusedAndAnAllowedOneIsNot(t *testing.T) {
	e := start(t)
	url := strings.Replace(e.url, "http", "ws", 1) + Prefix + "c"
	for origin, allowed := range map[string]bool{
		e.url:                  true,
		"https://app.example":  true,
		"https://evil.example": false,
		"null":                 false,
	} {
		c, err := websocket.Dial(patience(t), url, &websocket.DialOptions{Header: http.Header{"Origin": {origin}}})
		if (err == nil) != allowed {
			t.Errorf("origin %s: %v", origin, err)
		}
		if c != nil {
			c.CloseNow()
		}
		if err != nil && !strings.Contains(err.Error(), "403") {
			t.Errorf("origin %s: %v; want status 403", origin, err)
		}
	}
}

func TestAMessageOverTheLimitClosesItsSenderOnly(t *testing.T) {
	e := start(t)
	a, b := e.dial("c"), e.dial("c")
	e.send(a, websocket.Binary, strings.Repeat("x", testLimit+1))
	e.wantClose(a, websocket.CloseMessageTooBig, "65536")
	e.send(b, websocket.Text, "still here")
	e.wantMessage(b, websocket.Text, "still here")
}

func TestASlowReaderDelaysNobodyAndIsToldSo(t *testing.T) {
	e := start(t)
	sender, reader := e.dial("c?echo=false"), e.dial("c")
	slow := e.dialNarrow("c") // read only at the end
	// Far more than the slow one's queue and all socket buffers hold. The reader confirms each one,
	// so nothing here waits for the slow one.
	message := strings.Repeat("x", testLimit)
	for range 60 {
		e.send(sender, websocket.Binary, message)
		e.wantMessage(reader, websocket.Binary, message)
	}
	if n := e.channels.Subscribers("c"); n > 3 {
		t.Errorf("%d subscribers", n)
	}
	e.wantClose(slow, websocket.CloseTryAgainLater, "too slow")
}

// dialNarrow is dial with a small receive buffer, so that little is on its way.
func (e *edge) dialNarrow(rest string) *websocket.Conn {
	e.t.Helper()
	c, err := websocket.Dial(patience(e.t), strings.Replace(e.url, "http", "ws", 1)+Prefix+rest, &websocket.DialOptions{
		NetDial: func(ctx context.Context, network, addr string) (net.Conn, error) {
			nc, err := new(net.Dialer).DialContext(ctx, network, addr)
			if err == nil {
				err = nc.(*net.TCPConn).SetReadBuffer(smallBuffer)
			}
			return nc, err
		},
	})
	if err != nil {
		e.t.Fatal(err)
	}
	e.t.Cleanup(c.CloseNow)
	return c
}

func TestARuleCanLimitItsMessages(t *testing.T) {
	e := start(t)
	a := e.dial("small/c")
	e.send(a, websocket.Text, "0123456789")
	e.wantMessage(a, websocket.Text, "0123456789")
	e.send(a, websocket.Text, "0123456789a")
	e.wantClose(a, websocket.CloseMessageTooBig, "limit of 10 bytes of channel small/c")
}

func TestARuleCanLeaveOutTheEcho(t *testing.T) {
	e := start(t)
	a, b, c := e.dial("silent/c"), e.dial("silent/c"), e.dial("silent/c?echo=true")
	e.send(a, websocket.Text, "a")
	e.wantMessage(b, websocket.Text, "a")
	e.wantMessage(c, websocket.Text, "a")
	e.send(c, websocket.Text, "c")
	e.wantMessage(a, websocket.Text, "c") // and not its own
	e.wantMessage(c, websocket.Text, "c")
}

// connectedUnserved returns both ends of a WebSocket without the edge; nobody reads the server's end.
func connectedUnserved(t *testing.T) (server, client *websocket.Conn) {
	t.Helper()
	accepted := make(chan *websocket.Conn, 1)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			t.Error(err)
		}
		accepted <- c
	}))
	client, err := websocket.Dial(patience(t), strings.Replace(s.URL, "http", "ws", 1), nil)
	if err != nil {
		t.Fatal(err)
	}
	server = <-accepted
	t.Cleanup(func() {
		client.CloseNow()
		server.CloseNow()
		s.Close()
	})
	return server, client
}
