package channels

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/internal/edge/door/doortest"
	"github.com/holdfast-dev/holdfast/internal/policy"
	"github.com/holdfast-dev/holdfast/websocket"
)

// listening is a client of an event stream.
type listening struct {
	e      *edge
	lines  *bufio.Scanner
	header http.Header
	close  func()
	id     string // the last
}

// listen opens an event stream; header may be nil.
func (e *edge) listen(path string, header http.Header) *listening {
	e.t.Helper()
	ctx, cancel := context.WithCancel(patience(e.t))
	e.t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, "GET", e.url+path, nil)
	if err != nil {
		e.t.Fatal(err)
	}
	if header != nil {
		r.Header = header
	}
	r.Header.Set("Accept", "text/event-stream")
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		e.t.Fatal(err)
	}
	e.t.Cleanup(func() { resp.Body.Close() })
	if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "text/event-stream" || resp.Header.Get("Cache-Control") != "no-store" || resp.Header.Get("X-Accel-Buffering") != "no" {
		e.t.Fatalf("answered %s, %v", resp.Status, resp.Header)
	}
	return &listening{e: e, lines: bufio.NewScanner(resp.Body), header: resp.Header, close: cancel}
}

// next returns the next event that has data.
func (l *listening) next() (event, bool) {
	e := event{id: l.id}
	var data []string
	for l.lines.Scan() {
		line := l.lines.Text()
		if line == "" {
			if l.id = e.id; data != nil {
				e.data = strings.Join(data, "\n")
				return e, true
			}
			continue
		}
		switch field, value, _ := strings.Cut(line, ": "); field {
		case "id":
			e.id = value
		case "event":
			e.typ = value
		case "data":
			data = append(data, value)
		}
	}
	return e, false
}

// want waits for an event. Before a message there may be one that says that the feed is live: it is a moment behind the log.
func (l *listening) want(typ, dataHas string) event {
	l.e.t.Helper()
	got, ok := l.next()
	for typ == "" && got.typ == "live" {
		got, ok = l.next()
	}
	if !ok || got.typ != typ || !strings.Contains(got.data, dataHas) {
		l.e.t.Fatalf("got %+v, %t (%v); want the event %q with %q", got, ok, l.lines.Err(), typ, dataHas)
	}
	return got
}

// until waits for a condition.
func (e *edge) until(condition func() bool) {
	e.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !condition(); <-time.After(time.Millisecond) {
		if time.Now().After(deadline) {
			e.t.Fatal("it has not come about")
		}
	}
}

func (e *edge) post(name, body string) {
	e.t.Helper()
	if resp, answer := e.do("POST", name, nil, strings.NewReader(body)); resp.StatusCode/100 != 2 {
		e.t.Fatalf("%s: %s", resp.Status, answer)
	}
}

func TestAnEventStreamHasWhatIsPublishedToItsChannel(t *testing.T) {
	e := start(t)
	l := e.listen("/channels/c", nil)
	e.post("c", "hello")
	if got := l.want("", "hello"); got.id != "" {
		t.Errorf("a message that is stored nowhere has the id %q", got.id)
	}
	e.post("c", "two\r\nlines")
	if got := l.want("", "two"); got.data != "two\nlines" {
		t.Errorf("got %q", got.data)
	}
	c := e.dial("c")
	e.send(c, websocket.Binary, "\xff\x00")
	l.want("binary", "/wA=")
	e.send(c, websocket.Text, "")
	l.want("", "")
	l.close()
	e.until(func() bool { return e.channels.Subscribers("c") == 1 })
}

func TestAnEventStreamGoesOnFromWhereItsClientWas(t *testing.T) {
	e := start(t)
	l := e.listen("/channels/kept/c", nil)
	if got := l.want("live", `"position":"0:`); !strings.HasPrefix(got.id, "0:") {
		t.Errorf("the id is %q", got.id)
	}
	e.post("kept/c", "m0")
	e.post("kept/c", "m1")
	first := l.want("", "m0")
	l.want("", "m1")
	l.close()
	e.post("kept/c", "m2")

	again := e.listen("/channels/kept/c?last=1", http.Header{"Last-Event-Id": {first.id}})
	again.want("", "m1")
	last := again.want("", "m2")
	if !strings.HasPrefix(last.id, "3:") {
		t.Errorf("the id is %q", last.id)
	}
	since := e.listen("/channels/kept/c?since="+first.id, nil)
	since.want("", "m1")
	newest := e.listen("/channels/kept/c?last=1", nil)
	newest.want("", "m2")
}

