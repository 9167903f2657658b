package channels

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/internal/auth"
	"github.com/holdfast-dev/holdfast/internal/edge/door/doortest"
	"github.com/holdfast-dev/holdfast/internal/policy"
	"github.com/holdfast-dev/holdfast/internal/session"
	"github.com/holdfast-dev/holdfast/protocol"
	"github.com/holdfast-dev/holdfast/websocket"
)

// guardedEdge is an edge with channels that not everybody may use, and limits.
func guardedEdge(t *testing.T, limits policy.Limits) *edge {
	return startOn(t, doortest.Channels(t, testLimit, doortest.Guarded()...), limits, Config{})
}

func bearer(token string) http.Header { return http.Header{"Authorization": {"Bearer " + token}} }

// dialAs opens a WebSocket with headers.
func (e *edge) dialAs(rest string, header http.Header) (*websocket.Conn, error) {
	c, err := websocket.Dial(patience(e.t), strings.Replace(e.url, "http", "ws", 1)+Prefix+rest, &websocket.DialOptions{Header: header})
	if err == nil {
		e.t.Cleanup(c.CloseNow)
	}
	return c, err
}

func TestEveryWayToAChannelAsksWhoMay(t *testing.T) {
	e := guardedEdge(t, policy.Limits{})
	reader := bearer(doortest.Token(t, "ada", time.Hour, map[string]string{"staff/#": "r"}))
	writer := bearer(doortest.Token(t, "bob", time.Hour, map[string]string{"staff/#": "w", "news/#": "w"}))
	bad := bearer("x")
	for _, test := range []struct {
		method, rest string
		as           http.Header
		status       int
		has          string
	}{
		{"POST", "staff/a", nil, 401, "you may not publish to staff/a without saying who you are: send a token (ref "},
		{"POST", "staff/a", reader, 403, "you may not publish to staff/a: neither a rule of the server nor your token allows it (ref "},
		{"POST", "staff/a", writer, 202, "staff/a"},
		{"POST", "staff/a", bad, 401, "token"},
		{"GET", "staff/a", nil, 401, "subscribe to staff/a"},
		{"GET", "staff/a", reader, 200, "staff/a"},
		{"GET", "staff/a", writer, 403, "subscribe to staff/a"},
		{"GET", "news/a", nil, 200, "news/a"},
		{"GET", "news/a?last=1", nil, 401, "read the history of news/a"},
		{"GET", "news/a?since=0", writer, 403, "read the history of news/a"},
		{"POST", "mine/bob/a", writer, 202, "mine/bob/a"},
		{"POST", "mine/ada/a", writer, 403, "mine/ada/a"},
		{"POST", "e?token=x", nil, 401, "Authorization"},
	} {
		resp, body := e.do(test.method, test.rest, test.as, strings.NewReader("x"))
		e.wantAnswer(resp, body, test.status, test.has)
		if asks := resp.Header.Get("WWW-Authenticate") != ""; asks != (test.status == 401) {
			t.Errorf("%s %s: WWW-Authenticate %q", test.method, test.rest, resp.Header.Get("WWW-Authenticate"))
		}
	}
	for _, test := range []struct {
		rest string
		as   http.Header
		has  string // in the refusal; "" if there is none
	}{
		{"staff/a", nil, "401"},
		{"staff/a", reader, ""},
		{"staff/a", writer, "403"},
		{"staff/a", bad, "401"},
		{"news/a", nil, ""},
		{"news/a?since=0", nil, "401"},
		{"news/a?last=1", writer, "403"},
	} {
		_, err := e.dialAs(test.rest, test.as)
		if (err == nil) != (test.has == "") || err != nil && !strings.Contains(err.Error(), test.has) {
			t.Errorf("%s: %v", test.rest, err)
		}
	}
}

