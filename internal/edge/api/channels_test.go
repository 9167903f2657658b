package api

import (
	"fmt"
	"net/url"
	"slices"
	"testing"

	"github.com/holdfast-dev/holdfast/internal/hub"
)

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
