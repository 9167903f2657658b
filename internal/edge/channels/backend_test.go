package channels

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/internal/auth"
	"github.com/holdfast-dev/holdfast/internal/edge/door/doortest"
	"github.com/holdfast-dev/holdfast/internal/hooks"
	"github.com/holdfast-dev/holdfast/internal/hooks/hookstest"
	"github.com/holdfast-dev/holdfast/internal/policy"
	"github.com/holdfast-dev/holdfast/protocol"
	"github.com/holdfast-dev/holdfast/websocket"
)

// asking is an edge with channels that not everybody may use, and a backend.
func asking(t *testing.T, b *hookstest.Backend) *edge {
	e := guardedEdge(t, policy.Limits{})
	e.door.Clients.Backend = b
	return e
}

// statusOf returns that of a handshake that was refused, or 0.
func statusOf(err error) int {
	if refused, ok := errors.AsType[*websocket.HandshakeError](err); ok {
		return refused.StatusCode
	}
	return 0
}

func TestEveryWayToAChannelAsksTheBackendWhoComes(t *testing.T) {
	var asked atomic.Int32
	e := asking(t, &hookstest.Backend{Wants: []string{"Cookie"}, OnConnect: func(_ context.Context, r *hooks.ConnectRequest) (*hooks.ConnectReply, error) {
		asked.Add(1)
		switch user := r.Token + strings.TrimPrefix(r.Headers.Get("Cookie"), "user="); user {
		case "unknown":
			return nil, hookstest.Refuse(protocol.CodeUnauthorized, "log in first")
		case "banned":
			return nil, hookstest.Refuse("banned", "go away")
		case "silent":
			return nil, &hooks.Unavailable{After: 1500 * time.Millisecond}
		case "":
			return &hooks.ConnectReply{Identity: r.Identity}, nil
		default:
			return &hooks.ConnectReply{Identity: &auth.Identity{User: user}, TTL: time.Minute}, nil
		}
	}})
	for _, test := range []struct {
		as     http.Header
		status int
		has    string
	}{
		{bearer("ada"), 202, "mine/ada/a"},
		{http.Header{"Cookie": {"user=ada"}}, 202, "mine/ada/a"},
		{bearer("bob"), 403, "you may not publish to mine/ada/a: "},
		{nil, 401, "send a token"},
		{bearer("unknown"), 401, "log in first (ref "},
		{bearer("banned"), 403, "go away (ref "},
		{bearer("silent"), 503, "can't be asked now"},
	} {
		resp, body := e.do("POST", "mine/ada/a", test.as, strings.NewReader("x"))
		e.wantAnswer(resp, body, test.status, test.has)
		if got := resp.Header.Get("Retry-After"); (got == "2") != (test.status == 503) {
			t.Errorf("%v: Retry-After is %q", test.as, got)
		}
		_, err := e.dialAs("mine/ada/a", test.as)
		if refused := statusOf(err); (err == nil) != (test.status == 202) || err != nil && refused != test.status {
			t.Errorf("%v: the handshake ended with %v", test.as, err)
		}
	}
	before := asked.Load()
	for range 5 {
		e.do("POST", "mine/ada/a", bearer("ada"), strings.NewReader("x"))
	}
	if asked.Load() != before {
		t.Error("asked again within the minute that it has said")
	}
}

func TestACookieOfAForeignPageIsNotShownToTheBackend(t *testing.T) {
	e := asking(t, &hookstest.Backend{Wants: []string{"Cookie"}, OnConnect: func(_ context.Context, r *hooks.ConnectRequest) (*hooks.ConnectReply, error) {
		return &hooks.ConnectReply{Identity: &auth.Identity{User: "cookie" + r.Headers.Get("Cookie")}}, nil
	}})
	for origin, status := range map[string]int{"": 202, e.url: 202, "https://app.example": 403, "https://evil.example": 403} {
		header := http.Header{"Cookie": {"ada"}}
		if origin != "" {
			header.Set("Origin", origin)
		}
		resp, body := e.do("POST", "mine/cookieada/a", header, strings.NewReader("x"))
		e.wantAnswer(resp, body, status, "")
	}
}

func TestTheBackendDecidesWhoSeesIntoAChannelAndIsAskedOnce(t *testing.T) {
	var asked atomic.Int32
	e := asking(t, &hookstest.Backend{Channels: "news/#", OnSubscribe: func(_ context.Context, r *hooks.SubscribeRequest) error {
		asked.Add(1)
		if r.Channels == "news/secret" {
			return hookstest.Refuse("not_yet", "come back tomorrow")
		}
		return nil
	}})
	reader := bearer(doortest.Token(t, "ada", time.Hour, map[string]string{"news/#": "rw"}))
	for i, rest := range []string{"news/secret", "news/secret?since=0"} {
		resp, body := e.do("GET", rest, reader, nil)
		e.wantAnswer(resp, body, 403, "come back tomorrow (ref ")
		if _, err := e.dialAs(rest, reader); statusOf(err) != 403 {
			t.Errorf("%s: %v", rest, err)
		}
		if got := asked.Load(); got != int32(2*i+2) {
			t.Errorf("asked %d times", got)
		}
	}
	if _, err := e.dialAs("news/open?last=1", reader); err != nil {
		t.Error(err)
	}
	resp, body := e.do("POST", "news/secret", reader, strings.NewReader("x")) // who may not read may write
	e.wantAnswer(resp, body, 201, "news/secret")
}

