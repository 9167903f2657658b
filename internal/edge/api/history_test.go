package api

import (
	"fmt"
	"net/url"
	"slices"
	"testing"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/hub"
	"github.com/holdfast-dev/holdfast/websocket"
)

func TestAHistoryIsReadPageByPage(t *testing.T) {
	e := start(t)
	for i := range 7 {
		e.want(e.ask("POST", "/v1/publish", fmt.Sprintf(`{"channel":"kept/a","data":"%d"}`, i)), 200)
	}
	e.want(e.ask("POST", "/v1/publish", `{"channel":"kept/b","data":"AAE=","binary":true,"id":"i","key":"k"}`), 200)
	var got []string
	for path, more := "/v1/history?channel=kept/a&limit=2", true; more; {
		var p historyPage
		e.page(path, &p)
		if p.Lost || len(p.Messages) > 2 {
			t.Errorf("%+v", p)
		}
		for _, m := range p.Messages {
			got = append(got, m.Data)
		}
		path, more = "/v1/history?channel=kept/a&limit=2&since="+url.QueryEscape(p.Position), p.More
	}
	if want := []string{"2", "3", "4", "5", "6"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	e.want(e.ask("GET", "/v1/history?channel=kept/b&last=1", ""), 200, `{"messages":[{"offset":8,"data":"AAE=","binary":true,"id":"i","key":"k","time":"20`, `"more":false`)
	e.want(e.ask("GET", "/v1/history?channel=kept/a&last=3", ""), 200, `"data":"4"`)
	e.want(e.ask("GET", "/v1/history?channel=kept/none", ""), 200, `{"messages":[],"position":"8:`)
	e.want(e.ask("GET", "/v1/history?channel=kept/a&since=1", ""), 200, `"lost":true`, `"data":"2"`)
	e.want(e.ask("GET", "/v1/history?channel=kept/a&since=7:other", ""), 200, `"lost":true`, `"data":"2"`)
}

func TestAHistoryShowsWhatADeviceHasSaidOfItsMessage(t *testing.T) {
	e := start(t)
	stored := make(chan error)
	said := &broker.Message{Channel: "kept/a", Type: websocket.Text, Payload: []byte("21"), Meta: &broker.Meta{Pairs: []broker.Pair{{Name: "unit", Value: "°C"}}}}
	e.channels.Publish(t.Context(), nil, hub.Bundle(said), func(_ int, _ broker.Ack, err error) { stored <- err })
	if err := <-stored; err != nil {
		t.Fatal(err)
	}
	e.want(e.ask("GET", "/v1/history?channel=kept/a", ""), 200, `"meta":["unit","°C"]`)
}

func TestAHistoryThatIsNoneIsRefused(t *testing.T) {
	e := start(t)
	for _, test := range []struct {
		query  string
		status int
		has    string
	}{
		{"channel=room/a", 404, "urn:holdfast:problem:no_history"},
		{"", 400, "the channel name is empty"},
		{"channel=kept/a&last=1&limit=1", 400, "leave since= and limit= out"},
		{"channel=kept/a&last=0", 400, "from 1 to 1000"},
		{"channel=kept/a&limit=1001", 400, "from 1 to 1000"},
		{"channel=kept/a&since=x", 400, "since"},
		{"channel=kept/a&channel=kept/b", 400, "write it once"},
		{"channel=kept/a&lmit=1", 400, "did you mean limit=?"},
		{"channel=kept/a&%zz", 400, "the query of the URL is broken"},
	} {
		e.want(e.ask("GET", "/v1/history?"+test.query, ""), test.status, test.has)
	}
}

func TestAPurgedHistoryIsGoneAndWhoWasBeforeIsTold(t *testing.T) {
	e := start(t)
	for _, data := range []string{"1", "2"} {
		e.want(e.ask("POST", "/v1/publish", `{"channel":"kept/a","data":"`+data+`"}`), 200)
	}
	e.want(e.ask("POST", "/v1/publish", `{"channel":"kept/b","data":"3"}`), 200)
	e.want(e.ask("DELETE", "/v1/history?channel=kept/a", "", "Idempotency-Key: k"), 200, `{"channel":"kept/a","position":"4:`)
	e.want(e.ask("DELETE", "/v1/history?channel=kept/a", "", "Idempotency-Key: k"), 200, `"position":"4:`)
	e.want(e.ask("GET", "/v1/history?channel=kept/a", ""), 200, `{"messages":[],"position":"4:`, `"more":false}`)
	e.want(e.ask("GET", "/v1/history?channel=kept/a&since=1", ""), 200, `{"messages":[]`, `"lost":true`)
	e.want(e.ask("GET", "/v1/history?channel=kept/b&since=0", ""), 200, `"data":"3"`)
	l := e.connect("ada", "", "kept/a")
	e.want(e.ask("POST", "/v1/publish", `{"channel":"kept/a","data":"new"}`), 200, `"offset":5,`)
	l.wantHeard("kept/a text new")
	for query, status := range map[string]int{"channel=room/a": 404, "": 400, "channel=kept/a&x=1": 400} {
		e.want(e.ask("DELETE", "/v1/history?"+query, ""), status)
	}
	e.want(e.ask("DELETE", "/v1/history?channel=kept/a", "", "Authorization: Bearer "+e.backend), 403, "may not look after the server")
}
