package api

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestAMessageReachesTheSubscribersAndIsAcknowledged(t *testing.T) {
	e := start(t)
	l := e.connect("ada", "", "kept/a", "room/a")
	for _, test := range []struct{ body, heard, answer string }{
		{`{"channel":"room/a","data":"hello"}`, "room/a text hello", `{"channel":"room/a"}`},
		{`{"channel":"room/a","data":""}`, "room/a text ", `{"channel":"room/a"}`},
		{`{"channel":"room/a","data":{ "n" : 1.10, "s":[null, true] }}`, `room/a text {"n":1.10,"s":[null,true]}`, ""},
		{`{"channel":"room/a","data":null}`, "room/a text null", ""},
		{`{"channel":"room/a","data":"aGk=","binary":true}`, "room/a binary hi", ""},
		{`{"channel":"kept/a","data":"stored","key":"k"}`, "kept/a text stored", `"offset":1,"epoch":"`},
	} {
		e.want(e.ask("POST", "/v1/publish", test.body), 200, test.answer)
		l.wantHeard(test.heard)
	}
}

func TestOneMessageGoesToSeveralChannels(t *testing.T) {
	e := start(t)
	l := e.connect("ada", "", "#")
	r := e.ask("POST", "/v1/publish", `{"channels":["kept/a","room/b","images/c","a//b"],"data":"x"}`)
	e.want(r, 200, `{"results":[{"channel":"kept/a","offset":1,`, `{"channel":"room/b"}`,
		`{"channel":"images/c","error":{"type":"urn:holdfast:problem:invalid_data"`, `{"channel":"a//b","error":{"type":"urn:holdfast:problem:bad_channel"`)
	got := map[string]bool{<-l.heard: true, <-l.heard: true}
	if !got["kept/a text x"] || !got["room/b text x"] {
		t.Errorf("heard %v", got)
	}
}

func TestABatchIsPublishedInOrderAndFailsInParts(t *testing.T) {
	e := start(t)
	l := e.connect("ada", "", "kept/a")
	var messages []string
	for i := range 10 {
		messages = append(messages, fmt.Sprintf(`{"channel":"kept/a","data":"%d"}`, i))
	}
	messages = append(messages, `{"channel":"small/a","data":"longer than ten bytes"}`, `{"channel":"small/a","data":"short"}`, `{"channel":"small/a","data":"?","binary":true}`)
	r := e.ask("POST", "/v1/batch", `{"messages":[`+strings.Join(messages, ",")+`]}`)
	e.want(r, 200, `"offset":10,`, `{"channel":"small/a","error":{"type":"urn:holdfast:problem:too_large","title":"Too large","status":413,"detail":"the message is larger`,
		`,{"channel":"small/a"},{"channel":"small/a","error":{"type":"urn:holdfast:problem:bad_request"`, "base64 with padding")
	for i := range 10 {
		l.wantHeard(fmt.Sprintf("kept/a text %d", i))
	}
}

func TestABroadcastReachesEveryChannelThatSomebodyHears(t *testing.T) {
	e := start(t)
	a, b, other := e.connect("ada", "", "kept/a"), e.connect("bob", "", "kept/b/c"), e.connect("eve", "", "room/a")
	e.want(e.ask("POST", "/v1/broadcast", `{"pattern":"kept/#","data":"all"}`), 200, `{"channels":2,"failed":[]}`)
	a.wantHeard("kept/a text all")
	b.wantHeard("kept/b/c text all")
	e.want(e.ask("POST", "/v1/broadcast", `{"pattern":"#","data":"much longer than this"}`), 200, `{"channels":3,"failed":[]}`)
	other.wantHeard("room/a text much longer than this")
	e.connect("pic", "", "images/a")
	e.want(e.ask("POST", "/v1/broadcast", `{"pattern":"+/a","data":"x"}`), 200, `{"channels":2,"failed":[{"channel":"images/a","error":{"type":"urn:holdfast:problem:invalid_data"`)
}

