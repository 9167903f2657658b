package channels

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/holdfast-dev/holdfast/websocket"
)

func TestAPostPublishesItsBody(t *testing.T) {
	e := start(t)
	c := e.dial("c")
	const form = "application/x-www-form-urlencoded"
	for _, p := range []struct {
		contentType, body string
		typ               websocket.MessageType
	}{
		{"", "no type", websocket.Text},
		{form, "what curl -d sends", websocket.Text},
		{form, "not \xff text", websocket.Binary},
		{"text/plain; charset=utf-8", "é", websocket.Text},
		{"application/json", `{"a":1}`, websocket.Text},
		{"application/geo+json", `{}`, websocket.Text},
		{"application/octet-stream", "text, but sent as bytes", websocket.Binary},
		{"image/png", "\x89PNG", websocket.Binary},
		{"text/plain", "", websocket.Text},
	} {
		header := http.Header{}
		if p.contentType != "" {
			header = contentType(p.contentType)
		}
		resp, body := e.do("POST", "c", header, strings.NewReader(p.body))
		e.wantAnswer(resp, body, http.StatusAccepted, p.typ.String())
		e.wantMessage(c, p.typ, p.body)
	}
}

func TestAPostThatCanNotBePublishedSaysWhy(t *testing.T) {
	e := start(t)
	for _, p := range []struct {
		name   string
		header http.Header
		body   string
		status int
		has    string
	}{
		{"too large", contentType("text/plain"), strings.Repeat("x", testLimit+1), http.StatusRequestEntityTooLarge, "65536"},
		{"text that is not", contentType("text/plain"), "\xff", http.StatusUnsupportedMediaType, "UTF-8"},
		{"unreadable type", contentType("text/;;"), "x", http.StatusUnsupportedMediaType, "Content-Type"},
		{"foreign page", http.Header{"Origin": {"https://evil.example"}}, "x", http.StatusForbidden, "https://evil.example"},
	} {
		t.Run(p.name, func(t *testing.T) {
			resp, body := e.do("POST", "c", p.header, strings.NewReader(p.body))
			e.wantAnswer(resp, body, p.status, p.has)
		})
	}
}

func TestTheLimitIsForTheWholeMessage(t *testing.T) {
	e := start(t)
	resp, body := e.do("POST", "c", nil, strings.NewReader(strings.Repeat("x", testLimit)))
	e.wantAnswer(resp, body, http.StatusAccepted, `"bytes": 65536`)
}

func TestALengthOverTheLimitIsRefusedBeforeTheBodyComes(t *testing.T) {
	e := start(t)
	body, never := io.Pipe()
	defer never.Close()
	r, err := http.NewRequestWithContext(patience(t), "POST", e.url+Prefix+"c", body)
	if err != nil {
		t.Fatal(err)
	}
	r.ContentLength = testLimit + 1
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("answered %s", resp.Status)
	}
}