func TestABrowserBringsItsTokenAsASubprotocol(t *testing.T) {
	e := guardedEdge(t, policy.Limits{})
	c, err := websocket.Dial(patience(t), strings.Replace(e.url, "http", "ws", 1)+Prefix+"mine/ada/a", &websocket.DialOptions{
		Subprotocols: []string{Subprotocol, auth.TokenSubprotocol + doortest.Token(t, "ada", time.Hour, nil)},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.CloseNow)
	if c.Subprotocol() != Subprotocol {
		t.Errorf("agreed on %q", c.Subprotocol())
	}
	e.send(c, websocket.Text, "x")
	e.wantMessage(c, websocket.Text, "x")
}

func TestWhoMayOnlyReadIsClosedWhenItPublishes(t *testing.T) {
	e := guardedEdge(t, policy.Limits{})
	c, err := e.dialAs("news/a", nil)
	if err != nil {
		t.Fatal(err)
	}
	e.send(c, websocket.Text, "x")
	e.wantClose(c, websocket.ClosePolicyViolation, "you may not publish to news/a")
}

// A page elsewhere can have the browser of a user open a WebSocket, with the user's cookie
// (cross-site WebSocket hijacking). It must not be taken for the user, also if it may connect.
func TestACookieIsNotTakenFromAForeignPage(t *testing.T) {
	e := guardedEdge(t, policy.Limits{})
	e.door.Sources.Cookie = "holdfast"
	for origin, known := range map[string]bool{"": true, e.url: true, "https://app.example": false} {
		header := http.Header{"Cookie": {"holdfast=" + doortest.Token(t, "ada", time.Hour, nil)}}
		if origin != "" {
			header.Set("Origin", origin)
		}
		if _, err := e.dialAs("mine/ada/a", header); (err == nil) != known {
			t.Errorf("from %q: %v", origin, err)
		}
		resp, _ := e.do("POST", "mine/ada/a", header, strings.NewReader("x"))
		if (resp.StatusCode == 202) != known {
			t.Errorf("POST from %q: %s", origin, resp.Status)
		}
	}
	header := http.Header{"Origin": {"https://evil.example"}}
	if _, err := e.dialAs("e", header); err == nil || !strings.Contains(err.Error(), "403") {
		t.Errorf("got %v", err)
	}
}

func TestATokenThatExpiresEndsTheWebSocket(t *testing.T) {
	e := guardedEdge(t, policy.Limits{})
	c, err := e.dialAs("mine/ada/a", bearer(doortest.Token(t, "ada", 2*time.Second, nil)))
	if err != nil {
		t.Fatal(err)
	}
	e.wantClose(c, websocket.CloseCode(protocol.CloseUnauthorized), "expired")
}

func TestWhoPostsTooMuchIsToldWhenToGoOn(t *testing.T) {
	e := guardedEdge(t, policy.Limits{Messages: policy.Rate{PerSecond: 0.1, Burst: 2}})
	for range 2 {
		resp, body := e.do("POST", "e", nil, strings.NewReader("x"))
		e.wantAnswer(resp, body, 202, "")
	}
	resp, body := e.do("POST", "e", nil, strings.NewReader("x"))
	e.wantAnswer(resp, body, 429, "limits.messages")
	if after := resp.Header.Get("Retry-After"); after != "10" {
		t.Errorf("Retry-After %q", after)
	}
}

func TestAWebSocketThatSendsTooMuchIsReadSlowlyAndLosesNothing(t *testing.T) {
	e := guardedEdge(t, policy.Limits{Messages: policy.Rate{PerSecond: 50, Burst: 5}})
	c := e.dial("e")
	began := time.Now()
	go func() {
		for range 30 {
			e.send(c, websocket.Text, "x")
		}
	}()
	for range 30 {
		e.wantMessage(c, websocket.Text, "x")
	}
	if took := time.Since(began); took < 400*time.Millisecond {
		t.Errorf("25 messages above the burst took %s at 50 a second", took)
	}
}

func TestTooManyConnectionsAreRefusedInTheHandshake(t *testing.T) {
	e := guardedEdge(t, policy.Limits{ConnectionsPerAddress: 1})
	e.dial("e")
	if _, err := e.dialAs("e", nil); err == nil || !strings.Contains(err.Error(), "429") || !strings.Contains(err.Error(), "limits.connections_per_address") {
		t.Errorf("got %v", err)
	}
}

func TestPagesOfAllowedOriginsMayReadAnswersAndOthersMayNot(t *testing.T) {
	e := guardedEdge(t, policy.Limits{})
	preflight := http.Header{"Access-Control-Request-Method": {"POST"}, "Access-Control-Request-Headers": {"authorization"}}
	for origin, allowed := range map[string]bool{"https://app.example": true, "https://evil.example": false, "null": false} {
		preflight.Set("Origin", origin)
		resp, body := e.do("OPTIONS", "e", preflight, nil)
		got := resp.Header.Get("Access-Control-Allow-Origin")
		switch {
		case allowed && (resp.StatusCode != 204 || got != origin || !strings.Contains(resp.Header.Get("Access-Control-Allow-Headers"), "Authorization")):
			t.Errorf("%s: %s %v", origin, resp.Status, resp.Header)
		case !allowed && (resp.StatusCode != 403 || got != "" || !strings.Contains(body, "not allowed")):
			t.Errorf("%s: %s %q %v", origin, resp.Status, body, resp.Header)
		}
		resp, _ = e.do("POST", "e", http.Header{"Origin": {origin}}, strings.NewReader("x"))
		if got := resp.Header.Get("Access-Control-Allow-Origin") == origin; got != allowed || (resp.StatusCode == 202) != allowed {
			t.Errorf("POST from %s: %s %v", origin, resp.Status, resp.Header)
		}
		if resp.Header.Get("Access-Control-Allow-Credentials") != "" || resp.Header.Get("Vary") != "Origin" {
			t.Errorf("POST from %s: %v", origin, resp.Header)
		}
	}
	resp, _ := e.do("POST", "e", http.Header{"Origin": {e.url}}, strings.NewReader("x"))
	if resp.StatusCode != 202 || resp.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("the same origin: %s %v", resp.Status, resp.Header)
	}
}

var _ session.Connection = (*member)(nil)