func TestWhatCanNotBePublishedIsRefusedWithTheReason(t *testing.T) {
	e := start(t)
	for _, test := range []struct {
		path, body string
		status     int
		code, has  string
	}{
		{"publish", `{"channel":"a"}`, 400, "bad_request", "there is no data"},
		{"publish", `{"data":"x"}`, 400, "bad_request", "write either channel or channels"},
		{"publish", `{"channel":"a","channels":["b"],"data":"x"}`, 400, "bad_request", "write either channel or channels"},
		{"publish", `{"channel":"a/#","data":"x"}`, 400, "bad_channel", "wildcard"},
		{"publish", `{"chanel":"a","data":"x"}`, 400, "bad_request", `unknown field \"chanel\"; did you mean \"channel\"?`},
		{"publish", `{"channel":"a","data":"x","zzzzzzz":1}`, 400, "bad_request", "the known ones are channel, channels, data, binary, id, key"},
		{"publish", `{"channel":7,"data":"x"}`, 400, "bad_request", `\"/channel\" is of the wrong type`},
		{"publish", `{"channel":"a","channel":"b","data":"x"}`, 400, "bad_request", "a name twice"},
		{"publish", `["a"]`, 400, "bad_request", "the body is no JSON object"},
		{"publish", `{"channel":"a",`, 400, "bad_request", "the body is not JSON"},
		{"publish", ``, 400, "bad_request", "the body is not JSON"},
		{"publish", `{"channel":"a","data":"-","binary":true}`, 400, "bad_request", "base64"},
		{"publish", `{"channel":"a","data":"aG\nk=","binary":true}`, 400, "bad_request", "base64"},
		{"publish", `{"channel":"a","data":"aGl=","binary":true}`, 400, "bad_request", "base64"},
		{"publish", `{"channel":"a","data":1,"binary":true}`, 400, "bad_request", "base64"},
		{"publish", `{"channel":"a","data":"x","id":"` + strings.Repeat("i", 129) + `"}`, 400, "bad_request", "at most 128 bytes"},
		{"publish", `{"channel":"small/a","data":"longer than ten"}`, 413, "too_large", "10 bytes"},
		{"publish", `{"channel":"room/a","data":"` + strings.Repeat("x", testLimit+1) + `"}`, 413, "too_large", "65536 bytes"},
		{"publish", `{"channel":"images/a","data":"x"}`, 422, "invalid_data", "binary"},
		{"publish?x=1", `{"channel":"room/a","data":"x"}`, 400, "bad_request", "unknown parameter"},
		{"batch", `{"messages":[]}`, 400, "bad_request", "there are no messages"},
		{"batch", `{"messages":[{"channel":"a","data":"x","bnary":true}]}`, 400, "bad_request", `did you mean \"binary\"?`},
		{"batch", `{"messages":[` + strings.Repeat(`{"channel":"a","data":""},`, maxMessages) + `{}]}`, 422, "too_many", "1000"},
		{"broadcast", `{"pattern":"a//b","data":"x"}`, 400, "bad_channel", "empty segment"},
	} {
		r := e.ask("POST", "/v1/"+test.path, test.body)
		e.want(r, test.status, `{"type":"urn:holdfast:problem:`+test.code+`"`, test.has, `"ref":"`)
		if got := r.Header.Get("Content-Type"); got != "application/problem+json" {
			t.Errorf("%s %.60s: Content-Type %s", test.path, test.body, got)
		}
	}
}

func TestABodyThatIsTooLargeIsRefused(t *testing.T) {
	e := start(t)
	if e.maxBody != minBody {
		t.Errorf("a body may have %d bytes", e.maxBody)
	}
	e.maxBody = 10_000
	e.want(e.ask("POST", "/v1/publish", strings.Repeat("x", 10_001)), 413, "urn:holdfast:problem:too_large", "10000 bytes")
	r, err := http.NewRequestWithContext(patience(t), "POST", e.url+"/v1/publish", io.MultiReader(strings.NewReader(strings.Repeat("x", 10_001)))) // of no known length
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-API-Key", e.boss)
	resp, err := held{t}.RoundTrip(r)
	if err != nil || resp.StatusCode != 413 {
		t.Errorf("a body that does not say its length: %v, %v", resp, err)
	}
}
