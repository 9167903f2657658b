package socket

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/internal/edge/door/doortest"
	"github.com/holdfast-dev/holdfast/internal/policy"
	"github.com/holdfast-dev/holdfast/internal/session"
	"github.com/holdfast-dev/holdfast/protocol"
	"github.com/holdfast-dev/holdfast/websocket"
)

// bare is the httpClient of a client.
func (c *client) bare() *httpClient { return c.ws.(*httpClient) }

// inBothExchanges runs a test for a stream and for polls.
func inBothExchanges(t *testing.T, config Config, test func(t *testing.T, e *edge, dial func() *client)) {
	for _, way := range ways[2:] {
		t.Run(way.name, func(t *testing.T) {
			e := startWith(t, config)
			test(t, e, func() *client { return way.dial(e) })
		})
	}
}

// wantStatus sends a request of the connection, and checks how it is answered.
func (c *client) wantStatus(want int, has, method, query, body string, headers ...string) {
	c.t.Helper()
	status, text, err := c.bare().status(method, query, body, headers...)
	if err != nil || status != want || !strings.Contains(text, has) {
		c.t.Fatalf("%s %s is answered with %d %q, %v; want %d with %q", method, query, status, text, err, want, has)
	}
}

func TestWhoSendsNoRequestIsGivenUp(t *testing.T) {
	inBothExchanges(t, Config{PingInterval: 100 * time.Millisecond, PongTimeout: 100 * time.Millisecond}, func(t *testing.T, e *edge, dial func() *client) {
		c := dial()
		c.connect(nil)
		waitUntil(t, "the connection is over", func() bool { return e.door.Clients.Count() == 0 })
		c.wantStatus(http.StatusNotFound, "no such connection", http.MethodPost, "", "{}", sequenceHeader, "2")
	})
}

func TestWhoSendsPingsIsNotGivenUp(t *testing.T) {
	const ping = 200 * time.Millisecond
	e := startWith(t, Config{PingInterval: ping, PongTimeout: ping})
	c := e.dialHTTP(true)
	c.connect(nil)
	tick := time.NewTicker(ping / 2)
	defer tick.Stop()
	for range 10 { // five times ping and pong together would be ten
		<-tick.C
		c.reply(c.send(&protocol.Ping{}), &protocol.PingOK{})
	}
}

func TestASilentStreamHasASignOfLife(t *testing.T) {
	e := startWith(t, Config{PingInterval: 10 * time.Millisecond, PongTimeout: 20 * time.Second})
	c := e.dialHTTP(true)
	if line, err := c.bare().events.ReadString('\n'); err != nil || line != ":\n" {
		t.Errorf("got %q, %v", line, err)
	}
}

func TestASilentPollIsAnsweredWithNothing(t *testing.T) {
	e := startWith(t, Config{PingInterval: 10 * time.Millisecond, PongTimeout: 20 * time.Second})
	c := e.dialHTTP(false)
	c.wantStatus(http.StatusOK, `{"next":0,"messages":[]}`, http.MethodGet, "?after=0", "")
	slow := startWith(t, Config{PingInterval: time.Hour}).dialHTTP(false)
	slow.wantStatus(http.StatusOK, `{"next":0,"messages":[]}`, http.MethodGet, "?after=0&wait=0", "")
}

func TestAnUnknownConnectionIsToldSoAndCostsItsSenderAlone(t *testing.T) {
	channels := testChannels(t)
	door := testDoor(t, channels)
	door.Clients = session.NewClients(channels.Rules(), policy.Limits{Messages: policy.Rate{PerSecond: 0.001, Burst: 5}}, nil)
	e := startOn(t, channels, Config{Door: door})
	c := e.dialHTTP(true)
	c.connect(nil)
	id := c.bare().id
	for i := range 10 {
		c.bare().id = fmt.Sprint("guessed", i)
		want := http.StatusNotFound
		if i >= 5 {
			want = http.StatusTooManyRequests
		}
		for _, method := range []string{http.MethodPost} {
			c.wantStatus(want, "", method, "?after=0", "{}", sequenceHeader, "2")
		}
	}
	c.bare().id = id
	c.reply(c.send(&protocol.Ping{}), &protocol.PingOK{})
}

func TestWhoLeavesIsGone(t *testing.T) {
	inBothExchanges(t, Config{}, func(t *testing.T, e *edge, dial func() *client) {
		c := dial()
		session := c.connect(nil).Session
		c.wantStatus(http.StatusNoContent, "", http.MethodDelete, "", "")
		waitUntil(t, "the connection is over", func() bool { return e.door.Clients.Count() == 0 })
		c.wantStatus(http.StatusNotFound, "no such connection", http.MethodGet, "?after=0", "")
		if ok := dial().connect(&session); !ok.Resumed {
			t.Errorf("%+v", ok)
		}
	})
}