func TestAnEventStreamTellsWhatIsLost(t *testing.T) {
	e := start(t)
	offsets := e.fill("kept/c", 8)
	for _, since := range []string{fmt.Sprint(offsets[0]), fmt.Sprint(offsets[7], ":other")} {
		l := e.listen("/channels/kept/c?since="+since, nil)
		l.want("lost", `"why":"expired"`)
		for i := 3; i < 8; i++ {
			l.want("", fmt.Sprint("m", i))
		}
	}
	e.listen("/channels/c?since=5:old", nil).want("lost", `"why":"no_history"`)
}

func TestAStreamOfSeveralChannelsSaysWhichOneAMessageIsFromAndGoesOnInEach(t *testing.T) {
	e := start(t)
	path := "/events?" + url.Values{"channel": {"kept/a", "kept/b", "c"}, "pattern": {"kept/sub/#"}}.Encode()
	l := e.listen(path, nil)
	for range 3 { // one for each that keeps its messages
		l.want("live", `"channel":"kept/`)
	}
	e.post("kept/a", "1")
	first := l.want("", `"channel":"kept/a","epoch":"`)
	if strings.Count(first.id, flowSeparator) != 3 || strings.Split(first.id, flowSeparator)[2] != "" {
		t.Errorf("the id is %q", first.id)
	}
	e.post("kept/b", "2")
	l.want("", `"channel":"kept/b"`)
	e.post("kept/sub/x", "3")
	l.want("", `"channel":"kept/sub/x"`)
	e.post("c", "4")
	l.want("", `{"channel":"c","data":"4"`)
	l.close()

	e.post("kept/a", "5")
	again := e.listen(path, http.Header{"Last-Event-Id": {first.id}})
	missed := map[string]bool{}
	for len(missed) < 3 {
		if got, ok := again.next(); !ok {
			t.Fatal("the stream has ended")
		} else if got.typ == "" {
			missed[got.data[:20]] = true
		}
	}
}

func TestWhatAStreamOfSeveralCanNotBeIsRefused(t *testing.T) {
	e := start(t)
	many := url.Values{}
	for i := range maxFlows + 1 {
		many.Add("channel", fmt.Sprint("c", i))
	}
	for query, want := range map[string]string{
		"":                                  "nothing is asked for",
		many.Encode():                       "more than the 100",
		"channel=a&channel=a":               "twice",
		"channel=a//b":                      "empty segment",
		"pattern=a/%23/b":                   `"#" before its end`,
		"channel=a&channel=b&since=1:e":     "1 parts",
		"channel=a&channel=b&since=1:e%3Bx": "not a position",
		"channel=a&since=x":                 "not a position",
		"channel=a&last=-1":                 "not a number",
	} {
		resp, body := e.ask("GET", "/events?"+query, nil, nil)
		e.wantAnswer(resp, body, http.StatusBadRequest, want)
	}
	resp, body := e.ask("POST", "/events?channel=a", nil, nil)
	e.wantAnswer(resp, body, http.StatusMethodNotAllowed, "GET")
}

func TestOnlyWhoAsksForEventsGetsThem(t *testing.T) {
	for accept, want := range map[string]bool{
		"text/event-stream":                         true,
		"application/json, text/event-stream":       true,
		"text/html;q=0.9, text/event-stream":        true,
		"text/event-stream; q=0.5, */*;q=0.8":       true,
		"TEXT/EVENT-STREAM":                         true,
		"text/event-stream;q=0":                     false,
		"text/event-stream;q=0.5, application/json": false,
		"text/event-stream;q=NaN":                   false,
		"*/*":                                       false,
		"text/*":                                    false,
		"text/html,application/xhtml+xml,*/*;q=0.8": false,
		"": false,
		"text/event-stream;q=0.4, text/html;q=;;;, ,,,": true,
	} {
		r := &http.Request{Method: "GET", Header: http.Header{"Accept": {accept}}}
		if got := wantsEvents(r); got != want {
			t.Errorf("Accept: %s: %t", accept, got)
		}
	}
}

func TestAnEventStreamIsEndedWithItsReason(t *testing.T) {
	e := start(t)
	l := e.listen("/channels/c", nil)
	go e.stop(patience(t), "the server is shutting down")
	l.want("close", `{"code":1001,"reason":"the server is shutting down"}`)
	if _, more := l.next(); more {
		t.Error("the stream goes on")
	}
}

