package api

import (
	"errors"
	"net/http"
	"net/url"
	"testing"
	"unicode/utf8"

	"github.com/holdfast-dev/holdfast/internal/edge/door"
	"github.com/holdfast-dev/holdfast/websocket"
)

// maxDetailBytes is more than any refusal says, however long what is refused.
const maxDetailBytes = 1000

// wantRefusal checks that an error is a refusal of the request, in words that can be shown.
func wantRefusal(t *testing.T, err error) {
	t.Helper()
	bad, ok := errors.AsType[*door.RequestError](err)
	if !ok || bad.Status < 400 || bad.Status >= 500 || titles[bad.Kind] == "" {
		t.Fatalf("%#v", err)
	}
	if text := err.Error(); len(text) > maxDetailBytes || !utf8.ValidString(text) {
		t.Fatalf("the refusal is %d bytes: %q", len(text), text)
	}
}

// FuzzBody reads bodies as the endpoints do: they are refused, or stand for what can be sent on.
func FuzzBody(f *testing.F) {
	for _, seed := range []string{
		`{"channel":"a","data":"x"}`, `{"channels":["a","b"],"data":{"n":[1.0,null]},"id":"i","key":"k"}`, `{"channel":"a","data":"AAE=","binary":true}`,
		`{"messages":[{"channel":"a","data":"x"},{"chanel":"b"}]}`, `{"user":"ada","reconnect":true}`, `{"user":"ada","until":"2999-01-01T00:00:00Z"}`,
		`{"user":"ada","channels":{"chat/#":"rw"},"info":{"n":1},"expires_in":60}`, `{"data":"\ud800"}`, `{"data":1e999}`, `[`, `{"a":1,"a":2}`, "{\"data\":\"\xff\"}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		c := &call{body: body}
		if p, err := decode[publication](c); err != nil {
			wantRefusal(t, err)
		} else if payload, typ, err := p.payload(); err != nil {
			wantRefusal(t, err)
		} else if typ == websocket.Text && !utf8.Valid(payload) {
			t.Fatalf("%q stands for text that is none", body)
		} else if p.Binary != (typ == websocket.Binary) {
			t.Fatalf("%q stands for %v", body, typ)
		}
		if _, err := decode[batchRequest](c); err != nil {
			wantRefusal(t, err)
		}
		if r, err := decode[disconnectRequest](c); err != nil {
			wantRefusal(t, err)
		} else if err := r.check(); err != nil {
			wantRefusal(t, err)
		}
		if r, err := decode[revokeRequest](c); err != nil {
			wantRefusal(t, err)
		} else if err := r.check(); err != nil {
			wantRefusal(t, err)
		}
		if _, err := decode[tokenRequest](c); err != nil {
			wantRefusal(t, err)
		}
	})
}

// FuzzQuery reads queries: what is not known in them is refused, and numbers are within their bounds.
func FuzzQuery(f *testing.F) {
	for _, seed := range []string{"channel=a&limit=5", "limit=0", "limit=1&limit=2", "%zz", "lmit=1", "count=true&after=x", "limit=99999999999999999999", "a;b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		q := newQuery(&http.Request{URL: &url.URL{RawQuery: raw}})
		channel, limit, count := q.text("channel"), q.number("limit", 100, 1000), q.flag("count")
		err := q.done()
		if err != nil {
			wantRefusal(t, err)
			return
		}
		values, err := url.ParseQuery(raw)
		if err != nil || values.Get("channel") != channel || limit < 1 || limit > 1000 || count != (values.Get("count") == "true") {
			t.Fatalf("%q: channel %q, limit %d, count %v, %v", raw, channel, limit, count, err)
		}
	})
}