func TestASessionGoesFromAnyWayToTalkToAnyOther(t *testing.T) {
	e := start(t)
	var session *protocol.Session
	var before *client
	at := protocol.Positions{{Offset: 0}}
	for i := range 2 * len(ways) {
		c := ways[i%len(ways)].dial(e)
		ok := c.connect(session)
		if session != nil {
			if !ok.Resumed || ok.Session.ID != session.ID {
				t.Fatalf("from %s to %s: %+v", ways[(i-1)%len(ways)].name, ways[i%len(ways)].name, ok)
			}
			before.wantClose(websocket.CloseCode(protocol.CloseTakenOver), "newer connection")
		}
		session = &ok.Session
		at = c.subscribe(&protocol.Subscribe{Channel: "kept/a", Since: at}).Position
		c.next() // live
		c.send(&protocol.Publish{Channel: "kept/a", Payload: protocol.Text(fmt.Sprint(i))})
		for answered, came := false, false; !answered || !came; {
			switch it := c.next(); {
			case it.Reply != nil:
				answered = true
			case string(it.Push.(*protocol.Message).Data) != fmt.Sprint(i):
				t.Fatalf("got %s, want message %d", show(it), i)
			default:
				came, at[0].Offset = true, it.Push.(*protocol.Message).Offset
			}
		}
		before = c
	}
}

func TestAnExchangeCountsAsAConnection(t *testing.T) {
	channels := testChannels(t)
	door := testDoor(t, channels)
	door.Clients = session.NewClients(channels.Rules(), policy.Limits{Connections: 2}, nil)
	e := startOn(t, channels, Config{Door: door})
	e.dialHTTP(true)
	last := e.dialHTTP(false)
	_, refused, err := httpDial(t.Context(), e.url, true, nil)
	if err != nil || refused == nil || refused.StatusCode != http.StatusTooManyRequests {
		t.Fatal(refused, err)
	}
	last.wantStatus(http.StatusNoContent, "", http.MethodDelete, "", "")
	waitUntil(t, "there is room", func() bool { return e.door.Clients.Count() < 2 })
	e.dialHTTP(true).connect(nil)
}

func TestTheOpeningRequestSaysWhoTheClientIsAndWhereItsPageIsFrom(t *testing.T) {
	e := startOn(t, guardedChannels(t), Config{})
	for _, streamed := range []bool{true, false} {
		header := http.Header{"Authorization": {"Bearer " + doortest.Token(t, "ada", time.Hour, nil)}}
		c, refused, err := httpDial(t.Context(), e.url, streamed, header)
		if err != nil || c == nil {
			t.Fatal(refused, err)
		}
		t.Cleanup(c.CloseNow)
		if ok := (&client{t: t, ws: c}).connect(nil); ok.User != "ada" {
			t.Errorf("got %+v", ok)
		}
		for _, header := range []http.Header{
			{"Origin": {"https://evil.example"}},
			{"Sec-Fetch-Mode": {"no-cors"}},
			{"Sec-Fetch-Mode": {"navigate"}},
		} {
			if c, refused, err := httpDial(t.Context(), e.url, streamed, header); c != nil || err != nil || refused.StatusCode != http.StatusForbidden {
				t.Errorf("%v: %v, %v", header, refused, err)
			}
		}
	}
}

func TestWhatAServerThatStopsSaysReachesWhoWaitsForIt(t *testing.T) {
	inBothExchanges(t, Config{}, func(t *testing.T, e *edge, dial func() *client) {
		c, absent := dial(), e.dialHTTP(false)
		c.connect(nil)
		absent.connect(nil)
		said := make(chan string, 1)
		go func() {
			_, end := c.read()
			said <- fmt.Sprint(websocket.CloseCodeOf(end))
		}()
		waitUntil(t, "it listens", func() bool {
			for _, x := range e.exchanges.list() {
				if p, polled := x.down.(*polls); !polled || p.attended() {
					return true
				}
			}
			return false
		})
		begun := time.Now()
		e.stop(patience(t), "the server stops")
		if got := <-said; !strings.HasPrefix(got, "1001") {
			t.Errorf("got %s", got)
		}
		if took := time.Since(begun); took > closeTimeout {
			t.Errorf("it took %v", took)
		}
	})
}
