package channels

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/holdfast-dev/holdfast/internal/edge/door/doortest"
	"github.com/holdfast-dev/holdfast/internal/policy"
	"github.com/holdfast-dev/holdfast/internal/schema"
	"github.com/holdfast-dev/holdfast/protocol"
	"github.com/holdfast-dev/holdfast/websocket"
)

// strictEdge has channels that take JSON with a number n below json/ and, with history, keptjson/, PNGs below
// images/, and few messages below slow/.
func strictEdge(t *testing.T) *edge {
	t.Helper()
	numbers, err := schema.Parse("numbers", []byte(`{"type":"object","properties":{"n":{"type":"integer"}},"required":["n"]}`))
	if err != nil {
		t.Fatal(err)
	}
	json, kept, images, slow := doortest.OpenRule(), doortest.OpenRule(), doortest.OpenRule(), doortest.OpenRule()
	json.Channels, json.Schema = "json/#", numbers
	kept.Channels, kept.Schema, kept.History.Count, kept.Slow = "keptjson/#", numbers, 1000, policy.SlowCatchUp
	images.Channels, images.Content = "images/#", &policy.Content{Types: []string{"image/png"}, Magic: [][]byte{[]byte("\x89PNG")}}
	slow.Channels, slow.Rate = "slow/#", policy.Rate{PerSecond: 0.001, Burst: 2}
	return startOn(t, doortest.Channels(t, testLimit, json, kept, images, slow, doortest.OpenRule()), policy.Limits{}, Config{})
}

func TestAPostIsHeldToWhatTheChannelTakes(t *testing.T) {
	e := strictEdge(t)
	for _, test := range []struct {
		rest, typ, body string
		status          int
		has             string
	}{
		{"json/a", "application/json", `{"n":1}`, 202, "json/a"},
		{"keptjson/a", "application/json", `{"n":1}`, 201, "keptjson/a"},
		{"json/a", "", `{"n":1}`, 202, "json/a"},
		{"json/a", "application/json", `{"n":"x"}`, 422, "the message is refused: at /n: got string, want integer (rule json/#) (ref "},
		{"keptjson/a", "application/json", `{"n":"x"}`, 422, "at /n"},
		{"json/a", "text/plain", `n`, 422, "it is not JSON"},
		{"json/a", "application/octet-stream", `{"n":1}`, 422, "it is binary, and the channel takes JSON text (rule json/#)"},
		{"images/a", "image/png", "\x89PNG\r\n", 202, `"type": "binary"`},
		{"images/a", "image/png; x=y", "\x89PNG", 202, "images/a"},
		{"images/a", "image/png", "GIF89a", 422, "it does not begin as the messages of the channel have to"},
		{"images/a", "image/gif", "\x89PNG", 415, `a body of type "image/gif" is not what the channel takes; it takes image/png`},
		{"images/a", "", "\x89PNG", 415, "image/png"},
	} {
		header := http.Header{}
		if test.typ != "" {
			header = contentType(test.typ)
		}
		resp, body := e.do("POST", test.rest, header, strings.NewReader(test.body))
		e.wantAnswer(resp, body, test.status, test.has)
	}
}

func TestAWebSocketThatSendsWhatTheChannelDoesNotTakeIsClosedWithThePath(t *testing.T) {
	e := strictEdge(t)
	for _, test := range []struct {
		rest    string
		typ     websocket.MessageType
		message string
		has     string
	}{
		{"json/a", websocket.Text, `{"n":"x"}`, "at /n: got string, want integer (rule json/#) (ref "},
		{"json/a", websocket.Binary, `{"n":1}`, "it is binary, and the channel takes JSON text"},
		{"images/a", websocket.Binary, "GIF89a", "it does not begin"},
		{"images/a", websocket.Text, "PNG", "it is text"},
	} {
		c := e.dial(test.rest)
		e.send(c, test.typ, test.message)
		e.wantClose(c, websocket.ClosePolicyViolation, test.has)
	}
	c := e.dial("json/a")
	e.send(c, websocket.Text, `{"n":1,"`+strings.Repeat("x", 500)+`":{},"n":2}`)
	e.wantClose(c, websocket.ClosePolicyViolation, "(ref ")
}

