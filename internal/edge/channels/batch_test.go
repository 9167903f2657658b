package channels

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/holdfast-dev/holdfast/internal/edge/door/doortest"
	"github.com/holdfast-dev/holdfast/internal/policy"
	"github.com/holdfast-dev/holdfast/websocket"
)

// batch posts several messages and returns what became of each.
func (e *edge) batch(name, body string, header http.Header) []batchResult {
	e.t.Helper()
	resp, answer := e.do("POST", name+"?batch=true", header, strings.NewReader(body))
	var all []batchResult
	if err := json.Unmarshal([]byte(answer), &all); err != nil || resp.StatusCode != http.StatusOK {
		e.t.Fatalf("%s: %s, %v", resp.Status, answer, err)
	}
	return all
}

func TestABatchIsPublishedInOrder(t *testing.T) {
	e := start(t)
	live := e.dial("c")
	for _, body := range []string{
		`[{"data":"a","id":"1"},{"data":{"x": 1}},{"data":"/wA=","binary":true}]`,
		"{\"data\":\"a\",\"id\":\"1\"}\n{\"data\":{\"x\": 1}}\n\n{\"data\":\"/wA=\",\"binary\":true}",
	} {
		if got := e.batch("c", body, nil); fmt.Sprint(got) != fmt.Sprint(make([]batchResult, 3)) {
			t.Errorf("got %+v", got)
		}
		e.wantMessage(live, websocket.Text, "a")
		e.wantMessage(live, websocket.Text, `{"x":1}`)
		e.wantMessage(live, websocket.Binary, "\xff\x00")
	}
	e.do("POST", "c", contentType("application/json"), strings.NewReader(`[{"data":"a"}]`))
	e.wantMessage(live, websocket.Text, `[{"data":"a"}]`) // not asked for as a batch
}

func TestABatchThatIsRepeatedStoresNothingTwice(t *testing.T) {
	e := start(t)
	header := http.Header{"Idempotency-Key": {"k"}}
	body := `{"data":"a"} {"data":"b","id":"own","key":"y"}`
	first, again := e.batch("kept/c", body, header), e.batch("kept/c", body, header)
	for i, want := range first {
		if want.Offset != uint64(i+1) || want.Epoch == "" || want.Duplicate || again[i].Offset != want.Offset || !again[i].Duplicate {
			t.Errorf("message %d: %+v, then %+v", i, want, again[i])
		}
	}
	_, got := e.wantHistory("kept/c?last=5", "a", "b")
	if got[0].ID != "k-0" || got[1].ID != "own" || got[1].Key != "y" {
		t.Errorf("got %+v", got)
	}
}

func TestWhatTheChannelDoesNotTakeOfABatchIsRefusedAlone(t *testing.T) {
	e := strictEdge(t)
	live := e.dial("json/a")
	got := e.batch("json/a", `[{"data":{"n":1}},{"data":{"n":"x"}},{"data":"{\"n\":2}"}]`, nil)
	if got[0].Error != nil || got[2].Error != nil || got[1].Error == nil || got[1].Error.Code != "invalid_data" || !strings.Contains(got[1].Error.Message, "at /n") || got[1].Error.Ref == "" {
		t.Errorf("got %+v", got)
	}
	e.wantMessage(live, websocket.Text, `{"n":1}`)
	e.wantMessage(live, websocket.Text, `{"n":2}`)
	slow := e.batch("slow/a", strings.Repeat(`{"data":"x"}`, 3), nil)
	if slow[1].Error != nil || slow[2].Error == nil || slow[2].Error.Code != "rate_limited" || slow[2].Error.After < 100 {
		t.Errorf("got %+v", slow)
	}
}

func TestABatchThatCanNotBeUnderstoodPublishesNothing(t *testing.T) {
	e := start(t)
	live := e.dial("c")
	large := `{"data":"` + strings.Repeat("x", testLimit+1) + `"}`
	for body, want := range map[string]string{
		"":                                  "has no messages",
		"[]":                                "has no messages",
		"[{\"data\":\"a\"}":                 "message 1 of the batch can't be understood: it breaks off",
		`[{"data":"a"}] x`:                  "behind the array",
		`[{"data":"a"},]`:                   "message 1",
		`{"data":"a"} hello`:                "message 1",
		`{"data":"a"} {}`:                   "message 1 of the batch: it has no data",
		`{"data":"a"} "b"`:                  "message 1 of the batch can't be understood: it is no object",
		`{"data":"a","colour":"red"}`:       `unknown field "colour"`,
		`{"data":"a","data":"b"}`:           "a name twice",
		`{"data":"a","id":5}`:               "no object with data",
		`{"data":"%","binary":true}`:        "base64",
		`{"data":{},"binary":true}`:         "base64",
		"{\"data\":\"\xff\"}":               "message 0",
		`{"data":"\ud800"}`:                 "message 0",
		strings.Repeat(`{"data":""}`, 1001): "at most 1000 messages",
		`{"data":"a","id":"` + strings.Repeat("x", 129) + `"}`: "128 bytes",
		large: "larger than the limit of 65536 bytes",
	} {
		resp, answer := e.do("POST", "c?batch=true", nil, strings.NewReader(body))
		if !strings.Contains(answer, want) || resp.StatusCode != 400 && body != large || body == large && resp.StatusCode != 413 {
			t.Errorf("%.60q: %s %s; want %q", body, resp.Status, answer, want)
		}
	}
	resp, answer := e.do("POST", "c?batch=maybe", nil, strings.NewReader("x"))
	e.wantAnswer(resp, answer, 400, "use batch=true")
	e.post("c", "end")
	e.wantMessage(live, websocket.Text, "end")
}

func TestABatchCountsByItsMessages(t *testing.T) {
	limits := policy.Limits{Messages: policy.Rate{PerSecond: 0.001, Burst: 10}}
	e := startOn(t, doortest.Channels(t, testLimit, doortest.OpenRule()), limits, Config{})
	e.batch("c", strings.Repeat(`{"data":""}`, 8), nil)
	resp, answer := e.do("POST", "c?batch=true", nil, strings.NewReader(strings.Repeat(`{"data":""}`, 3)))
	e.wantAnswer(resp, answer, http.StatusTooManyRequests, "you send too much")
}

func FuzzBatch(f *testing.F) {
	f.Add([]byte(`[{"data":"a","id":"1"},{"data":{"x":1}},{"data":"/wA=","binary":true}]`))
	f.Add([]byte("{\"data\":\"a\"}\n{\"data\":null,\"key\":\"k\"}\n"))
	f.Add([]byte(`[{"data":`))
	f.Fuzz(func(t *testing.T, body []byte) {
		items, err := readBatch(body)
		if err != nil {
			return
		}
		if len(items) == 0 || len(items) > maxBatch {
			t.Fatalf("%d messages", len(items))
		}
		p, err := newBatch("c", items, "key", testLimit)
		if err != nil {
			return
		}
		for _, m := range p.Messages {
			if len(m.Payload) > len(body) || m.ID == "" {
				t.Errorf("%d bytes made a message of %d, with the id %q", len(body), len(m.Payload), m.ID)
			}
		}
	})
}
