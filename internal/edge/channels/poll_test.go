package channels

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/internal/edge/door/doortest"
	"github.com/holdfast-dev/holdfast/internal/policy"
)

// poll polls once, and returns the data of what came and the position to go on from.
func (e *edge) poll(rest string) (data []string, position string) {
	e.t.Helper()
	resp, body := e.do("GET", rest, nil, nil)
	var all []stored
	if err := json.Unmarshal([]byte(body), &all); err != nil || resp.StatusCode != http.StatusOK {
		e.t.Fatalf("%s: %s, %v", resp.Status, body, err)
	}
	for _, m := range all {
		data = append(data, m.Data)
	}
	return data, resp.Header.Get("Holdfast-Position")
}

func TestAPollWaitsForAMessageBehindItsPosition(t *testing.T) {
	e := start(t)
	none, at := e.poll("kept/c?wait=60s")
	if len(none) > 0 || !strings.HasPrefix(at, "0:") {
		t.Fatalf("a first poll got %q, and leads to %q", none, at)
	}
	var polls sync.WaitGroup
	for range 3 {
		polls.Go(func() {
			if got, next := e.poll("kept/c?wait=60s&since=" + at); fmt.Sprint(got) != "[m]" || !strings.HasPrefix(next, "1:") {
				t.Errorf("got %q, which leads to %q", got, next)
			}
		})
	}
	e.until(func() bool { return e.channels.Subscribers("kept/c") == 3 })
	e.post("kept/c", "m")
	polls.Wait()
	if got, _ := e.poll("kept/c?wait=60&since=" + at); fmt.Sprint(got) != "[m]" {
		t.Errorf("what was there already: got %q", got)
	}
	if n := e.door.Clients.Count(); n != 0 {
		t.Errorf("%d clients are left", n)
	}
}

func TestAPollIsAnsweredWithNothingWhenItsTimeIsUp(t *testing.T) {
	e := start(t)
	e.fill("kept/c", 2)
	_, at := e.poll("kept/c?last=2&wait=10s")
	resp, body := e.do("GET", "kept/c?wait=20ms&limit=7&since="+at, nil, nil)
	e.wantAnswer(resp, body, http.StatusOK, "[]")
	if got := resp.Header.Get("Holdfast-Position"); got != at || resp.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("the position was %q; the answer has %v", at, resp.Header)
	}
	if got, want := resp.Header.Get("Link"), "</channels/kept/c?since="+at+`&limit=7&wait=20ms>; rel="next"`; got != want {
		t.Errorf("Link: %s, want %s", got, want)
	}
}

func TestALoopOfPollsMissesNothingAndRepeatsNothing(t *testing.T) {
	kept := doortest.OpenRule()
	kept.Channels, kept.History.Count, kept.Slow = "#", 1000, policy.SlowCatchUp
	e := startOn(t, doortest.Channels(t, testLimit, kept), policy.Limits{}, Config{})
	_, at := e.poll("c?wait=1s")
	const messages = 100
	var posts sync.WaitGroup
	posts.Go(func() {
		for i := range messages {
			e.post("c", fmt.Sprint(i))
		}
	})
	for next := 0; next < messages; {
		var got []string
		got, at = e.poll("c?wait=20s&limit=2&since=" + at)
		for _, m := range got {
			if m != fmt.Sprint(next) {
				t.Fatalf("got %s, want %d", m, next)
			}
			next++
		}
	}
	posts.Wait()
}

func TestAPollIsEndedWithTheServerAndWithItsToken(t *testing.T) {
	e := startOn(t, doortest.Channels(t, testLimit, doortest.Guarded()...), policy.Limits{}, Config{})
	token := doortest.Token(t, "ann", time.Second, map[string]string{"news/#": "r"})
	resp, body := e.do("GET", "news/a?wait=60s&since=0", http.Header{"Authorization": {"Bearer " + token}}, nil)
	e.wantAnswer(resp, body, http.StatusUnauthorized, "the token has expired")

	token = doortest.Token(t, "ann", time.Hour, map[string]string{"news/#": "r"})
	var ended sync.WaitGroup
	ended.Go(func() {
		resp, body := e.do("GET", "news/a?wait=60s&since=0", http.Header{"Authorization": {"Bearer " + token}}, nil)
		e.wantAnswer(resp, body, http.StatusOK, "[]")
	})
	e.until(func() bool { return e.channels.Subscribers("news/a") == 1 })
	e.stop(patience(t), "the server is shutting down")
	ended.Wait()
}

func TestWhatAPollCanNotBeIsRefused(t *testing.T) {
	e := start(t)
	resp, body := e.do("GET", "c?wait=30s", nil, nil)
	e.wantAnswer(resp, body, http.StatusConflict, "would miss")
	for _, wait := range []string{"", "x", "0", "-1s", "61s", "61", "1e3", "2h"} {
		resp, body = e.do("GET", "kept/c?wait="+wait, nil, nil)
		e.wantAnswer(resp, body, http.StatusBadRequest, "use wait=30s")
	}
	for _, limit := range []string{"0", "x", "-1", "1001"} {
		resp, body = e.do("GET", "kept/c?limit="+limit, nil, nil)
		e.wantAnswer(resp, body, http.StatusBadRequest, "from 1 to 1000")
	}
	offsets := e.fill("kept/c", 8)
	resp, body = e.do("GET", fmt.Sprintf("kept/c?wait=60s&since=%d", offsets[0]), nil, nil)
	e.wantAnswer(resp, body, http.StatusGone, "not kept any more")

	guarded := startOn(t, doortest.Channels(t, testLimit, doortest.Guarded()...), policy.Limits{}, Config{})
	resp, body = guarded.do("GET", "news/a?wait=1s", nil, nil)
	guarded.wantAnswer(resp, body, http.StatusUnauthorized, "may not read the history")
	if n := guarded.door.Clients.Count(); n != 0 {
		t.Errorf("%d clients are left", n)
	}
}

func TestWhoHasAnAnswerAlreadyIsToldThatItIsStillRight(t *testing.T) {
	e := start(t)
	offsets := e.fill("kept/c", 3)
	resp, _ := e.wantHistory("kept/c?last=2", "m1", "m2")
	tag := resp.Header.Get("ETag")
	if tag == "" || resp.Header.Get("Cache-Control") != "public, no-cache" {
		t.Errorf("answered with %v", resp.Header)
	}
	for _, known := range []string{tag, "W/" + tag, `"other", ` + tag, "*"} {
		resp, body := e.do("GET", "kept/c?last=2", http.Header{"If-None-Match": {known}}, nil)
		if resp.StatusCode != http.StatusNotModified || body != "" || resp.Header.Get("ETag") != tag || resp.Header.Get("Holdfast-Position") == "" {
			t.Errorf("If-None-Match %s: %s %q, %v", known, resp.Status, body, resp.Header)
		}
	}
	e.post("kept/c", "m3")
	for _, known := range []string{tag, `"x"`, ""} {
		resp, body := e.do("GET", "kept/c?last=2", http.Header{"If-None-Match": {known}}, nil)
		e.wantAnswer(resp, body, http.StatusOK, "m3")
	}
	resp, _ = e.wantHistory("kept/c?limit=2", "m0", "m1")
	if got, want := resp.Header.Get("Link"), fmt.Sprintf("</channels/kept/c?since=%d:", offsets[1]); !strings.HasPrefix(got, want) || !strings.Contains(got, "&limit=2>") {
		t.Errorf("Link: %s", got)
	}
}
