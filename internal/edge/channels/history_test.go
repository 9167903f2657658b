package channels

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/holdfast-dev/holdfast/protocol"
	"github.com/holdfast-dev/holdfast/websocket"
)

// fill posts messages m0, m1, … and returns the offset of each.
func (e *edge) fill(name string, n int) []uint64 {
	e.t.Helper()
	live := e.dial(name)
	defer live.CloseNow()
	offsets := make([]uint64, n)
	for i := range n {
		resp, body := e.do("POST", name, nil, strings.NewReader(fmt.Sprint("m", i)))
		e.wantAnswer(resp, body, http.StatusCreated, `"epoch"`)
		var p published
		if err := json.Unmarshal([]byte(body), &p); err != nil {
			e.t.Fatal(err)
		}
		offsets[i] = p.Offset
		e.wantMessage(live, websocket.Text, fmt.Sprint("m", i)) // what is stored may be live a moment later
	}
	return offsets
}

// wantHistory checks the data of stored messages.
func (e *edge) wantHistory(rest string, want ...string) (*http.Response, []stored) {
	e.t.Helper()
	resp, body := e.do("GET", rest, nil, nil)
	e.wantAnswer(resp, body, http.StatusOK, "")
	var got []stored
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		e.t.Fatal(err)
	}
	var data []string
	for _, m := range got {
		data = append(data, m.Data)
	}
	if fmt.Sprint(data) != fmt.Sprint(want) {
		e.t.Errorf("GET %s: got %q, want %q", rest, data, want)
	}
	return resp, got
}

func TestWhatIsStoredCanBeRead(t *testing.T) {
	e := start(t)
	offsets := e.fill("kept/c", 3)
	e.wantHistory("kept/c?last=2", "m1", "m2")
	e.wantHistory("kept/c?last=100", "m0", "m1", "m2")
	e.wantHistory("kept/c?last=0", "m0", "m1", "m2")
	e.wantHistory("kept/c?since=0", "m0", "m1", "m2")
	resp, got := e.wantHistory(fmt.Sprintf("kept/c?since=%d", offsets[0]), "m1", "m2")
	if got[0].Offset != offsets[1] || got[0].Time == 0 {
		t.Errorf("got %+v", got[0])
	}
	e.wantHistory("kept/c?since=" + resp.Header.Get("Holdfast-Position"))
	e.wantHistory("kept/nobody?last=5")

	resp, body := e.do("GET", "c?last=1", nil, nil)
	e.wantAnswer(resp, body, http.StatusNotFound, "keeps no history")
	for _, since := range []string{"x", "-1", "+1", "1:", "1:a%0d%0ab", "9007199254740993"} {
		resp, body = e.do("GET", "kept/c?since="+since, nil, nil)
		e.wantAnswer(resp, body, http.StatusBadRequest, "1042:k3f9a2")
	}
	resp, body = e.do("GET", "kept/c?since=1&last=1", nil, nil)
	e.wantAnswer(resp, body, http.StatusBadRequest, "contradict")
	resp, body = e.do("GET", "kept/c?last=1", http.Header{"Origin": {"https://evil.example"}}, nil)
	e.wantAnswer(resp, body, http.StatusForbidden, "evil.example")
}

func TestBinaryMessagesAreStoredToo(t *testing.T) {
	e := start(t)
	header := contentType("application/octet-stream")
	header.Set("Idempotency-Key", "id-1")
	e.do("POST", "kept/b?key=k", header, strings.NewReader("\xff\x00"))
	_, got := e.wantHistory("kept/b?last=1", "/wA=")
	if !got[0].Binary || got[0].ID != "id-1" || got[0].Key != "k" {
		t.Errorf("got %+v", got[0])
	}
	c := e.dial("kept/b?last=1")
	e.wantMessage(c, websocket.Binary, "\xff\x00")
}

func TestARepeatedPostIsStoredOnce(t *testing.T) {
	e := start(t)
	header := http.Header{"Idempotency-Key": {"once"}}
	resp, first := e.do("POST", "kept/c", header, strings.NewReader("x"))
	e.wantAnswer(resp, first, http.StatusCreated, `"offset": 1`)
	resp, again := e.do("POST", "kept/c", header, strings.NewReader("x"))
	e.wantAnswer(resp, again, http.StatusOK, `"duplicate": true`)
	e.wantAnswer(resp, again, http.StatusOK, `"offset": 1`)
	e.wantHistory("kept/c?last=5", "x")
	header.Set("Idempotency-Key", strings.Repeat("x", 129))
	resp, body := e.do("POST", "kept/c", header, strings.NewReader("x"))
	e.wantAnswer(resp, body, http.StatusBadRequest, "128")
}

func TestAnExpiredPositionIsSaidSo(t *testing.T) {
	e := start(t)
	offsets := e.fill("kept/c", 8)
	gone := fmt.Sprintf("kept/c?since=%d", offsets[0])
	resp, body := e.do("GET", gone, nil, nil)
	e.wantAnswer(resp, body, http.StatusGone, "not kept any more")
	e.wantClose(e.dial(gone), websocket.CloseCode(protocol.CloseExpired), "not kept any more")
	e.wantClose(e.dial(fmt.Sprintf("kept/c?since=%d:other", offsets[7])), websocket.CloseCode(protocol.CloseExpired), "not kept any more")
	c := e.dial(fmt.Sprintf("kept/c?since=%d", offsets[3]))
	for i := 4; i < 8; i++ {
		e.wantMessage(c, websocket.Text, fmt.Sprint("m", i))
	}
}

func TestAWebSocketBeginsWithWhatItHasMissed(t *testing.T) {
	e := start(t)
	offsets := e.fill("kept/c", 3)
	since, last, live := e.dial(fmt.Sprintf("kept/c?since=%d", offsets[0])), e.dial("kept/c?last=1"), e.dial("kept/c?echo=false")
	e.wantMessage(last, websocket.Text, "m2")
	e.send(live, websocket.Text, "now")
	e.wantMessage(last, websocket.Text, "now")
	for _, m := range []string{"m1", "m2", "now"} {
		e.wantMessage(since, websocket.Text, m)
	}
	e.send(last, websocket.Text, "then")
	e.wantMessage(live, websocket.Text, "then") // and not what it sent itself
}

func TestTheHandshakeSaysWhereTheChannelIs(t *testing.T) {
	e := start(t)
	_, before := e.wantHistory("kept/c?last=1")
	if len(before) != 0 {
		t.Fatal("the channel is not empty")
	}
	e.fill("kept/c", 2)
	c := e.dial("kept/c?since=0") // when it has got both, the node knows of both
	e.wantMessage(c, websocket.Text, "m0")
	e.wantMessage(c, websocket.Text, "m1")
	header := http.Header{"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="}}
	r, err := http.NewRequestWithContext(patience(t), "GET", e.url+Prefix+"kept/c", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header = header
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	position := resp.Header.Get("Holdfast-Position")
	if resp.StatusCode != http.StatusSwitchingProtocols || !strings.HasPrefix(position, "2:") {
		t.Errorf("answered %s at position %q", resp.Status, position)
	}
}