func TestOnlyDocumentsThatFitReachSubscribers(t *testing.T) {
	e := strictEdge(t)
	rapid.Check(t, func(rt *rapid.T) {
		name := rapid.SampledFrom([]string{"json/p", "keptjson/p"}).Draw(rt, "channel")
		documents := rapid.SliceOfN(rapid.OneOf(rapid.StringMatching(`\{"n":-?[1-9][0-9]{0,3}\}`), rapid.StringMatching(`\{"n":("a"|null|1\.5)\}`), rapid.StringN(0, 9, -1)), 1, 5).Draw(rt, "documents")
		byPost := rapid.Bool().Draw(rt, "by POST")
		listener := e.dial(name)
		defer listener.CloseNow()
		for _, text := range documents {
			fits := strings.HasPrefix(text, `{"n":`) && !slices.Contains([]string{`{"n":"a"}`, `{"n":null}`, `{"n":1.5}`}, text)
			if byPost {
				resp, body := e.do("POST", name, contentType("application/json"), strings.NewReader(text))
				if (resp.StatusCode == http.StatusUnprocessableEntity) == fits {
					rt.Fatalf("%q: %s: %s", text, resp.Status, body)
				}
			} else {
				c := e.dial(name)
				e.send(c, websocket.Text, text)
				if fits {
					e.wantMessage(c, websocket.Text, text)
				} else {
					e.wantClose(c, websocket.ClosePolicyViolation, "the message is refused")
				}
				c.CloseNow()
			}
			if fits {
				e.wantMessage(listener, websocket.Text, text)
			}
		}
		// Whatever had reached the listener besides would come before this.
		resp, body := e.do("POST", name, nil, strings.NewReader(`{"n":0}`))
		e.wantAnswer(resp, body, resp.StatusCode, name)
		e.wantMessage(listener, websocket.Text, `{"n":0}`)
	})
}

func TestWhoPostsMoreThanTheChannelTakesIsToldWhenToGoOn(t *testing.T) {
	e := strictEdge(t)
	for range 2 {
		resp, body := e.do("POST", "slow/a", nil, strings.NewReader("x"))
		e.wantAnswer(resp, body, 202, "")
	}
	resp, body := e.do("POST", "slow/a", nil, strings.NewReader("x"))
	e.wantAnswer(resp, body, 429, "too much is published to the channel slow/a (rule slow/#) (channels[].rate); try again in")
	if after, err := strconv.Atoi(resp.Header.Get("Retry-After")); err != nil || after < 900 || after > 1000 {
		t.Errorf("Retry-After %q", resp.Header.Get("Retry-After"))
	}
}

func TestAWebSocketThatSendsMoreThanTheChannelTakesWaits(t *testing.T) {
	slow := doortest.OpenRule()
	slow.Channels, slow.Rate = "slow/#", policy.Rate{PerSecond: 50, Burst: 5}
	e := startOn(t, doortest.Channels(t, testLimit, slow, doortest.OpenRule()), policy.Limits{}, Config{})
	c := e.dial("slow/a")
	began := time.Now()
	for range 30 {
		e.send(c, websocket.Text, "x")
	}
	for range 30 {
		e.wantMessage(c, websocket.Text, "x")
	}
	if took := time.Since(began); took < 400*time.Millisecond {
		t.Errorf("25 messages above the burst took %s at 50 a second", took)
	}
}

func TestAWebSocketThatWouldWaitForTooLongIsClosed(t *testing.T) {
	slow := doortest.OpenRule()
	slow.Channels, slow.Rate = "slow/#", policy.Rate{PerSecond: 0.01, Burst: 1}
	e := startOn(t, doortest.Channels(t, testLimit, slow, doortest.OpenRule()), policy.Limits{}, Config{})
	c := e.dial("slow/a")
	e.send(c, websocket.Text, "1")
	e.send(c, websocket.Text, "2")
	e.wantClose(c, websocket.CloseCode(protocol.CloseTooMany), "too much is published to the channel slow/a")
}