func TestAnEventStreamIsSentHeartbeats(t *testing.T) {
	e := startWith(t, Config{HeartbeatInterval: 50 * time.Millisecond})
	l := e.listen("/channels/c", nil)
	for comments := 0; comments < 3; {
		if !l.lines.Scan() {
			t.Fatal(l.lines.Err())
		}
		if l.lines.Text() == ":" {
			comments++
		}
	}
}

func TestAnEventStreamNeedsTheRightsThatAWebSocketNeeds(t *testing.T) {
	e := startOn(t, doortest.Channels(t, testLimit, doortest.Guarded()...), policy.Limits{}, Config{})
	bearer := func(user string, channels map[string]string) http.Header {
		return http.Header{"Authorization": {"Bearer " + doortest.Token(t, user, time.Hour, channels)}, "Accept": {"text/event-stream"}}
	}
	resp, body := e.do("GET", "mine/ann/x", http.Header{"Accept": {"text/event-stream"}}, nil)
	e.wantAnswer(resp, body, http.StatusUnauthorized, "may not subscribe")
	resp, body = e.do("GET", "mine/ann/x", bearer("bob", nil), nil)
	e.wantAnswer(resp, body, http.StatusForbidden, "may not subscribe")
	resp, body = e.do("GET", "news/a?since=0", bearer("bob", nil), nil)
	e.wantAnswer(resp, body, http.StatusForbidden, "may not read the history of news/a")
	if n := e.door.Clients.Count(); n != 0 {
		t.Errorf("%d clients are left", n)
	}
	e.listen("/channels/mine/ann/x", bearer("ann", nil))
	// Who comes back with what it was told, and may not read what is kept, gets what is live, and is told.
	l := e.listen("/channels/news/a", http.Header{"Last-Event-Id": {"5:k3"}})
	l.want("lost", `"why":"no_history"`)
	l.want("live", "")
}

func TestAnExpiredTokenEndsItsEventStream(t *testing.T) {
	e := startOn(t, doortest.Channels(t, testLimit, doortest.Guarded()...), policy.Limits{}, Config{})
	l := e.listen("/channels/mine/ann/x", http.Header{"Authorization": {"Bearer " + doortest.Token(t, "ann", 2*time.Second, nil)}})
	l.want("close", `{"code":4401,"reason":"the token has expired`)
}

func TestASlowEventStreamIsDealtWithAsTheRuleSays(t *testing.T) {
	e := startWith(t, Config{SendQueueBytes: 64 << 10})
	e.accept.CloseTimeout = 200 * time.Millisecond // for who does not read that it is too slow
	big := strings.Repeat("x", testLimit-10)
	// The default without history is to disconnect.
	c, err := net.Dial("tcp", strings.TrimPrefix(e.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, "GET /channels/c HTTP/1.1\r\nHost: a\r\nAccept: text/event-stream\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	e.until(func() bool { return e.channels.Subscribers("c") == 1 })
	e.until(func() bool {
		e.post("c", big)
		return e.channels.Subscribers("c") == 0
	})
	// With history it catches up.
	l := e.listen("/channels/kept/c", nil)
	l.want("live", "")
	for i := range 5 {
		e.post("kept/c", fmt.Sprint(i, big))
	}
	for i := range 5 {
		l.want("", fmt.Sprint(i, "x"))
	}
}

func TestPagesOfAllowedOriginsMayListenAndOthersMayNot(t *testing.T) {
	e := start(t)
	for _, path := range []string{"/channels/c", "/events?channel=c"} {
		resp, _ := e.ask("OPTIONS", path, http.Header{"Origin": {"https://app.example"}, "Access-Control-Request-Method": {"GET"}, "Access-Control-Request-Headers": {"last-event-id"}}, nil)
		if allowed := resp.Header.Get("Access-Control-Allow-Headers"); resp.StatusCode != http.StatusNoContent || !strings.Contains(allowed, "Last-Event-ID") || !strings.Contains(allowed, "If-None-Match") {
			t.Errorf("%s: a preflight is answered %s, %v", path, resp.Status, resp.Header)
		}
		l := e.listen(path, http.Header{"Origin": {"https://app.example"}})
		if got := l.header.Get("Access-Control-Allow-Origin"); got != "https://app.example" {
			t.Errorf("%s: Access-Control-Allow-Origin %q", path, got)
		}
		resp, body := e.ask("GET", path, http.Header{"Origin": {"https://evil.example"}, "Accept": {"text/event-stream"}}, nil)
		e.wantAnswer(resp, body, http.StatusForbidden, "evil.example")
	}
}
