package api

import (
	"fmt"
	"slices"
	"testing"

	"github.com/holdfast-dev/holdfast/internal/hub"
)

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
