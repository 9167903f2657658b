package api

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"testing"

	"github.com/holdfast-dev/holdfast/internal/hub"
)

// page reads an answer into v.
func (e *edge) page(path string, v any) {
	e.t.Helper()
	r := e.ask("GET", path, "")
	e.want(r, 200)
	if err := json.Unmarshal([]byte(r.body), v); err != nil {
		e.t.Fatal(err)
	}
}

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

func TestWhoIsPresentIsReadPageByPage(t *testing.T) {
	e := start(t)
	for i, user := range []string{"ada", "bob", "eve", "ada", hub.Anonymous("s9")} {
		if err := e.config.Presence.Join(hub.Entry{Channel: "room/a", User: user, Connection: fmt.Sprint(i), Info: []byte(`{"n":1}`)}); err != nil {
			t.Fatal(err)
		}
	}
	var got []present
	for path, more := "/v1/presence?channel=room/a&limit=2", true; more; {
		var p presencePage
		e.page(path, &p)
		if p.Count.Users != 4 || p.Count.Connections != 5 || len(p.Users) > 2 {
			t.Errorf("%+v", p)
		}
		got = append(got, p.Users...)
		path, more = "/v1/presence?channel=room/a&limit=2&after="+p.Next, p.Next != ""
	}
	want := []present{{"", "s9", `{"n":1}`, 1}, {"ada", "", `{"n":1}`, 2}, {"bob", "", `{"n":1}`, 1}, {"eve", "", `{"n":1}`, 1}}
	if !slices.Equal(got, want) {
		t.Errorf("%+v", got)
	}
	e.want(e.ask("GET", "/v1/presence?channel=room/a&count=true", ""), 200, `{"count":{"users":4,"connections":5},"users":[]}`)
	e.want(e.ask("GET", "/v1/presence?channel=room/empty", ""), 200, `{"count":{"users":0,"connections":0},"users":[]}`)
	e.want(e.ask("GET", "/v1/presence?channel=kept/a", ""), 404, "urn:holdfast:problem:no_presence")
	e.want(e.ask("GET", "/v1/presence?channel=room/a&count=yes", ""), 400, "use true or false")
	e.want(e.ask("GET", "/v1/presence?channel=room/a&after=!", ""), 400, "take the next of the last page")
}

func TestChannelsWithSubscribersAreListedPageByPage(t *testing.T) {
	e := start(t)
	e.connect("ada", "", "kept/a", "room/a", "other", "#")
	e.connect("bob", "", "kept/a")
	e.want(e.ask("POST", "/v1/publish", `{"channel":"kept/a","data":"x"}`), 200)
	if err := e.config.Presence.Join(hub.Entry{Channel: "room/a", User: "ada", Connection: "1"}); err != nil {
		t.Fatal(err)
	}
	var got []string
	for path, more := "/v1/channels?limit=1", true; more; {
		var p channelsPage
		e.page(path, &p)
		for _, c := range p.Channels {
			there := "-"
			if c.Present != nil {
				there = fmt.Sprint(*c.Present)
			}
			got = append(got, fmt.Sprintf("%s %d %s %v", c.Channel, c.Subscribers, there, c.Position != ""))
		}
		path, more = "/v1/channels?limit=1&after="+url.QueryEscape(string(p.Next)), p.Next != ""
	}
	if want := []string{"kept/a 2 - true", "other 1 - false", "room/a 1 1 false"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	e.want(e.ask("GET", "/v1/channels?pattern=room/%2B", ""), 200, `{"channels":[{"channel":"room/a","subscribers":1,"present":1}]}`)
	e.want(e.ask("GET", "/v1/channels?pattern=a//b", ""), 400, "urn:holdfast:problem:bad_channel")
}
