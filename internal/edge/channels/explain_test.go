package channels

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

func TestAGetExplainsTheURLToPrograms(t *testing.T) {
	e := start(t)
	e.dial("chat/caf%C3%A9")
	resp, body := e.do("GET", "chat/caf%C3%A9", nil, nil)
	if ct := resp.Header.Get("Content-Type"); ct != "application/json" {
		t.Errorf("Content-Type %q", ct)
	}
	var got explanation
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatal(err)
	}
	at := strings.TrimPrefix(e.url, "http") + "/channels/chat/caf%C3%A9"
	want := explanation{Channel: "chat/café", WebSocket: "ws" + at, Publish: "http" + at, Events: "http" + at, Subscribers: 1, MaxMessageBytes: testLimit}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestAGetExplainsTheURLToPeopleAndShowsNamesAsText(t *testing.T) {
	e := start(t)
	resp, body := e.do("GET", "a/%3Cscript%3Ealert(1)%3C%2Fscript%3E", http.Header{"Accept": {"text/html,*/*"}}, nil)
	e.wantAnswer(resp, body, http.StatusOK, "new WebSocket(")
	e.wantAnswer(resp, body, http.StatusOK, "new EventSource(")
	if strings.Contains(body, "<script") {
		t.Errorf("the name is in the page as HTML:\n%s", body)
	}
	if policy := resp.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") {
		t.Errorf("Content-Security-Policy %q", policy)
	}
}

func TestTheURLOfAChannelWithHistorySaysWhereThatIs(t *testing.T) {
	e := start(t)
	resp, body := e.do("GET", "kept/c", nil, nil)
	e.wantAnswer(resp, body, http.StatusOK, `/channels/kept/c?last=10"`)
	resp, body = e.do("GET", "kept/c", http.Header{"Accept": {"text/html"}}, nil)
	e.wantAnswer(resp, body, http.StatusOK, "?last=10")
}

func TestOtherMethodsAreRefusedWithThoseThatWork(t *testing.T) {
	e := start(t)
	resp, body := e.do("DELETE", "c", nil, nil)
	e.wantAnswer(resp, body, http.StatusMethodNotAllowed, "POST")
	if allow := resp.Header.Get("Allow"); allow != "GET, HEAD, POST" {
		t.Errorf("Allow %q", allow)
	}
	if resp, _ := e.do("HEAD", "c", nil, nil); resp.StatusCode != http.StatusOK {
		t.Errorf("HEAD answered %d", resp.StatusCode)
	}
}