func TestTheBackendDecidesWhoListensAndWhoPolls(t *testing.T) {
	var asked atomic.Int32
	ended := make(chan hooks.Event, 10)
	e := asking(t, &hookstest.Backend{Channels: "news/#", OnSubscribe: func(_ context.Context, r *hooks.SubscribeRequest) error {
		asked.Add(1)
		if r.Channels == "news/secret" {
			return hookstest.Refuse("not_yet", "come back tomorrow")
		}
		return nil
	}, OnEvent: func(e hooks.Event) {
		if e.Kind == hooks.Disconnect {
			ended <- e
		}
	}})
	reader := bearer(doortest.Token(t, "ada", time.Hour, map[string]string{"news/#": "rw"}))
	resp, body := e.do("GET", "news/secret?wait=1s&since=0", reader, nil)
	e.wantAnswer(resp, body, 403, "come back tomorrow (ref ")
	if got := asked.Load(); got != 1 {
		t.Errorf("asked %d times", got)
	}
	reader.Set("Accept", "text/event-stream")
	for _, path := range []string{"/channels/news/secret", "/channels/news/secret?since=0", "/events?channel=news/open&channel=news/secret"} {
		resp, body := e.ask("GET", path, reader, nil)
		e.wantAnswer(resp, body, 403, "come back tomorrow (ref ")
	}
	reader.Del("Accept")
	resp, body = e.do("GET", "news/open?wait=10ms&since=0", reader, nil)
	e.wantAnswer(resp, body, 200, "[]")

	l := e.listen("/events?channel=news/open&channel=c", reader)
	l.want("live", "")
	go e.stop(patience(t), "the server stops")
	l.want("close", "the server stops")
	l.close()
	// The backend is told of the end of the stream, and not of those who came for one answer.
	if got := <-ended; got.Code != 1001 || got.Reason != "the server stops" || len(ended) > 0 {
		t.Errorf("told %+v, and %d others", got, len(ended))
	}
}

func TestTheBackendDecidesWhatIsPublishedOnEveryWay(t *testing.T) {
	e := asking(t, &hookstest.Backend{OnPublish: func(_ context.Context, r *hooks.PublishRequest) (*protocol.Payload, error) {
		instead := protocol.Text("changed")
		switch string(r.Data) {
		case "bad":
			return nil, hookstest.Refuse("rude", "mind your words")
		case "silent":
			return nil, &hooks.Unavailable{After: time.Second}
		case "change":
			return &instead, nil
		}
		return nil, nil
	}})
	reader := e.dial("e")
	for _, test := range []struct {
		text   string
		status int
		code   websocket.CloseCode
		reason string
	}{
		{"change", 202, 0, ""},
		{"bad", 403, websocket.ClosePolicyViolation, "mind your words (ref "},
		{"silent", 503, websocket.CloseTryAgainLater, "can't be asked now"},
	} {
		resp, body := e.do("POST", "e", nil, strings.NewReader(test.text))
		e.wantAnswer(resp, body, test.status, test.reason)
		c := e.dial("e?echo=false")
		e.send(c, websocket.Text, test.text)
		if test.code == 0 {
			e.wantMessage(reader, websocket.Text, "changed")
			e.wantMessage(reader, websocket.Text, "changed")
			continue
		}
		e.wantClose(c, test.code, test.reason)
	}
	e.send(reader, websocket.Text, "as it is")
	e.wantMessage(reader, websocket.Text, "as it is")
}

func TestTheBackendIsToldHowAConnectionEnded(t *testing.T) {
	told := make(chan hooks.Event, 10)
	e := asking(t, &hookstest.Backend{OnEvent: func(e hooks.Event) {
		if e.Kind == hooks.Disconnect {
			told <- e
		}
	}})
	want := func(code int, reason string) {
		t.Helper()
		select {
		case got := <-told:
			if got.Code != code || got.Reason != reason || got.Client.Edge != "channels" || got.Client.Connection == "" || got.Client.Remote == "" || got.Duration <= 0 {
				t.Errorf("told %+v", got)
			}
		case <-patience(t).Done():
			t.Fatal("nothing is told")
		}
	}
	if err := e.dial("e").Close(patience(t), websocket.CloseNormal, "enough"); err != nil {
		t.Fatal(err)
	}
	want(1000, "enough")
	e.dial("e").CloseNow()
	want(1006, "")
	last := e.dial("e")
	if _, err := e.dialAs("staff/a", nil); err == nil {
		t.Error("let in")
	}
	e.do("POST", "e", nil, strings.NewReader("x"))
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		e.stop(patience(t), "the server stops")
	}()
	e.wantClose(last, websocket.CloseGoingAway, "the server stops")
	<-stopped
	want(1001, "the server stops")
	select {
	case got := <-told:
		t.Errorf("told %+v, too", got)
	default:
	}
}
